// The thread for facts that take time: hashes of executables and the packages they came in.
import { createHash } from 'node:crypto';
import { createReadStream, openSync, statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { packageOf } from './packages.ts';

export type FactsRequest =
  | { readonly id: number; readonly what: 'hash'; readonly path: string }
  | { readonly id: number; readonly what: 'package'; readonly path: string };

export interface HashFound {
  readonly sha256: string;
  /** Of the file that was read: `device:inode:ctime`. */
  readonly file: string;
}

/** The file is opened once and read to its end through that descriptor; a change of it meanwhile shows in the ctime. */
async function hash(path: string): Promise<HashFound> {
  const fd = openSync(path, 'r');
  const digest = createHash('sha256');
  for await (const chunk of createReadStream('', { fd, autoClose: true, highWaterMark: 1 << 20 })) digest.update(chunk);
  const { dev, ino, ctimeNs } = statSync(path, { bigint: true });
  return { sha256: digest.digest('hex'), file: `${dev}:${ino}:${ctimeNs}` };
}

parentPort?.on('message', async (request: FactsRequest) => {
  try {
    const value = request.what === 'hash' ? await hash(request.path) : packageOf(request.path);
    parentPort?.postMessage({ id: request.id, value });
  } catch (error) {
    parentPort?.postMessage({ id: request.id, error: error instanceof Error ? error.message : String(error) });
  }
});
