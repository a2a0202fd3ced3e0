// The first bytes of one direction of a TCP connection, put together from its packets, and no more of them than somebody allows.
import type { TcpSegment } from '../dns/stream.ts';
import { Gathering } from './gathering.ts';

/** How much of a flow is looked at. */
export interface WordLimits {
  /** Packets with data; 1 or more. */
  readonly packets: number;
  /** Bytes, from the first one. */
  readonly bytes: number;
}

/**
 * Why the first bytes are not known: `joined-late` the SYN was not seen, so that nobody knows where they begin; `ambiguous` the
 * same bytes came twice and differ, and which of them the other side takes is its own affair; `too-many-packets` and
 * `too-long` the limits; `too-late` the time that somebody allows.
 */
export type Unseen = 'joined-late' | 'ambiguous' | 'too-many-packets' | 'too-long' | 'too-late';

export class Beginning {
  readonly #limits: WordLimits;
  #first: number | undefined = undefined;
  #gathering: Gathering;
  #packets = 0;
  #finish: number | undefined = undefined;

  constructor(limits: WordLimits) {
    this.#limits = limits;
    this.#gathering = new Gathering(limits.bytes);
  }

  /** No byte comes after those that are there. */
  get ended(): boolean {
    return this.#finish !== undefined && this.#gathering.length >= this.#finish;
  }

  /** Which limit is reached, so that no more bytes will be there than are. */
  get full(): Extract<Unseen, 'too-many-packets' | 'too-long'> | undefined {
    if (this.#gathering.length >= this.#limits.bytes) return 'too-long';
    return this.#packets >= this.#limits.packets ? 'too-many-packets' : undefined;
  }

  /** What there is without a gap; a view, which later packets do not change. */
  bytes(): Uint8Array {
    return this.#gathering.bytes();
  }

  /** Undefined when the packet was taken. After anything else nothing more is to be given. */
  handle(segment: TcpSegment): Unseen | undefined {
    const { begins, payload } = segment;
    // RFC 9293 3.4: a SYN has a sequence number of its own. With Fast Open (RFC 7413) it has data too.
    const sequence = begins ? (segment.sequence + 1) >>> 0 : segment.sequence;
    if (begins && this.#first !== sequence) this.#begin(sequence);
    if (this.#first === undefined) return payload.length > 0 ? 'joined-late' : undefined;
    const offset = (sequence - this.#first) | 0;
    if (segment.ends) this.#finish ??= offset + payload.length;
    if (payload.length === 0) return undefined;
    if (this.#packets >= this.#limits.packets) return 'too-many-packets';
    this.#packets += 1;
    // What is before the first byte, such as a keep-alive's (RFC 9293 3.8.4), is none of the connection's; what is behind the
    // limit is not kept, for what is before it may be enough.
    const kept = payload.subarray(Math.max(-offset, 0), Math.max(this.#limits.bytes - offset, 0));
    const error = kept.length > 0 ? this.#gathering.add(Math.max(offset, 0), kept) : undefined;
    return error === 'conflict' ? 'ambiguous' : error;
  }

  /** Another SYN is another attempt; how many packets there were goes on counting. */
  #begin(first: number): void {
    this.#first = first;
    this.#finish = undefined;
    this.#gathering = new Gathering(this.#limits.bytes);
  }
}
