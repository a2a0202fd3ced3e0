// DNS over TCP (RFC 1035 4.2.2): puts one direction of a connection together from copies of its packets, and cuts it into messages.
import { HEADER_LENGTH } from './numbers.ts';

/** What a copied packet says of its direction. */
export interface TcpSegment {
  /** The sequence number as the header has it, unsigned; that of the SYN itself where there is one. */
  readonly sequence: number;
  /** SYN. */
  readonly begins: boolean;
  /** FIN or RST: nothing comes after it. */
  readonly ends: boolean;
  readonly payload: Uint8Array;
}

/**
 * Why a direction is not followed any more: `joined-late` its SYN was not seen, so that nobody knows where a message
 * begins; `gap` too much came after bytes that are missing; `conflict` the same bytes came twice and differ; `bad-length`
 * a message that is too short or too long.
 */
export type StreamLoss = 'joined-late' | 'gap' | 'conflict' | 'bad-length';

/** How far ahead of what is missing a segment may lie and how much may wait, in bytes; and how many segments may. */
const maxAhead = 65_536;
const maxHeld = 16;
const none: readonly Uint8Array[] = [];

/** It holds at most a message, a segment, and what waits; nothing when it is `lost`, until another connection begins. */
export class DnsStream {
  lost: StreamLoss | undefined = undefined;
  /** All up to the FIN was read. */
  ended = false;
  readonly #maxMessage: number;
  /** The sequence numbers of the first byte and of the one that comes next; undefined before the SYN. */
  #first: number | undefined = undefined;
  #next: number | undefined = undefined;
  #finish: number | undefined = undefined;
  #bytes = new Uint8Array(0);
  #length = 0;
  #held: { readonly sequence: number; readonly payload: Uint8Array }[] = [];

  /** `maxMessage` in bytes, at most 65,535. */
  constructor(maxMessage: number) {
    this.#maxMessage = maxMessage;
  }

  /** Bytes that it holds. */
  get size(): number {
    return this.#held.reduce((sum, { payload }) => sum + payload.length, this.#bytes.length);
  }

  /** The messages that this packet completed. They are copies; the payload is not kept. */
  handle(segment: TcpSegment): readonly Uint8Array[] {
    const { begins, payload } = segment;
    // RFC 9293 3.4: a SYN has a sequence number of its own, before that of the first byte.
    const sequence = begins ? (segment.sequence + 1) >>> 0 : segment.sequence;
    if (begins) this.#begin(sequence);
    if (this.lost !== undefined) return none;
    if (this.#next === undefined) return payload.length > 0 ? this.#lose('joined-late') : none;
    if (segment.ends) this.#finish ??= (sequence + payload.length) >>> 0;
    if (payload.length > 0) {
      const ahead = distance(this.#next, sequence);
      if (ahead > 0) this.#hold(sequence, payload, ahead);
      else this.#take(sequence, payload, false);
    }
    this.#takeHeld();
    if (this.lost !== undefined) return none;
    const messages = this.#cut();
    this.ended = this.#finish !== undefined && distance(this.#next, this.#finish) <= 0;
    return messages;
  }

  /** A SYN that comes again changes nothing; another one is another connection. */
  #begin(first: number): void {
    if (this.#first === first) return;
    this.lost = undefined;
    this.ended = false;
    this.#first = first;
    this.#next = first;
    this.#finish = undefined;
    this.#length = 0;
    this.#held = [];
  }

  #hold(sequence: number, payload: Uint8Array, ahead: number): void {
    const held = this.#held.reduce((sum, { payload: { length } }) => sum + length, payload.length);
    if (ahead > maxAhead || held > maxAhead || this.#held.length >= maxHeld) this.#lose('gap');
    // Not `slice`, which of a Buffer is no copy.
    else this.#held.push({ sequence, payload: Uint8Array.from(payload) });
  }

  /** Whatever waited and now follows on. */
  #takeHeld(): void {
    for (let at = 0; at < this.#held.length; ) {
      const { sequence, payload } = this.#held[at] as { sequence: number; payload: Uint8Array };
      if (distance(this.#next as number, sequence) > 0) {
        at += 1;
      } else {
        this.#held.splice(at, 1);
        this.#take(sequence, payload, true);
        at = 0;
      }
    }
  }

  /**
   * Appends what is new of a segment that begins at or before `#next`. What was there first stays, as in the kernel
   * (tcp_input.c takes nothing before rcv_nxt). Of what waited, the kernel's choice cannot be known, so that it must agree.
   */
  #take(sequence: number, payload: Uint8Array, waited: boolean): void {
    const next = this.#next as number;
    const old = Math.min(-distance(next, sequence), payload.length);
    if (waited && !this.#endsWith(payload.subarray(0, old), next - sequence)) {
      this.#lose('conflict');
      return;
    }
    const fresh = payload.subarray(old);
    if (this.#length + fresh.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length + fresh.length, 2 * this.#bytes.length, 512));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(fresh, this.#length);
    this.#length += fresh.length;
    this.#next = (next + fresh.length) >>> 0;
  }

  /** Whether the bytes that came last, from `back` bytes ago, begin with `bytes`. All of them are still there: nothing was cut since. */
  #endsWith(bytes: Uint8Array, back: number): boolean {
    const start = this.#length - (back >>> 0);
    return start >= 0 && bytes.every((byte, at) => this.#bytes[start + at] === byte);
  }

  #cut(): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    const bytes = this.#bytes;
    let at = 0;
    while (this.#length - at >= 2) {
      const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      if (length < HEADER_LENGTH || length > this.#maxMessage) {
        this.#lose('bad-length');
        return messages;
      }
      if (this.#length - at < 2 + length) break;
      messages.push(bytes.slice(at + 2, at + 2 + length));
      at += 2 + length;
    }
    this.#length -= at;
    // Nothing larger than what is left is kept, so that a connection that is idle costs nothing.
    if (at > 0) this.#bytes = bytes.slice(at, at + this.#length);
    return messages;
  }

  #lose(loss: StreamLoss): readonly Uint8Array[] {
    this.lost = loss;
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    this.#held = [];
    return none;
  }
}

/** From one sequence number to another, modulo 2^32 (RFC 9293 3.4): negative is before. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}
