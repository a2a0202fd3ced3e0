// The cgroups of `postern run`: made below the one that Postern guards, entered by those who begin a command, gone when empty.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '#std/result.ts';
import { unifiedMount } from '../proc/owner/processes.ts';
import { inProcess } from '../proc/process/folder.ts';
import { readBirth, readUnifiedPath } from '../proc/process/read.ts';

const procs = 'cgroup.procs';

/** Names the process that has this pid now; undefined where it has ended. */
function keyOf(pid: number): string | undefined {
  const birth = inProcess(pid, readBirth);
  return birth && `${pid}@${birth.startTime}`;
}

/** The folder of the cgroup that a process is in; undefined where it has ended or there is no cgroup v2. */
function homeOf(pid: number): string | undefined {
  const [mount, path] = [unifiedMount(), inProcess(pid, readUnifiedPath)];
  return mount === undefined || path === undefined ? undefined : join(mount, path);
}

function move(pid: number, folder: string, how: string): Result<void> {
  try {
    writeFileSync(join(folder, procs), String(pid));
    return ok(undefined);
  } catch (error) {
    return fail(`process ${pid} cannot be ${how}: ${error instanceof Error ? error.message : error}`);
  }
}

export class RunCgroups {
  readonly #root: string;
  /** Where those came from who entered, by pid and start time. */
  readonly #homes = new Map<string, string>();

  /** `root`: the folder of all of them; empty: there is no cgroup v2 hierarchy. */
  constructor(root: string) {
    this.#root = root;
  }

  folder(run: string): string {
    return join(this.#root, run);
  }

  /** As /proc/PID/cgroup names it. */
  path(run: string): string {
    return this.folder(run).slice(unifiedMount()?.length ?? 0);
  }

  /** Makes it where it is not there; its id. */
  ensure(run: string): Result<bigint> {
    if (this.#root === '') return fail('there is no cgroup v2 hierarchy, in which the command could be confined');
    try {
      mkdirSync(this.folder(run), { recursive: true, mode: 0o755 });
      return ok(statSync(this.folder(run), { bigint: true }).ino);
    } catch (error) {
      return fail(`no cgroup can be made for the command: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** The error is a sentence. */
  join(run: string, pid: number): Result<void> {
    const [home, key] = [homeOf(pid), keyOf(pid)];
    if (home === undefined || key === undefined) return fail(`process ${pid} has ended`);
    const moved = move(pid, this.folder(run), 'moved');
    if (moved.ok && home !== this.folder(run)) this.#homes.set(key, home);
    return moved;
  }

  /** Back to where it was when it joined. */
  leave(pid: number): Result<void> {
    const key = keyOf(pid);
    const home = key === undefined ? undefined : this.#homes.get(key);
    if (key === undefined || home === undefined) return fail(`process ${pid} joined no command`);
    this.#homes.delete(key);
    return move(pid, home, 'moved back');
  }

  /** Those in it and below it now. */
  members(run: string): number[] {
    const found: number[] = [];
    const walk = (folder: string) => {
      try {
        for (const line of readFileSync(join(folder, procs), 'utf8').split('\n'))
          if (line !== '') found.push(Number(line));
        for (const entry of readdirSync(folder, { withFileTypes: true }))
          if (entry.isDirectory()) walk(join(folder, entry.name));
      } catch {
        // It is gone, or was this very moment.
      }
    };
    walk(this.folder(run));
    return found;
  }

  /** Those that are there, also from an earlier gate. */
  all(): string[] {
    try {
      return readdirSync(this.#root, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [entry.name] : [],
      );
    } catch {
      return [];
    }
  }

  /** Takes away what is empty of one. */
  remove(run: string): void {
    const remove = (folder: string) => {
      for (const entry of readdirSync(folder, { withFileTypes: true }))
        if (entry.isDirectory()) remove(join(folder, entry.name));
      rmdirSync(folder);
    };
    try {
      if (existsSync(this.folder(run))) remove(this.folder(run));
    } catch {
      // Somebody is in it still.
    }
  }

  /** Takes away the folder of all, once it is empty. */
  #close(): void {
    try {
      rmdirSync(this.#root);
    } catch {
      // There is one still, or never was.
    }
  }

  /** Nobody will judge: all that is confined stands still until somebody does again. Which those are. */
  standStill(): string[] {
    const still: string[] = [];
    for (const run of this.all()) {
      if (this.members(run).length === 0) {
        this.remove(run);
        continue;
      }
      this.freeze(run, true);
      still.push(run);
    }
    this.#close();
    return still;
  }

  /** Stops every process of it where it stands, or lets them go on. */
  freeze(run: string, frozen: boolean): void {
    try {
      writeFileSync(join(this.folder(run), 'cgroup.freeze'), frozen ? '1' : '0');
    } catch {
      // It is gone.
    }
  }
}
