// What the first packets of a flow say of the name it is for: one object a flow, which is given its packets until it knows.
import { type HttpError, parseHttp } from '../http/host.ts';
import type { QuicCrypto } from '../quic/crypto.ts';
import { type QuicError, QuicFlow, type QuicSaid } from '../quic/flow.ts';
import type { ClientHello } from '../tls/clienthello.ts';
import { parseTls, type RecordError } from '../tls/records.ts';
import { Beginning, type Unseen, type WordLimits } from './beginning.ts';
import type { FirstPacket } from './payload.ts';

/**
 * `name`: what the program says, which is a claim and no proof. With `encryptedHello` there is a name inside that nobody else sees,
 * or the program makes believe: the name said is then not to be taken for the destination. `proxied`: it is what a proxy is asked for.
 * `none`: it is known that no name is said. `unseen`: it cannot be known. `more`: give the next packet.
 */
export type FirstSaid =
  | { readonly kind: 'more' }
  | {
      readonly kind: 'name';
      readonly name: string;
      readonly from: 'sni' | 'quic' | 'http';
      readonly encryptedHello: boolean;
      readonly proxied: boolean;
    }
  | { readonly kind: 'none'; readonly reason: NoName }
  | { readonly kind: 'none'; readonly reason: 'malformed'; readonly detail: RecordError | HttpError | QuicError }
  | { readonly kind: 'unseen'; readonly reason: Unseen };

/**
 * `other-protocol` neither TLS nor HTTP, or not QUIC; `unnamed` a hello or request without a name; `address` with an IP address in
 * its place; `h2c` HTTP/2 in the clear; `unknown-version` of QUIC; `ended` the connection, before it said anything whole.
 */
export type NoName = 'other-protocol' | 'unnamed' | 'address' | 'h2c' | 'unknown-version' | 'ended';

/** Five packets of a local program hold hellos of 17 KB, since they pass here before they are cut into segments (GSO). */
export const firstWordLimits: WordLimits = { packets: 5, bytes: 20_480 };

const more: FirstSaid = { kind: 'more' };

/** It holds at most two times `limits.bytes` until it knows, nothing afterwards. */
export class FirstWords {
  #listener: Listener | undefined;
  #said: FirstSaid = more;

  constructor(protocol: 'tcp' | 'udp', ciphers: QuicCrypto, limits: WordLimits = firstWordLimits) {
    this.#listener = protocol === 'tcp' ? new TcpListener(limits) : new QuicListener(ciphers, limits);
  }

  /** What is known with the next packet that the client sent. What was said once stays. */
  handle(packet: FirstPacket): FirstSaid {
    if (this.#listener === undefined) return this.#said;
    this.#said = this.#listener.handle(packet);
    if (this.#said.kind !== 'more') this.#listener = undefined;
    return this.#said;
  }
}

interface Listener {
  handle(packet: FirstPacket): FirstSaid;
}

/** TLS or HTTP, by the bytes alone: ports say nothing. */
class TcpListener implements Listener {
  readonly #beginning: Beginning;
  /** How many bytes there must be before reading them can say more. */
  #wanted = 1;

  constructor(limits: WordLimits) {
    this.#beginning = new Beginning(limits);
  }

  handle(packet: FirstPacket): FirstSaid {
    const unseen = this.#beginning.handle(packet);
    if (unseen !== undefined) return { kind: 'unseen', reason: unseen };
    const bytes = this.#beginning.bytes();
    // A SYN that comes anew takes what was there away.
    if (packet.begins) this.#wanted = 1;
    if (bytes.length >= this.#wanted) {
      const said = this.#read(bytes);
      if (said.kind !== 'more') return said;
    }
    if (this.#beginning.ended) return { kind: 'none', reason: 'ended' };
    const { full } = this.#beginning;
    return full === undefined ? more : { kind: 'unseen', reason: full };
  }

  #read(bytes: Uint8Array): FirstSaid {
    const tls = parseTls(bytes);
    switch (tls.kind) {
      case 'hello':
        return saidByHello(tls.hello, 'sni');
      case 'malformed':
        return { kind: 'none', reason: 'malformed', detail: tls.reason };
      case 'more':
        this.#wanted = tls.wanted;
        return more;
      case 'not-tls':
        this.#wanted = bytes.length + 1;
        return saidByHttp(bytes);
    }
  }
}

class QuicListener implements Listener {
  readonly #flow: QuicFlow;

  constructor(ciphers: QuicCrypto, limits: WordLimits) {
    this.#flow = new QuicFlow(ciphers, limits);
  }

  handle({ payload }: FirstPacket): FirstSaid {
    const said: QuicSaid = this.#flow.handle(payload);
    switch (said.kind) {
      case 'hello':
        return saidByHello(said.hello, 'quic');
      case 'malformed':
        return { kind: 'none', reason: 'malformed', detail: said.reason };
      case 'more':
        return more;
      case 'not-quic':
        return { kind: 'none', reason: 'other-protocol' };
      case 'unknown-version':
        return { kind: 'none', reason: 'unknown-version' };
      case 'ambiguous':
      case 'too-many-packets':
      case 'too-long':
        return { kind: 'unseen', reason: said.kind };
    }
  }
}

function saidByHello({ sni, sniIsAddress, ech }: ClientHello, from: 'sni' | 'quic'): FirstSaid {
  if (sni === undefined) return { kind: 'none', reason: sniIsAddress ? 'address' : 'unnamed' };
  return { kind: 'name', name: sni, from, encryptedHello: ech !== 'none', proxied: false };
}

function saidByHttp(bytes: Uint8Array): FirstSaid {
  const http = parseHttp(bytes);
  switch (http.kind) {
    case 'request': {
      const { host, hostIsAddress, proxied } = http.request;
      if (host === undefined) return { kind: 'none', reason: hostIsAddress ? 'address' : 'unnamed' };
      return { kind: 'name', name: host, from: 'http', encryptedHello: false, proxied };
    }
    case 'malformed':
      return { kind: 'none', reason: 'malformed', detail: http.reason };
    case 'more':
      return more;
    case 'h2c':
      return { kind: 'none', reason: 'h2c' };
    case 'not-http':
      return { kind: 'none', reason: 'other-protocol' };
  }
}
