// Recorded connections under other rules: each is decided anew by the policy itself, and what differs is gathered.
import { attemptFromJson } from '#model/attempt.ts';
import type { Connection } from '#model/connection.ts';
import { destinationName, programName } from '#model/sentence.ts';
import type { ReplayReport } from '#model/shown/replay.ts';
import type { Policy } from '../policy.ts';

/** What of a connection is decided anew. */
export type Recorded = Pick<Connection, 'time' | 'action' | 'attempt'>;

type Group = ReplayReport['groups'][number];

/** Plain data: it can go to another thread. */
export interface ReplayPart {
  readonly connections: number;
  readonly changed: number;
  readonly since: number | null;
  readonly untold: number;
  readonly groups: readonly (readonly [key: string, group: Group])[];
}

/** Beyond so many kinds of change, new ones are counted alone. */
const maxGroups = 100_000;

export class Replay {
  readonly #policy: Policy;
  readonly #against: Policy | undefined;
  readonly #now: number;
  readonly #groups = new Map<string, { -readonly [K in keyof Group]: Group[K] }>();
  #connections = 0;
  #changed = 0;
  #since: number | null = null;
  #untold = 0;

  /** `against`: the rules that it is compared with; without them what was done is. */
  constructor(policy: Policy, now: number, against?: Policy) {
    this.#policy = policy;
    this.#against = against;
    this.#now = now;
  }

  add(connection: Recorded): void {
    const attempt = attemptFromJson(connection.attempt);
    const { action: would, rule } = this.#policy.decide(attempt, this.#now);
    const was = this.#against === undefined ? connection.action : this.#against.decide(attempt, this.#now).action;
    this.#connections += 1;
    this.#since = Math.min(this.#since ?? connection.time, connection.time);
    if (was === would) return;
    this.#changed += 1;
    const { flow } = connection.attempt;
    const direction = flow.direction ?? 'out';
    const app = programName(connection.attempt);
    // Of what comes in the port here says what it is; whoever calls has another one each time.
    const incoming = direction === 'in' && { ...flow, remote: { address: flow.remote.address } };
    const there = destinationName(incoming ? { ...connection.attempt, flow: incoming } : connection.attempt);
    const destination = incoming ? `port ${flow.local?.port ?? 0} from ${there}` : there;
    const key = JSON.stringify([app, destination, direction, was, would, rule]);
    const group = this.#groups.get(key);
    if (group !== undefined) {
      group.times += 1;
      group.last = Math.max(group.last, connection.time);
    } else if (this.#groups.size < maxGroups) {
      this.#groups.set(key, { app, destination, direction, was, would, rule, times: 1, last: connection.time });
    } else this.#untold += 1;
  }

  /** What was found, to be joined to a replay of what was before it. */
  part(): ReplayPart {
    const [connections, changed, since, untold] = [this.#connections, this.#changed, this.#since, this.#untold];
    return { connections, changed, since, untold, groups: [...this.#groups] };
  }

  /** Adds what a replay by the same rules found of the connections behind these. */
  join({ connections, changed, since, untold, groups }: ReplayPart): void {
    this.#connections += connections;
    this.#changed += changed;
    this.#since = since === null ? this.#since : Math.min(this.#since ?? since, since);
    this.#untold += untold;
    for (const [key, group] of groups) {
      const known = this.#groups.get(key);
      if (known === undefined) this.#groups.set(key, { ...group });
      else {
        known.times += group.times;
        known.last = Math.max(known.last, group.last);
      }
    }
  }

  report(top: number): ReplayReport {
    const groups = [...this.#groups.values()].sort((a, b) => b.times - a.times || b.last - a.last);
    return {
      since: this.#since,
      connections: this.#connections,
      changed: this.#changed,
      groups: groups.slice(0, top),
      more: Math.max(0, groups.length - top) + this.#untold,
    };
  }
}
