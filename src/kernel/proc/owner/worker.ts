// The thread that looks through /proc for the holders of sockets, so that no packet waits for another one's search.
import { parentPort } from 'node:worker_threads';
import { Finder, type Search } from './finder.ts';
import { hostProcesses } from './processes.ts';

/** `cancel`: nobody waits for it any more. */
export type FinderMessage = { readonly search: Search; readonly cancel?: true };

/** Descriptors looked at between two looks at the messages: about a millisecond. */
const stepsPerTurn = 256;

const finder = new Finder(hostProcesses(), (found) => parentPort?.postMessage(found));
let working = false;

function turn(): void {
  working = finder.work(stepsPerTurn);
  if (working) setImmediate(turn);
}

parentPort?.on('message', ({ search, cancel }: FinderMessage) => {
  if (cancel) finder.cancel(search);
  else finder.add(search);
  if (!working) {
    working = true;
    setImmediate(turn);
  }
});
