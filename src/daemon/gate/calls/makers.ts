// Who may come to make a packet socket, before they do: that call cannot wait, so that what the rules say of it is taught to the
// kernel for each program that runs under a new policy, and for each that begins.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Caller } from '#engine/types.ts';
import type { KernelFlows } from '#kernel/bpf/flows/kernelflows.ts';
import type { KernelBook } from '#kernel/bpf/identity/book.ts';

/** Processes taught of at once; those that began last are more likely to call. */
const most = 4096;

export interface MakersPlan {
  readonly flows: KernelFlows;
  readonly book: KernelBook;
  /** Where cgroup v2 is mounted. */
  readonly mount: string | undefined;
  /** Decides what the kernel would ask of these. */
  foretell(callers: readonly Caller[]): void;
}

export class Makers {
  readonly #plan: MakersPlan;
  #began: Caller[] = [];
  #soon: NodeJS.Immediate | undefined;

  constructor(plan: MakersPlan) {
    this.#plan = plan;
  }

  /** A program begins. Never decided from here: packets that wait come first. */
  executed(caller: Caller): void {
    if (!this.#plan.flows.judgesFrames) return;
    this.#began.push(caller);
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#plan.foretell(this.#began.splice(0));
    });
  }

  /** All that run, as they would call now. */
  running(): readonly Caller[] {
    const { flows, book, mount } = this.#plan;
    if (!flows.judgesFrames) return [];
    const ids = new Map<string, bigint>();
    return book
      .pids()
      .slice(-most)
      .flatMap((pid) => {
        const { uid, gid, cgroup } = book.get(pid, Date.now()) ?? {};
        if (cgroup !== undefined && !ids.has(cgroup)) ids.set(cgroup, idOf(mount, cgroup));
        return flows.callers.ofProcess({ pid, uid, gid }, ids.get(cgroup ?? '') ?? 0n) ?? [];
      });
  }
}

/** The inode of its folder; 0 where there is none any more, which no caller has. */
function idOf(mount: string | undefined, cgroup: string): bigint {
  if (mount === undefined) return 0n;
  try {
    return statSync(join(mount, cgroup), { bigint: true }).ino;
  } catch {
    return 0n;
  }
}
