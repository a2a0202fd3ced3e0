// Control groups by their id, as BPF tells it: the path that /proc/PID/cgroup has for the same group.
import { statSync } from 'node:fs';
import { Lru } from '#std/lru.ts';
import { CgroupFolders, unifiedMount } from '../../proc/owner/processes.ts';
import { readLines } from '../../proc/process/folder.ts';
import { readCgroupPath, readUnifiedPath } from '../../proc/process/read.ts';

const maxPaths = 4096;

/** Where version 1 names the groups as well, systemd's hierarchy says more than the root of version 2. */
const versionOneNames = readLines('/proc/self/mountinfo').some((line) => / - cgroup .*name=systemd/.test(line));

export class CgroupPaths {
  readonly #mount = unifiedMount() ?? '';
  readonly #folders = new CgroupFolders();
  readonly #paths = new Lru<bigint, string>(maxPaths);
  /** Ids are never used again: a group that was not found is gone for good, and not to be looked for at each call. */
  readonly #gone = new Lru<bigint, true>(maxPaths);

  /** The group that a process with this folder in /proc is in, if its id is `id`: cheap when the group is known. */
  ofProcess(id: bigint, folder: string): string | undefined {
    const known = this.#paths.get(id);
    if (known !== undefined) return known;
    const unified = readUnifiedPath(folder);
    if (unified === undefined || this.#idOf(unified) !== id) return undefined;
    if (unified === '/' && versionOneNames) return readCgroupPath(folder);
    this.#paths.set(id, unified);
    return unified;
  }

  /** What is known without looking. */
  known(id: bigint): string | undefined {
    return this.#paths.get(id);
  }

  /** Without a process: looks through all groups where it must. */
  find(id: bigint): string | undefined {
    const known = this.#paths.get(id);
    if (known !== undefined || this.#gone.get(id) === true) return known;
    const folder = this.#folders.find(id);
    if (folder === undefined) this.#gone.set(id, true);
    const path = folder?.slice(this.#mount.length);
    if (path === undefined || (path === '' && versionOneNames)) return undefined;
    this.#paths.set(id, path === '' ? '/' : path);
    return path === '' ? '/' : path;
  }

  #idOf(path: string): bigint | undefined {
    try {
      return statSync(`${this.#mount}${path}`, { bigint: true, throwIfNoEntry: false })?.ino;
    } catch {
      return undefined;
    }
  }
}
