// Memory that only the start of a process needed, given back to the machine: what V8 and malloc keep for more of the same.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { libc } from './ffi.ts';

/** By then what is done once is done, and what it left is garbage. V8 does not look for it while nothing new is made. */
const settledMs = 15_000;

export function giveBackLater(): void {
  setTimeout(giveBack, settledMs).unref();
}

/** Holds the thread up for some 20 ms. */
export function giveBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
  libc.malloc_trim?.(0);
}
