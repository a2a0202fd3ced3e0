// The headers of QUIC packets (RFC 9000 17.2) as far as they can be read without keys: enough to walk through a datagram.
import { Reader } from '../reader.ts';
import { CONNECTION_ID_MAX, type QuicVersion, quicVersion } from './numbers.ts';
import { readVarint } from './varint.ts';

/**
 * `other-long`: a 0-RTT or Handshake packet, which tells nothing. `short`: a short header, or what is no QUIC at all; it goes to
 * the datagram's end. `unknown-version`: also a version negotiation; nobody knows where it ends. `wrong`: a length contradicts
 * itself, or it is a Retry, which clients do not send.
 */
export type QuicHeader =
  | { readonly kind: 'short' | 'unknown-version' | 'wrong' }
  | {
      readonly kind: 'initial' | 'other-long';
      readonly version: QuicVersion;
      /** A view. */
      readonly destinationId: Uint8Array;
      /** Where the packet number begins, which is hidden still. */
      readonly number: number;
      /** Where the packet ends, and another may begin (12.2). */
      readonly end: number;
    };

/** The packet that begins at `start` and ends at `end` or earlier. */
export function parseQuicHeader(bytes: Uint8Array, start: number, end: number): QuicHeader {
  const reader = new Reader(bytes, start, end);
  const first = reader.u8();
  if ((first & 0x80) === 0) return { kind: 'short' };
  const version = quicVersion(reader.be32());
  if (reader.error !== undefined) return { kind: 'wrong' };
  if (version === undefined) return { kind: 'unknown-version' };
  const { types } = version;
  const type = (first >> 4) & 3;
  // 17.2: the fixed bit. A packet without it is discarded; only a server that said so before takes it (RFC 9287).
  if ((first & 0x40) === 0) return { kind: 'wrong' };
  const destinationId = connectionId(reader);
  connectionId(reader);
  if (type === types.initial) reader.skip(readVarint(reader));
  else if (type !== types.zeroRtt && type !== types.handshake) return { kind: 'wrong' };
  const length = readVarint(reader);
  const number = reader.offset;
  reader.skip(length);
  if (reader.error !== undefined || destinationId === undefined) return { kind: 'wrong' };
  return {
    kind: type === types.initial ? 'initial' : 'other-long',
    version,
    destinationId,
    number,
    end: reader.offset,
  };
}

function connectionId(reader: Reader): Uint8Array | undefined {
  const length = reader.u8();
  const start = reader.offset;
  if (length > CONNECTION_ID_MAX) reader.fail('bad-length');
  reader.skip(length);
  return reader.error === undefined ? reader.bytes.subarray(start, start + length) : undefined;
}
