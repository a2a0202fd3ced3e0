// Reads a ClientHello (RFC 8446 4.1.2, RFC 5246 7.4.1.2) from the bytes of its handshake, without TLS records: QUIC has none.
import { Reader } from '../reader.ts';
import { type ExtensionError, type Extensions, noExtensions, parseExtensions } from './extensions.ts';
import { HANDSHAKE_CLIENT_HELLO, HANDSHAKE_HEADER_LENGTH } from './numbers.ts';

/** Where there is no list of versions, they are the one of the message itself. */
export type ClientHello = Readonly<Extensions>;

/** `not-client-hello`: another message; `hello-too-long`: more than 64 KB; otherwise as `ExtensionError`. */
export type HelloError = 'not-client-hello' | 'hello-too-long' | ExtensionError;

/**
 * `more`: it is right so far, and nothing can be said before there are `wanted` bytes, counted from the first one;
 * what is there may have to be more than that, since each record has a header of its own.
 */
export type ParsedHello<E = HelloError> =
  | { readonly kind: 'more'; readonly wanted: number }
  | { readonly kind: 'malformed'; readonly reason: E }
  | { readonly kind: 'hello'; readonly hello: ClientHello };

/** With post-quantum keys they have 2 KB, of the larger schemes 17 KB. */
export const maxHelloLength = 65_536;

const sessionIdMax = 32;

/** `bytes` begin with the message and may end anywhere; what follows the message is not looked at. */
export function parseClientHello(bytes: Uint8Array): ParsedHello {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE_CLIENT_HELLO) return malformed('not-client-hello');
  if (bytes.length < HANDSHAKE_HEADER_LENGTH) return { kind: 'more', wanted: HANDSHAKE_HEADER_LENGTH };
  const length = handshakeLength(bytes);
  if (length > maxHelloLength) return malformed('hello-too-long');
  const end = HANDSHAKE_HEADER_LENGTH + length;
  if (bytes.length < end) return { kind: 'more', wanted: end };
  return parseBody(new Reader(bytes, HANDSHAKE_HEADER_LENGTH, end));
}

/** How long the message is that begins here, without its header; there must be 4 bytes. */
export function handshakeLength(bytes: Uint8Array): number {
  return ((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number);
}

function parseBody(reader: Reader): ParsedHello {
  const version = reader.be16();
  reader.skip(32);
  const sessionId = reader.u8();
  reader.skip(sessionId);
  const suites = reader.be16();
  reader.skip(suites);
  const compression = reader.u8();
  reader.skip(compression);
  const wrong = sessionId > sessionIdMax || suites < 2 || suites % 2 !== 0 || compression === 0;
  if (reader.error !== undefined || wrong) return malformed('bad-length');
  // RFC 5246 7.4.1.2: a hello without extensions ends here.
  if (reader.remaining() === 0) return { kind: 'hello', hello: { ...noExtensions, versions: [version] } };
  if (reader.be16() !== reader.remaining() || reader.error !== undefined) return malformed('bad-length');
  const extensions = parseExtensions(reader);
  if (!extensions.ok) return malformed(extensions.error);
  const { value } = extensions;
  return { kind: 'hello', hello: value.versions.length > 0 ? value : { ...value, versions: [version] } };
}

function malformed(reason: HelloError): ParsedHello {
  return { kind: 'malformed', reason };
}
