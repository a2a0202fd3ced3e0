// Which sockets a process has open as it begins to run a program: those that another program made for it.
import { readdirSync, statSync } from 'node:fs';
import { socketBehind } from '../socketlink.ts';

/** A process that starts with more open files than this is taken to have any socket. */
const maxFiles = 64;
const noSockets: ReadonlySet<number> = new Set();

/** Inodes of its sockets; 'many' when there are too many files to look at, or none can be seen. `folder` is the process's. */
export function openSockets(folder: string): ReadonlySet<number> | 'many' {
  try {
    // The size is the number of descriptors, from Linux 6.2 on.
    if (statSync(`${folder}/fd`).size > maxFiles) return 'many';
    const names = readdirSync(`${folder}/fd`);
    if (names.length > maxFiles) return 'many';
    const inodes = names.map((name) => socketBehind(`${folder}/fd/${name}`)).filter((inode) => inode !== 0);
    // One set for all programs that were handed none.
    return inodes.length === 0 ? noSockets : new Set(inodes);
  } catch {
    return 'many';
  }
}
