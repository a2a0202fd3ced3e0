// Opens a client's Initial packet: takes the header's protection away (RFC 9001 5.4), then decrypts it (5.3).
import type { QuicCrypto } from './crypto.ts';
import type { InitialKeys } from './keys.ts';

const sampleLength = 16;
const maxNumberLength = 4;

/**
 * What the packet at `start`, whose number begins at `number` and which ends at `end`, holds; undefined when these are not its
 * keys, or it is not a packet. The packet's number is taken as it stands: the first ones of a client are not shortened (RFC 9000 A.2).
 */
export function openInitial(
  ciphers: QuicCrypto,
  { key, iv, hp }: InitialKeys,
  bytes: Uint8Array,
  { start, number, end }: { readonly start: number; readonly number: number; readonly end: number },
): Uint8Array | undefined {
  const sample = number + maxNumberLength;
  if (sample + sampleLength > end) return undefined;
  const mask = ciphers.encryptBlock(hp, bytes.subarray(sample, sample + sampleLength));
  const first = (bytes[start] as number) ^ ((mask[0] as number) & 0x0f);
  const numberLength = (first & 3) + 1;
  // Copies, also of a Buffer, whose slice() is none.
  const header = new Uint8Array(bytes.subarray(start, number + numberLength));
  header[0] = first;
  const nonce = new Uint8Array(iv);
  for (let at = 0; at < numberLength; at++) {
    const place = header.length - numberLength + at;
    const byte = (header[place] as number) ^ (mask[1 + at] as number);
    header[place] = byte;
    const nonceAt = nonce.length - numberLength + at;
    nonce[nonceAt] = (nonce[nonceAt] as number) ^ byte;
  }
  const plain = ciphers.open(key, nonce, header, bytes.subarray(number + numberLength, end));
  // RFC 9000 17.2: reserved bits are 0, else the server ends the connection.
  return (first & 0x0c) === 0 ? plain : undefined;
}
