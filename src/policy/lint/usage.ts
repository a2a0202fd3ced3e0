// How rules were used: which recorded connections each would decide, and to how many places.
import { attemptFromJson } from '#model/attempt.ts';
import { namesForRules } from '../answer.ts';
import type { Policy } from '../policy.ts';
import type { Recorded } from '../trial/replay.ts';

/** Places of one rule that are kept: more say that it is not too wide. */
const placesKept = 3;

export interface Used {
  times: number;
  /** Names where there are some, else addresses; at most three. */
  readonly places: Set<string>;
}

export class Usage {
  readonly #policy: Policy;
  readonly #now: number;
  readonly #used = new Map<string, Used>();
  connections = 0;
  since: number | null = null;

  constructor(policy: Policy, now: number) {
    this.#policy = policy;
    this.#now = now;
  }

  add({ attempt, time }: Recorded): void {
    this.connections += 1;
    this.since = Math.min(this.since ?? time, time);
    const { rule, logged } = this.#policy.decide(attemptFromJson(attempt), this.#now);
    for (const name of rule === null ? logged : [rule, ...logged]) {
      let used = this.#used.get(name);
      if (used === undefined) {
        used = { times: 0, places: new Set() };
        this.#used.set(name, used);
      }
      used.times += 1;
      if (used.places.size < placesKept)
        used.places.add(namesForRules(attempt)[0]?.name ?? attempt.flow.remote.address);
    }
  }

  of(rule: string): Used | undefined {
    return this.#used.get(rule);
  }
}
