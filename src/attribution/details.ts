// What was read of processes, kept within a bound of memory: arguments are as long as their writers like.
import type { Process } from '#model/process.ts';

const maxProcesses = 8192;
const maxCharacters = 16 * 1024 * 1024;

interface Kept {
  readonly process: Process;
  /** Milliseconds. */
  readonly read: number;
  readonly size: number;
}

function sizeOf({ args, cwd, cgroup, script }: Process): number {
  const texts = (args?.reduce((sum, arg) => sum + arg.length + 16, 0) ?? 0) + (script?.length ?? 0);
  return texts + (cwd?.length ?? 0) + (cgroup?.length ?? 0);
}

export class Details {
  readonly #kept = new Map<number, Kept>();
  #size = 0;

  get(pid: number): Kept | undefined {
    return this.#kept.get(pid);
  }

  /** The one kept the longest leaves first when there is no room. */
  set(pid: number, process: Process, now: number): void {
    this.delete(pid);
    const size = sizeOf(process);
    this.#kept.set(pid, { process, read: now, size });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxProcesses && this.#size <= maxCharacters) return;
      this.delete(oldest);
    }
  }

  delete(pid: number): void {
    const kept = this.#kept.get(pid);
    if (kept === undefined) return;
    this.#kept.delete(pid);
    this.#size -= kept.size;
  }

  clear(): void {
    this.#kept.clear();
    this.#size = 0;
  }
}
