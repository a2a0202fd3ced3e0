// Finds the process that holds a socket, by its inode. The slow part runs in a thread of its own (ownerworker.ts).
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readLines, uidOf } from './readprocess.ts';

export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

export interface Search {
  readonly inode: number;
  readonly uid: number;
  readonly cgroupId: bigint | undefined;
}

const target = (inode: number) => `socket:[${inode}]`;

/** Whether this descriptor of this process is the socket: one readlink. */
export function holds(holder: Holder, inode: number): boolean {
  try {
    return readlinkSync(`/proc/${holder.pid}/fd/${holder.fd}`) === target(inode);
  } catch {
    return false;
  }
}

/** Looks through a process's descriptors, the newest first, at most `limit` of them. */
export function holderIn(pid: number, inode: number, limit = Number.POSITIVE_INFINITY): Holder | undefined {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return undefined;
  }
  const first = Math.max(0, names.length - limit);
  for (let at = names.length - 1; at >= first; at--) {
    const holder = { pid, fd: Number(names[at]) };
    if (holds(holder, inode)) return holder;
  }
  return undefined;
}

const cgroupMount = readLines('/proc/self/mountinfo')
  .find((line) => line.includes(' - cgroup2 '))
  ?.split(' ')[4];

const cgroupPaths = new Map<bigint, string>();
const maxPaths = 4096;

/** The folder of a control group by its id, which is the folder's inode; looked for once, then remembered. */
function cgroupFolder(id: bigint): string | undefined {
  const known = cgroupPaths.get(id);
  if (known !== undefined && inodeOf(known) === id) return known;
  if (cgroupMount === undefined) return undefined;
  if (cgroupPaths.size > maxPaths) cgroupPaths.clear();
  const waiting = [cgroupMount];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const inode = inodeOf(folder);
    if (inode !== undefined) cgroupPaths.set(inode, folder);
    if (inode === id) return folder;
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) waiting.push(join(folder, entry.name));
      }
    } catch {
      // Gone meanwhile.
    }
  }
  return undefined;
}

function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}

function pidsOfCgroup(id: bigint | undefined): number[] {
  const folder = id === undefined ? undefined : cgroupFolder(id);
  if (folder === undefined) return [];
  return readLines(join(folder, 'cgroup.procs'))
    .filter((line) => line !== '')
    .map(Number)
    .reverse();
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .reverse();
}

/** A control group with more processes than this says too little to be looked through first. */
const smallGroup = 512;

/** The socket's control group, then processes of the same user from the newest on, then all others. */
export function searchHolder({ inode, uid, cgroupId }: Search): Holder | undefined {
  const done = new Set<number>();
  const among = (pids: readonly number[]) => {
    for (const pid of pids) {
      if (done.has(pid)) continue;
      done.add(pid);
      const holder = holderIn(pid, inode);
      if (holder !== undefined) return holder;
    }
    return undefined;
  };
  const group = pidsOfCgroup(cgroupId);
  const near = group.length <= smallGroup ? among(group) : undefined;
  if (near !== undefined) return near;
  const rest = allPids().filter((pid) => !done.has(pid));
  const own = among(rest.filter((pid) => uidOf(pid) === uid));
  return own ?? among(rest);
}
