// The cgroups of `postern run`: made below the one that Postern guards, entered by those who begin a command, gone when empty.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '#std/result.ts';
import { unifiedMount } from '../proc/owner/processes.ts';
import { inProcess } from '../proc/process/folder.ts';
import { readBirth } from '../proc/process/read.ts';

const procs = 'cgroup.procs';

/** cgroup.procs of a process's own cgroup, by /proc; undefined where it has ended or there is no cgroup v2. */
function homeOf(pid: number): string | undefined {
  const mount = unifiedMount();
  try {
    const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
    return mount === undefined || path === undefined ? undefined : join(mount, path);
  } catch {
    return undefined;
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
    const home = homeOf(pid);
    const birth = inProcess(pid, readBirth)?.startTime;
    if (home === undefined || birth === undefined) return fail(`process ${pid} has ended`);
    try {
      writeFileSync(join(this.folder(run), procs), String(pid));
    } catch (error) {
      return fail(`process ${pid} cannot be moved: ${error instanceof Error ? error.message : error}`);
    }
    if (home !== this.folder(run)) this.#homes.set(`${pid}@${birth}`, home);
    return ok(undefined);
  }

  /** Back to where it was when it joined. */
  leave(pid: number): Result<void> {
    const birth = inProcess(pid, readBirth)?.startTime;
    const key = `${pid}@${birth}`;
    const home = this.#homes.get(key);
    if (home === undefined) return fail(`process ${pid} joined no command`);
    this.#homes.delete(key);
    try {
      writeFileSync(join(home, procs), String(pid));
      return ok(undefined);
    } catch (error) {
      return fail(`process ${pid} cannot be moved back: ${error instanceof Error ? error.message : error}`);
    }
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
