// SHA-256 of a file, read through one descriptor, together with the identity of exactly the file that was read.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export interface HashFound {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Of the file that was read: `device:inode:ctime`, decimal, the ctime in nanoseconds. */
  readonly file: string;
}

async function identityOf(file: FileHandle): Promise<string> {
  const { dev, ino, ctimeNs } = await file.stat({ bigint: true });
  return `${dev}:${ino}:${ctimeNs}`;
}

async function hashOf(file: FileHandle): Promise<HashFound> {
  if (!(await file.stat()).isFile()) throw new Error('it is not an ordinary file');
  const before = await identityOf(file);
  const digest = createHash('sha256');
  const chunk = Buffer.allocUnsafeSlow(1 << 20);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    digest.update(chunk.subarray(0, bytesRead));
  }
  if ((await identityOf(file)) !== before) throw new Error('it was changed while it was read');
  return { sha256: digest.digest('hex'), file: before };
}

/** Throws when the file cannot be read, is no ordinary file, or was changed while it was read. */
export async function hashFile(path: string): Promise<HashFound> {
  // A FIFO would wait for a writer for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await hashOf(file);
  } finally {
    await file.close();
  }
}
