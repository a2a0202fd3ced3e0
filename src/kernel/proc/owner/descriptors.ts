// Which sockets a process has open: what a descriptor leads to, asked of /proc.
import { type Dir, opendirSync, readdirSync, statSync } from 'node:fs';
import { isThere, socketBehind } from '../socketlink.ts';

/** A descriptor of a process that leads to the socket in question. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

const quiet = { throwIfNoEntry: false } as const;

/** Inode of the socket behind this descriptor; 0 when it is none or the process is gone. About 4 µs. */
export function socketAt(pid: number, fd: number | string): number {
  return socketBehind(`/proc/${pid}/fd/${fd}`);
}

export function holds(holder: Holder, inode: number): boolean {
  return socketAt(holder.pid, holder.fd) === inode;
}

/** The same for a mere guess, which is mostly wrong. */
export function mayHold(holder: Holder, inode: number): boolean {
  return isThere(`/proc/${holder.pid}/fd/${holder.fd}`) && holds(holder, inode);
}

/** How many descriptors the process has; 0 when nobody knows, as before Linux 6.2. */
function countOf(pid: number): number {
  try {
    return statSync(`/proc/${pid}/fd`, quiet)?.size ?? 0;
  } catch {
    return 0;
  }
}

/** Descriptors that a process without a count is tried with: new ones get the lowest free number. */
const usual = Array.from({ length: 16 }, (_, index) => String(15 - index));

/** Looks at the newest of a process's descriptors, if it has no more than `limit`. */
export function holderAmongFew(pid: number, inode: number, limit: number): Holder | undefined {
  const count = countOf(pid);
  if (count > limit) return undefined;
  for (const name of count === 0 ? usual : namesOf(pid).reverse()) {
    const holder = { pid, fd: Number(name) };
    if (mayHold(holder, inode)) return holder;
  }
  return undefined;
}

function namesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

const chunk = 1024;

/** All descriptors, the newest first within each thousand; a process may have a million, so they are listed piece by piece. */
export function* descriptorsOf(pid: number): Generator<string> {
  const count = countOf(pid);
  if (count > 0 && count <= chunk) {
    yield* namesOf(pid).reverse();
    return;
  }
  let folder: Dir | undefined;
  try {
    folder = opendirSync(`/proc/${pid}/fd`, { bufferSize: 128 });
    for (let more = true; more; ) {
      const names: string[] = [];
      while (names.length < chunk) {
        const name = folder.readSync()?.name;
        if (name === undefined) break;
        names.push(name);
      }
      more = names.length === chunk;
      yield* names.reverse();
    }
  } catch {
    // The process has ended.
  } finally {
    folder?.closeSync();
  }
}
