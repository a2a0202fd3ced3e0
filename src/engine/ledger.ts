// The ledger: writes one record for each flow, again when it grows or is decided otherwise, and finds what a new policy voids.
import { type Attempt, sameName } from '#model/attempt.ts';
import type { ConnectionEnd } from '#model/connection.ts';
import type { Decision } from '#model/decision.ts';
import type { Address } from '#model/net/address.ts';
import { sameSender } from './held.ts';
import { anewAtOnce } from './limits.ts';
import { connectionOf, type FlowRecord, Memory, type Outcome, sameOutcome, termsOf } from './memory.ts';
import { Throttle } from './throttle.ts';
import type { Decider, Turn } from './types.ts';

/** What a record says of a flow besides its outcome. */
export interface Seen {
  readonly key: string;
  /** Milliseconds since 1970 of the first packet, and of the last. */
  readonly since: number;
  readonly last: number;
  readonly seen: number;
  /** It has ended already. */
  readonly end?: ConnectionEnd | undefined;
}

export class Ledger {
  readonly #start: string;
  readonly #memory = new Memory();
  readonly #reports = new Throttle<FlowRecord>();
  /** Counts policies. */
  #epoch = 0;
  #anew: IterableIterator<FlowRecord> | undefined;
  #records = 0;

  /** `start` begins every id: the time the gate started, in base 36. */
  constructor(start: string) {
    this.#start = start;
  }

  isAllowed(key: string): boolean {
    return this.#memory.isAllowed(key);
  }

  forget(key: string): void {
    this.#memory.forget(key);
  }

  /** How the flow with this key was decided last, if that is still known. */
  known(key: string): Outcome | undefined {
    return this.#memory.find(key)?.outcome;
  }

  /** A flow was decided, for the first time or again. `heldMs`: milliseconds it was held for this decision. */
  write(turn: Turn, flow: Seen, outcome: Outcome, heldMs: number): void {
    const { out, now } = turn;
    const known = this.#memory.find(flow.key);
    if (known === undefined || !sameConnection(known.outcome, outcome)) {
      this.#records += 1;
      const id = `${this.#start}-${this.#records}`;
      const { key, since, last, seen } = flow;
      const record: FlowRecord = {
        ...{ id, key, time: since, lastTime: last, packets: seen, heldMs, outcome, end: flow.end },
        ...{ epoch: this.#epoch, reported: now },
      };
      if (flow.end === undefined) this.#memory.keep(record);
      else this.#memory.forget(key);
      out.push({ type: 'connection', connection: connectionOf(record) });
      return;
    }
    const changed = !sameOutcome(known.outcome, outcome) || !sameNames(known.outcome, outcome);
    known.packets += flow.seen;
    known.lastTime = flow.last;
    known.heldMs = Math.max(known.heldMs, heldMs);
    if (flow.end !== undefined) {
      known.outcome = outcome;
      this.#complete(turn, known, flow.end);
      return;
    }
    this.#renew(known, outcome);
    if (changed) this.#reports.reported(known, now);
    if (changed || this.#reports.grew(known, now)) out.push({ type: 'connection', connection: connectionOf(known) });
  }

  /** The flow with this key has ended; nothing where no flow with it is remembered. */
  ended(turn: Turn, key: string, end: ConnectionEnd): void {
    const record = this.#memory.find(key);
    if (record !== undefined) this.#complete(turn, record, end);
  }

  /** Reports the record with its end. Nothing more comes into it: the same ports later are another connection. */
  #complete({ out, now }: Turn, record: FlowRecord, end: ConnectionEnd): void {
    record.end = end;
    this.#memory.forget(record.key);
    this.#reports.reported(record, now);
    out.push({ type: 'connection', connection: connectionOf(record) });
  }

  #renew(record: FlowRecord, outcome: Outcome): void {
    record.outcome = outcome;
    record.epoch = this.#epoch;
    this.#memory.keep(record);
  }

