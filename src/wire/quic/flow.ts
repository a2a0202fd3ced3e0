// What the first datagrams of a QUIC client say of the server's name, of one flow, with an end to how much is looked at.
import { Gathering } from '../firstwords/gathering.ts';
import { type HelloError, type ParsedHello, parseClientHello } from '../tls/clienthello.ts';
import type { QuicCrypto } from './crypto.ts';
import { gatherFrames } from './frames.ts';
import { parseQuicHeader, type QuicHeader } from './header.ts';
import { openInitial } from './initial.ts';
import { clientInitialKeys, type InitialKeys } from './keys.ts';
import { INITIAL_DATAGRAM_MIN, type QuicVersion } from './numbers.ts';

/**
 * `bad-packet` a header that is none; `not-opened` no client's Initial, for its keys do not open it; `bad-frame` what an Initial
 * cannot hold; `small-datagram` less than 1200 bytes, which servers discard; otherwise what is wrong with the hello.
 */
export type QuicError = 'bad-packet' | 'not-opened' | 'bad-frame' | 'small-datagram' | HelloError;

/**
 * `not-quic`: the first datagram does not begin with a long header. `unknown-version`: neither 1 nor 2, also a version
 * negotiation. `ambiguous`: the same bytes of the handshake came twice and differ. `too-many-packets`, `too-long`: the limits.
 */
export type QuicSaid =
  | ParsedHello<QuicError>
  | { readonly kind: 'not-quic' | 'unknown-version' | 'ambiguous' | 'too-many-packets' | 'too-long' };

export interface QuicLimits {
  /** Datagrams; 1 or more. */
  readonly packets: number;
  /** Bytes of the handshake. */
  readonly bytes: number;
}

type LongHeader = Extract<QuicHeader, { readonly end: number }>;

export class QuicFlow {
  readonly #ciphers: QuicCrypto;
  readonly #limits: QuicLimits;
  #packets = 0;
  #gathering: Gathering;
  #version: QuicVersion | undefined = undefined;
  #keys: InitialKeys | undefined = undefined;
  #keysId = '';

  constructor(ciphers: QuicCrypto, limits: QuicLimits) {
    this.#ciphers = ciphers;
    this.#limits = limits;
    this.#gathering = new Gathering(limits.bytes);
  }

  /** What is known after this datagram, the client's next one. After anything but `more` no other is to be given. */
  handle(datagram: Uint8Array): QuicSaid {
    if (this.#packets >= this.#limits.packets) return { kind: 'too-many-packets' };
    this.#packets += 1;
    const problem = this.#takeDatagram(datagram);
    if (problem !== undefined) return problem;
    const parsed = parseClientHello(this.#gathering.bytes());
    return parsed.kind === 'more' && this.#packets >= this.#limits.packets ? { kind: 'too-many-packets' } : parsed;
  }

  /** Each packet in it (RFC 9000 12.2). */
  #takeDatagram(datagram: Uint8Array): QuicSaid | undefined {
    let destination: string | undefined;
    for (let start = 0; start < datagram.length; ) {
      const header = parseQuicHeader(datagram, start, datagram.length);
      if (header.kind !== 'initial' && header.kind !== 'other-long') {
        // Behind a packet there may be anything, which the server discards too.
        return start === 0 ? this.#noPacket(header.kind) : undefined;
      }
      // 12.2: packets for another destination are ignored.
      const id = textOf(header.destinationId);
      destination ??= id;
      if (header.kind === 'initial' && id === destination) {
        if (datagram.length < INITIAL_DATAGRAM_MIN) return malformed('small-datagram');
        const problem = this.#takeInitial(datagram, start, header);
        if (problem !== undefined) return problem;
      }
      start = header.end;
    }
    return undefined;
  }

  #noPacket(kind: 'short' | 'unknown-version' | 'wrong'): QuicSaid | undefined {
    if (kind === 'wrong') return malformed('bad-packet');
    if (kind === 'unknown-version') return { kind };
    // After an Initial it is a packet with keys that nobody else has.
    return this.#version === undefined ? { kind: 'not-quic' } : undefined;
  }

  #takeInitial(datagram: Uint8Array, start: number, header: LongHeader): QuicSaid | undefined {
    // After a version negotiation the client begins anew (RFC 9000 6.2).
    if (header.version !== this.#version) {
      this.#version = header.version;
      this.#keys = undefined;
      this.#gathering = new Gathering(this.#limits.bytes);
    }
    const payload = this.#open(datagram, start, header);
    if (payload === undefined) return malformed('not-opened');
    const error = gatherFrames(payload, this.#gathering);
    if (error === 'conflict') return { kind: 'ambiguous' };
    if (error === 'too-long') return { kind: 'too-long' };
    return error === undefined ? undefined : malformed(error);
  }

  /**
   * The client takes the id that the server chose, under the same keys (RFC 9000 7.2). After a Retry it does too, but with keys of
   * that id (RFC 9001 5.2), and the same handshake (RFC 9000 17.2.5.3); the Retry itself is not seen here.
   */
  #open(datagram: Uint8Array, start: number, header: LongHeader): Uint8Array | undefined {
    const { number, end } = header;
    const id = textOf(header.destinationId);
    if (this.#keys !== undefined) {
      const payload = openInitial(this.#ciphers, this.#keys, datagram, { start, number, end });
      if (payload !== undefined || id === this.#keysId) return payload;
    }
    const keys = clientInitialKeys(this.#ciphers, header.version, header.destinationId);
    const payload = openInitial(this.#ciphers, keys, datagram, { start, number, end });
    if (payload === undefined) return undefined;
    this.#keys = keys;
    this.#keysId = id;
    return payload;
  }
}

const textOf = (id: Uint8Array) => id.join();

function malformed(reason: QuicError): QuicSaid {
  return { kind: 'malformed', reason };
}
