// Takes a ClientHello out of the TLS records (RFC 8446 5.1) that a TCP connection begins with, or says that it is no TLS.
import { type HelloError, handshakeLength, maxHelloLength, type ParsedHello, parseClientHello } from './clienthello.ts';
import {
  HANDSHAKE_CLIENT_HELLO,
  HANDSHAKE_HEADER_LENGTH,
  RECORD_HANDSHAKE,
  RECORD_HEADER_LENGTH,
  RECORD_MAX_LENGTH,
} from './numbers.ts';

/** `bad-record`: one in the middle of the hello that is empty, too long, or holds something else. */
export type RecordError = 'bad-record' | HelloError;

/** `not-tls`: the first bytes are not those of a ClientHello in a record of SSL 3.0 to TLS 1.3. */
export type ParsedTls = ParsedHello<RecordError> | { readonly kind: 'not-tls' };

/** Newest minor version of a record; TLS 1.3 sends 1 or 3 (RFC 8446 5.1). */
const maxMinor = 4;

/** `bytes` are those of the connection so far, from its first one. */
export function parseTls(bytes: Uint8Array): ParsedTls {
  if (!looksLikeTls(bytes)) return { kind: 'not-tls' };
  const pieces: Uint8Array[] = [];
  let gathered = 0;
  let needed = HANDSHAKE_HEADER_LENGTH;
  let at = 0;
  while (bytes.length - at >= RECORD_HEADER_LENGTH) {
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    // RFC 8446 5.1: no other record comes between, and none is empty.
    const wrong = bytes[at] !== RECORD_HANDSHAKE || bytes[at + 1] !== 3 || length === 0 || length > RECORD_MAX_LENGTH;
    if (wrong) return malformed('bad-record');
    at += RECORD_HEADER_LENGTH;
    const piece = bytes.subarray(at, at + length);
    pieces.push(piece);
    gathered += piece.length;
    if (needed === HANDSHAKE_HEADER_LENGTH && gathered >= HANDSHAKE_HEADER_LENGTH) {
      const hello = handshakeLength(joined(pieces, HANDSHAKE_HEADER_LENGTH));
      if (hello > maxHelloLength) return malformed('hello-too-long');
      needed += hello;
    }
    const missing = needed - gathered;
    if (missing <= 0) return parseClientHello(joined(pieces, needed));
    const open = length - piece.length;
    if (open >= missing) return { kind: 'more', wanted: bytes.length + missing };
    if (open > 0) return { kind: 'more', wanted: bytes.length + RECORD_HEADER_LENGTH + missing };
    at += length;
  }
  return { kind: 'more', wanted: at + RECORD_HEADER_LENGTH + needed - gathered };
}

/** The first bytes, as far as they are there: a handshake record of a known version that begins with a ClientHello. */
function looksLikeTls(bytes: Uint8Array): boolean {
  const [type = RECORD_HANDSHAKE, major = 3, minor = 1, , , message = HANDSHAKE_CLIENT_HELLO] = bytes;
  return type === RECORD_HANDSHAKE && major === 3 && minor <= maxMinor && message === HANDSHAKE_CLIENT_HELLO;
}

/** The first `length` bytes of all pieces; a copy where they are in several. */
function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && first.length >= length) return first.subarray(0, length);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    const part = piece.subarray(0, length - at);
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function malformed(reason: RecordError): ParsedTls {
  return { kind: 'malformed', reason };
}
