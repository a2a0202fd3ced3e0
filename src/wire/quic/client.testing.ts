// Writes a QUIC client's Initial packets for tests, with Web Crypto and Node's ciphers and none of the code under test.
import { createCipheriv } from 'node:crypto';

const salts = {
  1: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a',
  2: '0dede3def700a6db819381be6e269dcbf9bd2ed9',
} as const;

export type Version = keyof typeof salts;

const versionBytes = { 1: [0, 0, 0, 1], 2: [0x6b, 0x33, 0x43, 0xcf] } as const;
const initialType = { 1: 0, 2: 1 } as const;

/** HKDF-Expand-Label (RFC 8446 7.1), one block. */
async function expand(secret: Uint8Array, label: string, length: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', secret.slice(), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const text = Buffer.from(`tls13 ${label}`);
  const info = Buffer.from([0, length, text.length, ...text, 0, 1]);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, info)).slice(0, length);
}

export async function clientKeys(version: Version, id: Uint8Array) {
  // HKDF-Extract alone: HMAC of the salt as the key.
  const salt = Buffer.from(salts[version], 'hex');
  const key = await crypto.subtle.importKey('raw', salt, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const initial = new Uint8Array(await crypto.subtle.sign('HMAC', key, id.slice()));
  const secret = await expand(initial, 'client in', 32);
  const prefix = version === 1 ? 'quic' : 'quicv2';
  return {
    key: await expand(secret, `${prefix} key`, 16),
    iv: await expand(secret, `${prefix} iv`, 12),
    hp: await expand(secret, `${prefix} hp`, 16),
  };
}

export function varint(value: number): number[] {
  if (value < 64) return [value];
  if (value < 16_384) return [0x40 | (value >> 8), value & 255];
  return [0x80 | (value >>> 24), (value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export const cryptoFrame = (offset: number, bytes: Uint8Array): number[] => [
  6,
  ...varint(offset),
  ...varint(bytes.length),
  ...bytes,
];

export interface InitialParts {
  readonly version?: Version;
  readonly frames: readonly number[];
  /** Of the destination; that of RFC 9001 A by default. */
  readonly id?: Uint8Array;
  /** Of which the keys are made, where it is another. */
  readonly keysId?: Uint8Array;
  readonly sourceId?: readonly number[];
  readonly token?: readonly number[];
  readonly number?: number;
  readonly numberLength?: number;
  /** The whole packet has as many bytes at least, by PADDING. */
  readonly size?: number;
  /** Bits of the first byte that are turned over before protection. */
  readonly flip?: number;
}

export const rfcId = Uint8Array.of(0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08);

export async function buildInitial(parts: InitialParts): Promise<Uint8Array> {
  const { version = 1, id = rfcId, sourceId = [], token = [], number = 0, numberLength = 1, size = 1200 } = parts;
  const keys = await clientKeys(version, parts.keysId ?? id);
  const before = [
    (0xc0 | (initialType[version] << 4) | (numberLength - 1)) ^ (parts.flip ?? 0),
    ...versionBytes[version],
    id.length,
    ...id,
    sourceId.length,
    ...sourceId,
    ...varint(token.length),
    ...token,
  ];
  const numberBytes = Array.from({ length: numberLength }, (_, at) => (number >> (8 * (numberLength - 1 - at))) & 255);
  const fixed = before.length + 2 + numberLength + 16;
  const padding = Math.max(size - fixed - parts.frames.length, 4 - numberLength, 0);
  const plain = Uint8Array.from([...parts.frames, ...new Array<number>(padding).fill(0)]);
  const length = numberLength + plain.length + 16;
  const header = Uint8Array.from([...before, 0x40 | (length >> 8), length & 255, ...numberBytes]);
  const nonce = keys.iv.slice();
  for (let at = 0; at < numberLength; at++) {
    const place = 12 - numberLength + at;
    nonce[place] = (nonce[place] as number) ^ (numberBytes[at] as number);
  }
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce);
  cipher.setAAD(header);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const hide = createCipheriv('aes-128-ecb', keys.hp, null);
  const mask = hide.update(sealed.subarray(4 - numberLength, 20 - numberLength));
  const packet = Uint8Array.from([...header, ...sealed]);
  packet[0] = (packet[0] as number) ^ ((mask[0] as number) & 0x0f);
  for (let at = 0; at < numberLength; at++) {
    const place = header.length - numberLength + at;
    packet[place] = (packet[place] as number) ^ (mask[1 + at] as number);
  }
  return packet;
}

/** The CRYPTO frame of RFC 9001 A.2 and RFC 9369 A.2, whose ClientHello is for example.com. */
export const rfcFrame = Uint8Array.from(
  Buffer.from(
    '060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868' +
      '04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578' +
      '616d706c652e636f6dff01000100000a00080006001d00170018001000070005' +
      '04616c706e000500050100000000003300260024001d00209370b2c9caa47fba' +
      'baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400' +
      '0d0010000e0403050306030203080408050806002d00020101001c0002400100' +
      '3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000' +
      '75300901100f088394c8f03e51570806048000ffff',
    'hex',
  ),
);

/** The packet of A.2 in both: its parts are those of the RFC, so that its bytes are too; the test compares its ends with them. */
export const rfcInitial = (version: Version): Promise<Uint8Array> =>
  buildInitial({ version, frames: [...rfcFrame], number: 2, numberLength: 4 });
