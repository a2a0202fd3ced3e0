// The commands of `postern run`, as the gate keeps them: their cgroups, who is in them, and what the kernel knows of both.

import type { Confinements } from '#kernel/bpf/identity/confinements.ts';
import type { UnixCalls } from '#kernel/bpf/unix/calls.ts';
import type { RunCgroups } from '#kernel/confine/cgroups.ts';
import type { ConfinedCgroup } from '#kernel/nft/confined.ts';
import type { ConfinedRunMessage } from '#model/messages.ts';
import { runOfCgroup } from '#policy/run/confine.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { pathsOfServices } from './services.ts';

export interface ConfinedPlan {
  readonly cgroups: RunCgroups;
  /** Where eBPF is. */
  readonly kernel: Confinements | undefined;
  /** Where it tells of Unix sockets, and can refuse them; else why it does not, as a clause. */
  readonly unix: Pick<UnixCalls, 'refuse'> | { readonly missing: string };
  /** Where it is not: who is told of each fork. */
  readonly processes?: { confine(pid: number, cgroup: string): void; release(pid: number): void } | undefined;
}

export class Confined {
  readonly #plan: ConfinedPlan;
  /** By the id of the cgroup. */
  #runs: ReadonlyMap<bigint, string> = new Map();
  #thawed: ReadonlySet<string> = new Set();
  #strict: ReadonlySet<string> = new Set();

  constructor(plan: ConfinedPlan) {
    this.#plan = plan;
  }

  /** Before their policy stands. The error is a sentence. */
  begin(runs: readonly ConfinedRunMessage[]): Result<void> {
    this.#strict = new Set(runs.flatMap(({ id, strict }) => (strict ? [id] : [])));
    const { unix } = this.#plan;
    const refused = this.#strict.size > 0 && 'refuse' in unix ? unix.refuse(pathsOfServices()) : ok(undefined);
    if (!refused.ok) return refused;
    // Until the policy without them stands, those that are over confine as before.
    const confining = new Map(this.#runs);
    for (const { id } of runs) {
      const made = this.#plan.cgroups.ensure(id);
      if (!made.ok) return made;
      confining.set(made.value, id);
    }
    this.#confine(confining, runs);
    return ok(undefined);
  }

  /** These, by the ids of their cgroups; those that are not among the runs have no name server. */
  #confine(confining: ReadonlyMap<bigint, string>, runs: readonly ConfinedRunMessage[]): void {
    const known = new Map(runs.map(({ id, namesPort, strict }) => [id, { namesPort: namesPort ?? 0, strict }]));
    // Of those that are over nothing is left.
    const over = { namesPort: 0, strict: false };
    this.#plan.kernel?.set(new Map([...confining].map(([cgroup, run]) => [cgroup, known.get(run) ?? over])));
    this.#runs = confining;
  }

  /** Once it stands: those that are no more in it confine nobody. */
  end(runs: readonly ConfinedRunMessage[]): void {
    const { cgroups } = this.#plan;
    const ids = new Set(runs.map(({ id }) => id));
    const left = new Map([...this.#runs].filter(([, run]) => ids.has(run)));
    if (left.size !== this.#runs.size) this.#confine(left, runs);
    // What stood still since an earlier gate ended goes on.
    for (const id of ids) if (!this.#thawed.has(id)) cgroups.freeze(id, false);
    this.#thawed = ids;
    for (const run of cgroups.all()) if (!ids.has(run)) cgroups.remove(run);
  }

  /** Their cgroups, for nft. */
  cgroupsOf(runs: readonly ConfinedRunMessage[]): readonly ConfinedCgroup[] {
    return runs.map(({ id, namesPort }) => ({ cgroup: this.#plan.cgroups.folder(id), namesPort: namesPort ?? 0 }));
  }

  /** The run that a cgroup with this id belongs to. */
  runOf(cgroup: bigint): string | undefined {
    return this.#runs.get(cgroup);
  }

  /** The same by a cgroup's path. */
  runOfPath(cgroup: string | undefined): string | undefined {
    const run = runOfCgroup(cgroup);
    return run !== undefined && [...this.#runs.values()].includes(run) ? run : undefined;
  }

  /** What this process starts from now on is confined. */
  join(run: string, pid: number): Result<void> {
    const { cgroups, processes, unix } = this.#plan;
    if (this.#strict.has(run) && 'missing' in unix)
      return fail(`--strict: abstract Unix sockets cannot be refused here: ${unix.missing}`);
    const joined = cgroups.join(run, pid);
    if (joined.ok) processes?.confine(pid, cgroups.path(run));
    return joined;
  }

  leave(pid: number): Result<void> {
    const { cgroups, processes } = this.#plan;
    processes?.release(pid);
    return cgroups.leave(pid);
  }

  /** The path of the run's cgroup with this id. */
  pathOf(cgroup: bigint | undefined): string | undefined {
    const run = cgroup === undefined ? undefined : this.#runs.get(cgroup);
    return run && this.#plan.cgroups.path(run);
  }

  /** Nobody will judge: what is confined stands still until somebody does again. */
  close(): void {
    this.#plan.cgroups.standStill();
  }

  /** Why it is not seen which Unix sockets are connected to: a clause; null: it is. */
  get servicesUnseen(): string | null {
    return 'missing' in this.#plan.unix ? this.#plan.unix.missing : null;
  }

  /** How many processes it confines, wherever they are. */
  members(run: string): number {
    const { cgroups, kernel } = this.#plan;
    const inside = cgroups.members(run).length;
    const id = [...this.#runs].find(([, name]) => name === run)?.[0];
    return id === undefined || kernel === undefined ? inside : Math.max(inside, kernel.members().get(id) ?? 0);
  }
}
