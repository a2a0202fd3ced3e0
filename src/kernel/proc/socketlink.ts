// What a descriptor in /proc leads to, by its link alone: to follow it would ask the file system behind it, which may be
// a server that never answers.
import { lstatSync } from 'node:fs';
import { readLinkBytes } from './process/folder.ts';

const socketLink = /^socket:\[(\d{1,15})\]$/;
const quiet = { throwIfNoEntry: false } as const;

/** Inode of the socket that this link in a process's `fd` folder names; 0 when it names none or is not there. */
export function socketBehind(path: string): number {
  const link = readLinkBytes(path);
  // Most are files: told apart by their first letter.
  if (link?.[0] !== 0x73) return 0;
  return Number(socketLink.exec(link.toString('latin1'))?.[1] ?? 0);
}

/** Whether there is such a link; cheaper than to fail at reading it. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, quiet) !== undefined;
  } catch {
    return false;
  }
}
