// What the gate tells the control plane: gathered for a moment, sent together, never waited for.
import type { Connection } from '#model/connection.ts';
import type { GateMessage } from '#model/messages.ts';

const gatherMs = 50;
/** Connections gathered while nobody listens or a flood goes on; beyond, they are counted as unreported. */
const maxConnections = 20_000;
/** So many take some 170 µs to write down; packets that come meanwhile have their turn before the next ones. */
const perTurn = 128;

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
  /** On their way, a few each turn: the last one goes first. */
  #leaving: Connection[] = [];
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(plan: ReportsPlan) {
    this.#plan = plan;
  }

  connection(connection: Connection): void {
    if (this.#connections.size + this.#leaving.length >= maxConnections && !this.#connections.has(connection.id)) {
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
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#plan.connected() || this.#turn !== undefined) return;
      this.#leave();
      this.#next();
    }, gatherMs);
  }

  #leave(): void {
    this.#leaving = [...this.#connections.values()].reverse().concat(this.#leaving);
    this.#connections = new Map();
  }

  #next(): void {
    this.#turn = undefined;
    if (!this.#plan.connected()) return;
    this.#send();
    if (this.#leaving.length > 0) {
      this.#turn = setImmediate(() => this.#next());
      return;
    }
    this.#sendHits();
    if (this.#connections.size > 0) this.#soon();
  }

  #send(): void {
    const connections = this.#leaving.splice(-perTurn).reverse();
    if (connections.length === 0 || this.#plan.send({ type: 'connections', connections })) return;
    this.#plan.onUnreported(connections.length);
  }

  #sendHits(): void {
    if (this.#hits.size === 0) return;
    const hits = [...this.#hits].map(([rule, counted]) => ({ rule, ...counted }));
    if (this.#plan.send({ type: 'hits', hits })) this.#hits = new Map();
  }

  /** Sends what was gathered; without a listener everything is kept for the next one, within the bounds. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#plan.connected()) return;
    clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#leave();
    while (this.#leaving.length > 0) this.#send();
    this.#sendHits();
  }
}
