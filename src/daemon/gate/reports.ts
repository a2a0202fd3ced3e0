// What the gate tells the control plane: gathered for a moment, sent together, never waited for.
import type { Connection } from '#model/connection.ts';
import type { GateMessage } from '#model/messages.ts';

const gatherMs = 50;
/** Connections gathered while nobody listens or a flood goes on; beyond, they are counted as unreported. */
const maxConnections = 20_000;
const perMessage = 500;

interface Hits {
  hits: number;
  lastHit: number;
}

export interface ReportsPlan {
  send(message: GateMessage): boolean;
  readonly connected: () => boolean;
  /** `count` connections will never be reported. */
  onUnreported(count: number): void;
}

export class Reports {
  readonly #plan: ReportsPlan;
  #connections = new Map<string, Connection>();
  #hits = new Map<string, Hits>();
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: ReportsPlan) {
    this.#plan = plan;
  }

  connection(connection: Connection): void {
    if (this.#connections.size >= maxConnections && !this.#connections.has(connection.id)) {
      this.#plan.onUnreported(1);
      return;
    }
    this.#connections.set(connection.id, connection);
    this.#soon();
  }

  hit(rule: string, now: number, count = 1): void {
    const known = this.#hits.get(rule);
    if (known === undefined) this.#hits.set(rule, { hits: count, lastHit: now });
    else {
      known.hits += count;
      known.lastHit = now;
    }
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => this.flush(), gatherMs);
  }

  /** Sends what was gathered; without a listener everything is kept for the next one, within the bounds. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#plan.connected()) return;
    const connections = [...this.#connections.values()];
    this.#connections = new Map();
    for (let at = 0; at < connections.length; at += perMessage) {
      const part = connections.slice(at, at + perMessage);
      if (!this.#plan.send({ type: 'connections', connections: part })) this.#plan.onUnreported(part.length);
    }
    if (this.#hits.size === 0) return;
    const hits = [...this.#hits].map(([rule, counted]) => ({ rule, ...counted }));
    if (this.#plan.send({ type: 'hits', hits })) this.#hits = new Map();
  }
}