  /** What is allowed under the old policy is to be decided anew, with `decideAnew`; later, where nothing is enforced. */
  newPolicy(enforces: boolean): void {
    this.#epoch += 1;
    this.#anew = enforces ? this.#memory.allowedRecords() : undefined;
  }

  /** Whether flows of an older policy are left. */
  get unfinished(): boolean {
    return this.#anew !== undefined;
  }

  /** Decides some of them anew. What a person allowed by an answer stays allowed where the policy would only ask again. */
  decideAnew(turn: Turn, policy: Decider): void {
    for (let count = 0; count < anewAtOnce; count++) {
      const next = this.#anew?.next();
      // Flows decided since the change stand behind all older ones.
      if (next === undefined || next.done || next.value.epoch === this.#epoch) {
        this.#anew = undefined;
        return;
      }
      const record = next.value;
      record.epoch = this.#epoch;
      const decision = policy.decide(record.outcome.attempt, turn.now);
      if (decision.action === 'allow') continue;
      if (decision.action === 'ask' && record.outcome.reason === 'answer') continue;
      this.#void(turn, record, decision);
    }
  }

  /** What goes on may be refused by a name that its destination has now. */
  named(turn: Turn, key: string, names: Attempt['names'], policy: Decider): void {
    const record = this.#memory.find(key);
    if (record === undefined || !this.#memory.isAllowed(key)) return;
    const attempt = { ...record.outcome.attempt, names };
    record.outcome = { ...record.outcome, attempt };
    const decision = policy.decide(attempt, turn.now);
    if (decision.action === 'allow' || (decision.action === 'ask' && record.outcome.reason === 'answer')) return;
    this.#void(turn, record, decision);
  }

  /** Those that are allowed. */
  flowsTo(isThere: (address: Address) => boolean): { readonly key: string; readonly attempt: Attempt }[] {
    const found: { readonly key: string; readonly attempt: Attempt }[] = [];
    for (const { key, outcome } of this.#memory.allowedRecords()) {
      if (isThere(outcome.attempt.flow.remote.address)) found.push({ key, attempt: outcome.attempt });
    }
    return found;
  }

  #void(turn: Turn, record: FlowRecord, decision: Decision): void {
    const { out, now } = turn;
    const { action } = decision;
    const { outcome, key } = record;
    if (action === 'allow') return;
    out.push({ type: 'revoke', flow: outcome.attempt.flow, key, action });
    if (action === 'ask' || decision.over === true) {
      // It is recorded when it is asked: when its next packet comes.
      this.#memory.demote(record);
      return;
    }
    hits(turn, decision, outcome);
    this.#renew(record, { ...termsOf(decision, outcome), action, enforced: true });
    this.#reports.reported(record, now);
    out.push({ type: 'connection', connection: connectionOf(record) });
  }

  /** Reports the records that grew and whose time has come; all of them when `now` is infinite. */
  report({ out }: Turn, now: number): void {
    this.#reports.report(now, (record) => out.push({ type: 'connection', connection: connectionOf(record) }));
  }

  /** When `report` is due, in milliseconds since 1970; infinite when nothing waits. */
  nextReport(): number {
    return this.#reports.next();
  }
}

/** A later decision about the same flow of the same program is the same connection. */
function sameConnection(known: Outcome, outcome: Outcome): boolean {
  return known.enforced === outcome.enforced && sameSender(known.attempt.process, outcome.attempt.process);
}

function sameNames({ attempt: { names: a } }: Outcome, { attempt: { names: b } }: Outcome): boolean {
  return a.length === b.length && a.every((one, at) => sameName(one, b[at] as typeof one));
}

type Hit = Pick<Decision, 'rule' | 'logged'>;

/** One hit for each rule that decided or logged the flow, but those that it has already counted for. */
export function hits({ out }: Turn, decision: Hit, known: Hit | undefined): void {
  const { rule, logged } = decision;
  if (rule !== null && rule !== known?.rule) out.push({ type: 'hit', rule });
  for (const name of logged) {
    if (name !== rule && known?.logged.includes(name) !== true) out.push({ type: 'hit', rule: name });
  }
}
