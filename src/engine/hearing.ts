// Flows that were let begin and whose first words are still listened to: one listener each, until it knows.

import type { Attempt } from '#model/attempt.ts';
import { type FirstSaid, FirstWords } from '#wire/firstwords/firstwords.ts';
import type { QuicCrypto } from '#wire/quic/crypto.ts';
import type { HeldFlow } from './held.ts';
import { maxListened } from './limits.ts';
import type { Terms } from './memory.ts';
import type { Attribution, QueuedPacket } from './types.ts';

/** A flow that no rule allows yet: what it says may, and until then only its opening has passed. */
export interface Provisional {
  readonly flow: HeldFlow;
  readonly terms: Terms;
  readonly action: 'reject' | 'drop' | 'ask';
  /** Milliseconds since 1970 at which it has said nothing. */
  readonly until: number;
}

/** A flow of datagrams that is held until it has said all that it says first. */
export interface Waiting {
  readonly flow: HeldFlow;
  /** Its program, which is found already. */
  readonly found: Attribution;
  /** Milliseconds since 1970 at which it is decided by what it has said. */
  readonly until: number;
}

export class Hearing {
  readonly #ciphers: QuicCrypto;
  /** By the flow's key. */
  readonly #listeners = new Map<string, { readonly listener: FirstWords; readonly opening: Attempt }>();
  /** By the flow's slot, the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  /** By the flow's key, the oldest first. */
  readonly #provisional = new Map<string, Provisional>();

  constructor(ciphers: QuicCrypto) {
    this.#ciphers = ciphers;
  }

  /** Gives the packet to who listens to its flow, or to a new listener, and gives what is known then. */
  hear(packet: Omit<QueuedPacket, 'id'>): { readonly listener: FirstWords; readonly said: FirstSaid } | undefined {
    const { words, flow, key, began } = packet;
    if (words === undefined || (flow.protocol !== 'tcp' && flow.protocol !== 'udp')) return undefined;
    // The same addresses and ports may have had a connection before.
    if (words.begins) this.forget(key);
    let listener = this.#listeners.get(key)?.listener;
    if (listener === undefined) {
      listener = new FirstWords(flow.protocol, this.#ciphers);
      // Nobody knows where its words begin, and nothing that comes will tell.
      if (flow.protocol === 'tcp' && began === undefined && !words.begins) return { listener, said: joinedLate };
      // The kernel let it begin by itself.
      if (began !== undefined && !words.begins) {
        listener.handle({ sequence: began, begins: true, ends: false, payload: nothing });
      }
    }
    return { listener, said: listener.handle(words) };
  }

  /** The flow goes on, and its next packets are given to the same listener; where that is too many, the oldest flow is not known any more. */
  keep(key: string, listener: FirstWords, attempt: Attempt): void {
    const opening = this.#listeners.get(key)?.opening ?? attempt;
    this.#listeners.delete(key);
    this.#listeners.set(key, { listener, opening });
    if (this.#listeners.size <= maxListened) return;
    for (const oldest of this.#listeners.keys()) {
      this.#listeners.delete(oldest);
      return;
    }
  }

  /** The attempt by which it was let begin: its socket may be closed when its words are sent. */
  openingOf(key: string): Attempt | undefined {
    return this.#listeners.get(key)?.opening;
  }

  isProvisional(key: string): boolean {
    return this.#provisional.has(key);
  }

  /** More than its opening is decided. */
  decided(key: string): void {
    this.#provisional.delete(key);
  }

  /** Nothing is enforced any more. */
  clear(): void {
    this.#provisional.clear();
    this.#listeners.clear();
  }

  forget(key: string): void {
    this.#listeners.delete(key);
    this.#provisional.delete(key);
  }

  letBegin(provisional: Provisional): void {
    const { key } = provisional.flow;
    if (!this.#provisional.has(key)) this.#provisional.set(key, provisional);
  }

  hold(waiting: Waiting): void {
    this.#waiting.set(waiting.flow.slot, waiting);
  }

  /** Takes it out, where it waits. */
  release({ slot }: HeldFlow): Waiting | undefined {
    const waiting = this.#waiting.get(slot);
    this.#waiting.delete(slot);
    return waiting;
  }

  /** Takes out those that waited until now, or all. */
  overdue(now = Number.POSITIVE_INFINITY): Iterable<Waiting> {
    return this.#waiting.size === 0 ? [] : this.#takeOverdue(now);
  }

  *#takeOverdue(now: number): Generator<Waiting> {
    for (const waiting of this.#waiting.values()) {
      if (waiting.until > now) return;
      this.#waiting.delete(waiting.flow.slot);
      yield waiting;
    }
  }

  /** The next `until`, infinite when there is none. */
  next(): number {
    return Math.min(firstOf(this.#waiting), firstOf(this.#provisional));
  }

  /** Takes out those that have said nothing by now. */
  silent(now: number): Iterable<Provisional> {
    return this.#provisional.size === 0 ? [] : this.#takeSilent(now);
  }

  *#takeSilent(now: number): Generator<Provisional> {
    for (const provisional of this.#provisional.values()) {
      if (provisional.until > now) return;
      this.forget(provisional.flow.key);
      yield provisional;
    }
  }
}

const nothing = new Uint8Array(0);
const joinedLate: FirstSaid = { kind: 'unseen', reason: 'joined-late' };

function firstOf(map: ReadonlyMap<string, { readonly until: number }>): number {
  for (const { until } of map.values()) return until;
  return Number.POSITIVE_INFINITY;
}
