// Which processes there are, the likely ones first: those of a control group, those of a user, all.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Lru } from '#std/lru.ts';
import { readLines } from '../process/folder.ts';
import { descriptorsOf, socketAt } from './descriptors.ts';
import type { ProcessSource } from './finder.ts';

const maxPaths = 4096;
/** Control groups looked at in search of one. */
const maxGroups = 20_000;
/** A control group with more processes than this says too little to be looked through first. */
const smallGroup = 512;

const quiet = { throwIfNoEntry: false } as const;

function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}

/** Where control groups of version 2 are mounted; undefined when they are not. */
export function unifiedMount(): string | undefined {
  return readLines('/proc/self/mountinfo')
    .find((line) => line.includes(' - cgroup2 '))
    ?.split(' ')[4];
}

/** Folders of control groups by their id, which is the folder's inode. */
export class CgroupFolders {
  readonly #mount = unifiedMount();
  readonly #paths = new Lru<bigint, string>(maxPaths);

  /** Undefined when there is no such group any more. The first look goes through all groups. */
  find(id: bigint): string | undefined {
    const known = this.#paths.get(id);
    if (known !== undefined && inodeOf(known) === id) return known;
    const waiting = this.#mount === undefined ? [] : [this.#mount];
    let looked = 0;
    for (let folder = waiting.pop(); folder !== undefined && looked < maxGroups; folder = waiting.pop()) {
      looked += 1;
      const inode = inodeOf(folder);
      if (inode !== undefined) this.#paths.set(inode, folder);
      if (inode === id) return folder;
      waiting.push(...foldersIn(folder));
    }
    return undefined;
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/** The processes of this machine. */
export function hostProcesses(): ProcessSource {
  const groups = new CgroupFolders();
  return {
    all() {
      const pids: number[] = [];
      for (const name of readdirSync('/proc')) {
        const pid = Number(name);
        if (pid > 0) pids.push(pid);
      }
      return pids.reverse();
    },
    members(cgroupId) {
      const folder = groups.find(cgroupId);
      if (folder === undefined) return [];
      const pids = readLines(join(folder, 'cgroup.procs'))
        .map(Number)
        .filter((pid) => pid > 0);
      return pids.length > smallGroup ? [] : pids.reverse();
    },
    // The folder belongs to the effective user, or to root where the process may not be traced: good enough for an order.
    userOf(pid) {
      try {
        return statSync(`/proc/${pid}`, quiet)?.uid;
      } catch {
        return undefined;
      }
    },
    descriptors: descriptorsOf,
    socketAt,
  };
}
