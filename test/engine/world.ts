// A world for the engine: packets written as attempts, programs found at once or when the test says so, and a clock. It
// keeps the books of the kernel's queue and fails at once when the engine breaks an invariant.

import assert from 'node:assert/strict';
import { Engine } from '#engine/engine.ts';
import type { Effect, EngineEvent, QueuedPacket, Verdict } from '#engine/types.ts';
import { nodeQuicCrypto } from '#kernel/crypto/quiccrypto.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Connection, Totals } from '#model/connection.ts';
import { flowKey } from '#model/flow.ts';
import type { Mode } from '#model/mode.ts';
import type { Process } from '#model/process.ts';
import type { NamePattern } from '#policy/match/name.ts';
import { attempt, decider } from '../dsl.ts';

export const start = 'k0';
const queueLength = 16_384;

export const appKey = (process: Process | undefined): string => process?.exe ?? 'unknown';

type Kind<T extends Effect['type']> = Extract<Effect, { type: T }>;

export interface WorldOptions {
  readonly mode?: Mode | undefined;
  readonly rules?: readonly string[] | undefined;
  readonly holdSeconds?: number | undefined;
  readonly queueLength?: number | undefined;
  /** Whether programs are found at once, as most are. */
  readonly attributes?: boolean | undefined;
}

export class World {
  readonly engine: Engine;
  now = 1_000_000;
  /** What the far ends of the programs that are found from now on are called. */
  names: Attempt['names'] = [];
  attributes: boolean;
  /** All effects so far, and the verdict of each packet. */
  readonly effects: Effect[] = [];
  readonly verdicts = new Map<number, Verdict>();
  /** The queue: ids without a verdict. */
  readonly waiting = new Set<number>();
  /** Programs to be found, by ticket. */
  readonly tickets = new Map<number, Process | undefined>();
  readonly #half: number;
  readonly #holdSeconds: number;
  readonly #programs = new Map<string, Process | undefined>();
  #ids = 0;
  #revision = 0;

  constructor(options: WorldOptions = {}) {
    const length = options.queueLength ?? queueLength;
    this.engine = new Engine({ start, appKey, queueLength: length, ciphers: nodeQuicCrypto });
    this.#half = length / 2;
    this.#holdSeconds = options.holdSeconds ?? 30;
    this.attributes = options.attributes ?? true;
    if (options.mode !== undefined) this.policy(options.mode, options.rules);
  }

  handle(event: EngineEvent): Effect[] {
    const effects = this.engine.handle(event, this.now);
    const all = [...effects];
    this.effects.push(...effects);
    for (const effect of effects) this.#check(effect);
    assert.equal(this.engine.held, this.waiting.size, 'the engine holds what has no verdict');
    assert.ok(this.engine.held <= this.#half, 'held packets never exceed half the queue');
    for (const effect of effects) {
      if (effect.type !== 'attribute') continue;
      this.tickets.set(effect.ticket, this.#programs.get(flowKey(effect.flow)));
      if (this.attributes) all.push(...this.find(effect.ticket));
    }
    return all;
  }

  #check(effect: Effect): void {
    if (effect.type !== 'verdict') return;
    for (const { id } of effect.packets) {
      assert.ok(this.waiting.delete(id), `packet ${id} has one verdict, not two`);
      this.verdicts.set(id, effect.verdict);
    }
  }

  /** The program of this ticket is found, or said to be another. */
  find(ticket: number, process: Process | undefined = this.tickets.get(ticket)): Effect[] {
    this.tickets.delete(ticket);
    const evidence = process === undefined ? [] : (['sock_diag', 'proc'] as const);
    return this.handle({ type: 'attributed', ticket, attribution: { process, evidence, names: this.names } });
  }

  /** Queues the packet of an attempt of test/dsl.ts; its id is `lastId`. */
  send(what: string | Attempt, more: Partial<QueuedPacket> = {}): Effect[] {
    return this.handle({ type: 'packet', packet: { ...this.packet(what), ...more } });
  }

  packet(what: string | Attempt): QueuedPacket {
    const { flow, process } = typeof what === 'string' ? attempt(what) : what;
    const key = flowKey(flow);
    this.#programs.set(key, process);
    this.#ids += 1;
    this.waiting.add(this.#ids);
    const owned = flow.direction === 'out' && process?.kernel !== true;
    return { id: this.#ids, flow, key, mark: 0, ...(owned && { uid: process?.uid, gid: process?.gid }) };
  }

  copy(what: string | Attempt, decided: { rule: string; action: 'allow' | 'reject' | 'drop' } | null = null): Effect[] {
    const { id, ...packet } = this.packet(what);
    this.waiting.delete(id);
    return this.handle({ type: 'copy', packet: { ...packet, decided } });
  }

  /** The socket of an attempt's flow is closed. */
  end(what: string, totals: Totals = { bytesOut: 700, bytesIn: 5000, packetsOut: 7, packetsIn: 5 }): Effect[] {
    return this.handle({ type: 'ended', key: flowKey(attempt(what).flow), totals });
  }

  get lastId(): number {
    return this.#ids;
  }

  policy(mode: Mode, rules: readonly string[] = []): Effect[] {
    this.#revision += 1;
    const settings = { mode, failMode: 'known', forward: true, holdSeconds: this.#holdSeconds } as const;
    return this.handle({ type: 'policy', policy: decider(mode, rules, this.#revision), settings });
  }

  answer(prompt: string, action: 'allow' | 'reject' | 'drop', name?: NamePattern): Effect[] {
    const scope = { who: 'app', to: 'destination', port: 'port', user: 'user' } as const;
    return this.handle({ type: 'answer', prompt, answer: { action, scope, lifetime: 'once' }, name });
  }

  /** Time passes, and the gate keeps the engine's deadlines. */
  pass(milliseconds: number): Effect[] {
    const end = this.now + milliseconds;
    const all: Effect[] = [];
    for (;;) {
      const next = this.engine.nextDeadline();
      if (next === undefined || next > end) break;
      this.now = Math.max(this.now, next);
      all.push(...this.handle({ type: 'tick' }));
    }
    this.now = end;
    return all;
  }

  /** The verdict of the packet queued last, or that it is held. */
  get last(): Verdict | 'held' {
    return this.verdicts.get(this.#ids) ?? 'held';
  }

  /** The newest record of each connection, in the order of their beginning. */
  connections(): Connection[] {
    const rows = new Map<string, Connection>();
    for (const { connection } of pick(this.effects, 'connection')) rows.set(connection.id, connection);
    return [...rows.values()];
  }

  counted(reason: Kind<'count'>['reason']): number {
    return pick(this.effects, 'count').filter((effect) => effect.reason === reason).length;
  }

  hits(rule: string): number {
    return pick(this.effects, 'hit').filter((effect) => effect.rule === rule).length;
  }
}

export function pick<T extends Effect['type']>(effects: readonly Effect[], type: T): Kind<T>[] {
  return effects.filter((effect): effect is Kind<T> => effect.type === type);
}
