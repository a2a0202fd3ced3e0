// Files that are there whole or not at all: written beside, forced to the disk, and put in place by renaming.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Throws what the file system says; then the old file stands. */
export function writeAtomically(file: string, content: string | Uint8Array, mode = 0o640): void {
  const beside = `${file}.${process.pid}.new`;
  rmSync(beside, { force: true });
  // `wx`: whatever stands there, a link among them, is not followed.
  const fd = openSync(beside, 'wx', mode);
  try {
    try {
      // All of it: one write(2) to a disk that fills up takes a part, and is no error.
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Undefined when there is no such file. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
