// One Postern for each runtime folder: a lock that the kernel gives back when its holder ends, however it ends.
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { libc } from '../ffi.ts';

const LOCK_EX_NB = 2 | 4; // include/uapi/asm-generic/fcntl.h

export type Lock = { readonly held: true; close(): void } | { readonly held: false; readonly pid: string };

/** Takes the lock file, or tells the pid that its holder wrote there. Throws what the file system says, of a link too. */
export function takeLock(file: string): Lock {
  // The folder is open to the control plane's group: a link there must not have root empty another file.
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
  if (libc.flock(fd, LOCK_EX_NB) < 0) {
    closeSync(fd);
    return { held: false, pid: readFileSync(file, 'utf8').trim() || 'unknown' };
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { held: true, close: () => closeSync(fd) };
}
