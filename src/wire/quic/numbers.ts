// The versions of QUIC whose Initial packets can be read, with their numbers, and the frames that stand in these.

export interface QuicVersion {
  readonly number: number;
  readonly salt: Uint8Array;
  /** Before `key`, `iv` and `hp` in the labels of HKDF. */
  readonly label: string;
  /** Types of long headers. */
  readonly types: { readonly initial: number; readonly zeroRtt: number; readonly handshake: number };
}

/** RFC 9000 15 and 17.2, RFC 9001 5.2. */
const version1: QuicVersion = {
  number: 1,
  salt: Uint8Array.of(
    ...[0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17],
    ...[0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a],
  ),
  label: 'quic ',
  types: { initial: 0, zeroRtt: 1, handshake: 2 },
};

/** RFC 9369 3. */
const version2: QuicVersion = {
  number: 0x6b3343cf,
  salt: Uint8Array.of(
    ...[0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93],
    ...[0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9],
  ),
  label: 'quicv2 ',
  types: { initial: 1, zeroRtt: 2, handshake: 3 },
};

export function quicVersion(number: number): QuicVersion | undefined {
  return number === version1.number ? version1 : number === version2.number ? version2 : undefined;
}

/** RFC 9000 17.2: bytes of a connection id. */
export const CONNECTION_ID_MAX = 20;
/** RFC 9000 14.1: a server must discard the Initial of a client in a smaller datagram, so that it says nothing. */
export const INITIAL_DATAGRAM_MIN = 1200;

// RFC 9000 19, those of 12.4 that a client may send in an Initial packet
export const FRAME_PADDING = 0x00;
export const FRAME_PING = 0x01;
export const FRAME_ACK = 0x02;
export const FRAME_ACK_ECN = 0x03;
export const FRAME_CRYPTO = 0x06;
export const FRAME_CONNECTION_CLOSE = 0x1c;
