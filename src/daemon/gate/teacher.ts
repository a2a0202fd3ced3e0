// The policy as the engine asks it, where the kernel has a flow cache: what is decided of a known caller is taught to the kernel.
import type { Caller, Decider } from '#engine/types.ts';
import type { FlowCache } from '#kernel/bpf/flows/flowcache.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Decision } from '#model/decision.ts';
import type { Process } from '#model/process.ts';
import { cacheable } from '#policy/cache/mask.ts';
import { isGuest, outgoing } from '#policy/guest.ts';
import type { Policy } from '#policy/policy.ts';

export interface Lessons {
  readonly policy: Policy;
  readonly cache: FlowCache;
  /** Of the kernel's cache, under which this policy's decisions are found once it is swapped in. */
  readonly generation: number;
  /** Who called, of a process that attribution gave for a call that a program of the kernel saw. */
  callerOf(process: Process): Caller | undefined;
  /** Milliseconds for which the attempt's names are those that count for the caller; 0 where they are not. */
  namesLast(attempt: Attempt, caller: Caller): number;
}

export class Teacher implements Decider {
  readonly #lessons: Lessons;

  constructor(lessons: Lessons) {
    this.#lessons = lessons;
  }

  get revision(): number {
    return this.#lessons.policy.revision;
  }

  decide(attempt: Attempt, now: number): Decision {
    const { policy, callerOf } = this.#lessons;
    const caller = attempt.process && callerOf(attempt.process);
    if (caller === undefined) return policy.decide(attempt, now);
    // For the call of such a program, which does not know yet whether its flow will be forwarded.
    if (isGuest(attempt)) this.#teach(outgoing(attempt), caller, now);
    return this.#teach(attempt, caller, now);
  }

  #teach(attempt: Attempt, caller: Caller, now: number): Decision {
    const { policy, cache, generation } = this.#lessons;
    const { decision, consulted } = policy.decideConsulting(attempt, now);
    const entry = cacheable(attempt, decision, consulted);
    if (entry.ok) {
      const { mask, expires } = entry;
      const lifetimeMs = Math.min(expires - now, mask.names ? this.#lessons.namesLast(attempt, caller) : Infinity);
      if (lifetimeMs > 0) cache.teach({ caller, flow: attempt.flow, mask, decision, lifetimeMs }, generation);
    }
    return decision;
  }
}
