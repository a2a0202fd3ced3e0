// The thread that looks through /proc for the holder of a socket, so that no packet waits for another one's search.
import { parentPort } from 'node:worker_threads';
import { type Search, searchHolder } from './ownersearch.ts';

parentPort?.on('message', (search: Search) => {
  parentPort?.postMessage({ inode: search.inode, holder: searchHolder(search) });
});
