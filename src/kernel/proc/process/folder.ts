// A process's folder in /proc, held open: whatever is read through it is of this process, also when its pid is used again.
import { closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs';

/** Bytes read of one file: as much as arguments may have before they are cut. */
export const maxBytes = 131_072;

const scratch = Buffer.allocUnsafeSlow(maxBytes);

/** Runs `read` with a path of the process's folder; undefined when there is no such process. */
export function inProcess<T>(pid: number, read: (folder: string) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}`, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
  try {
    return read(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/**
 * The file's bytes, at most `maxBytes`; undefined when it cannot be read, as when the process has ended. They are valid
 * until the next call. `whole`: the kernel makes this file in one piece, so that one read has it all.
 */
function readBytes(path: string, whole: boolean): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch {
    return undefined;
  }
  try {
    let length = 0;
    while (length < maxBytes) {
      const count = readSync(fd, scratch, length, maxBytes - length, null);
      length += count;
      if (count === 0 || whole) break;
    }
    return scratch.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** A text of any length, UTF-8 where it is; bytes that are not become U+FFFD. */
export function readText(path: string): string | undefined {
  return readBytes(path, false)?.toString('utf8');
}

/** A file of one record, such as `stat` and `cgroup`. */
export function readRecord(path: string): string | undefined {
  return readBytes(path, true)?.toString('latin1');
}

/** The bytes that a symbolic link holds: a file's name need not be UTF-8. */
export function readLinkBytes(path: string): Buffer | undefined {
  try {
    return readlinkSync(path, { encoding: 'buffer' });
  } catch {
    return undefined;
  }
}

/** Lines of a small file; none when it cannot be read. */
export function readLines(path: string): string[] {
  return readText(path)?.split('\n') ?? [];
}
