// Flows that were decided: where their later packets are recorded, and which of them the kernel lets pass by itself.
import type { Attempt } from '#model/attempt.ts';
import { attemptToJson } from '#model/attempt.ts';
import type { Connection, ConnectionEnd, Reason } from '#model/connection.ts';
import type { DecidedAction, Decision } from '#model/decision.ts';
import type { Evidence } from '#model/process.ts';
import { maxAllowed, maxRecent } from './limits.ts';
import type { Reportable } from './throttle.ts';
import type { DecidedByKernel } from './types.ts';

/** What is said of a flow once it is decided. */
export interface Outcome extends Terms {
  readonly action: DecidedAction;
  readonly enforced: boolean;
}

/** Who it is, and from where that is known. */
export interface Found {
  readonly attempt: Attempt;
  /** Whether the program was found. */
  readonly found: boolean;
  readonly evidence: readonly Evidence[];
}

/** How it came to that. */
export interface Terms extends Found {
  readonly rule: string | null;
  readonly reason: Reason;
  readonly revision: number;
  readonly logged: readonly string[];
}

/** One connection's record; `Connection` is its form for the journal. */
export interface FlowRecord extends Reportable {
  readonly id: string;
  readonly key: string;
  readonly time: number;
  lastTime: number;
  packets: number;
  heldMs: number;
  outcome: Outcome;
  end: ConnectionEnd | undefined;
  /** Counts policies; a record of an older one is decided anew. */
  epoch: number;
}

export function connectionOf(record: FlowRecord): Connection {
  const { attempt, action, enforced, rule, reason, revision, logged, evidence } = record.outcome;
  const { id, time, lastTime, packets, heldMs, end } = record;
  return {
    ...{ id, time, lastTime, attempt: attemptToJson(attempt) },
    ...{ action, enforced, rule, reason, revision, logged: [...logged], evidence: [...evidence] },
    ...{ packets, heldMs, ...(end && { end }) },
  };
}

/** Whether people would read the same in both. */
export function sameOutcome(a: Outcome, b: Outcome): boolean {
  return a.action === b.action && a.rule === b.rule && a.reason === b.reason && a.enforced === b.enforced;
}

/** Where the program is not known, the mode may have decided only because no rule could see it. */
export function termsOf(decision: Decision, { attempt, found, evidence }: Found): Terms {
  const { rule, revision, logged } = decision;
  const reason = decision.by === 'rule' ? 'rule' : found ? 'mode' : 'unattributed';
  return { attempt, found, evidence, rule, revision, logged, reason };
}

/** The same of what the kernel decided by itself. */
export function termsOfKernel({ rule }: DecidedByKernel, terms: Terms): Pick<Terms, 'rule' | 'reason'> {
  if (rule === undefined) return terms;
  if (rule !== null) return { rule, reason: 'rule' };
  return { rule, reason: terms.found ? 'mode' : 'unattributed' };
}

/** Whether the kernel lets the flow pass without asking again. */
function passes({ outcome }: FlowRecord): boolean {
  return outcome.enforced && outcome.action === 'allow';
}

/** Two bounded maps in the order of decision, so that refused flows never push out allowed ones. */
export class Memory {
  readonly #allowed = new Map<string, FlowRecord>();
  readonly #others = new Map<string, FlowRecord>();

  find(key: string): FlowRecord | undefined {
    return this.#allowed.get(key) ?? this.#others.get(key);
  }

  isAllowed(key: string): boolean {
    return this.#allowed.has(key);
  }

  /** As the newest of its kind; call again after the outcome changed. */
  keep(record: FlowRecord): void {
    this.forget(record.key);
    if (passes(record)) add(this.#allowed, record, maxAllowed);
    else add(this.#others, record, maxRecent);
  }

  /** The flow is not allowed any more, though its outcome still says what was done. */
  demote(record: FlowRecord): void {
    this.#allowed.delete(record.key);
    add(this.#others, record, maxRecent);
  }

  forget(key: string): void {
    if (!this.#allowed.delete(key)) this.#others.delete(key);
  }

  /** Allowed flows, the longest undecided first. */
  allowedRecords(): IterableIterator<FlowRecord> {
    return this.#allowed.values();
  }
}

function add(map: Map<string, FlowRecord>, record: FlowRecord, limit: number): void {
  map.set(record.key, record);
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
