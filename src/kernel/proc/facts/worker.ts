// The thread for facts that take time: hashes of executables and the packages they came in.
import { statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { hashFile } from './hash.ts';
import { packageOf } from './packages.ts';
import { type Reading, ReadingTurns } from './readers.ts';

export interface FactsRequest {
  readonly id: number;
  readonly what: 'hash' | 'package';
  readonly path: string;
  /** For whom. */
  readonly uid: number;
}

const turns = new ReadingTurns<FactsRequest & Reading>();

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0; // what is wrong shows when it is opened
  }
}

async function answer(request: FactsRequest): Promise<void> {
  try {
    const value = request.what === 'hash' ? await hashFile(request.path) : packageOf(request.path);
    parentPort?.postMessage({ id: request.id, value });
  } catch (error) {
    parentPort?.postMessage({ id: request.id, error: error instanceof Error ? error.message : String(error) });
  }
}

function read(): void {
  for (let item = turns.next(); item !== undefined; item = turns.next()) {
    const { size } = item;
    void answer(item).finally(() => {
      turns.finished({ size });
      read();
    });
  }
}

parentPort?.on('message', (request: FactsRequest) => {
  // A package is found in an instant, and need not wait for files to be read.
  if (request.what === 'package') void answer(request);
  else {
    turns.add({ ...request, size: sizeOf(request.path) });
    read();
  }
});
