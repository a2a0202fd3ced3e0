// DNS over a TCP connection of our own: messages with their lengths before them (RFC 1035 4.2.2).
import { DnsStream } from '#wire/dns/stream.ts';

export const maxMessage = 65_535;
const empty = new Uint8Array(0);

/** Cuts what comes in, in order, into messages. */
export class DnsFrames {
  readonly #stream = new DnsStream(maxMessage);
  #next = 1;

  constructor() {
    this.#stream.handle({ sequence: 0, begins: true, ends: false, payload: empty });
  }

  /** A length that no message has: nobody knows where the next one begins. */
  get broken(): boolean {
    return this.#stream.lost !== undefined;
  }

  take(payload: Uint8Array): readonly Uint8Array[] {
    const sequence = this.#next;
    this.#next = (sequence + payload.length) >>> 0;
    return this.#stream.handle({ sequence, begins: false, ends: false, payload });
  }
}

export function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + message.length);
  bytes[0] = message.length >>> 8;
  bytes[1] = message.length & 255;
  bytes.set(message, 2);
  return bytes;
}
