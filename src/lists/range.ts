// Addresses in lists: one, a prefix, or the first and last of a range; read in bulk, so without the slow general reader for IPv4.
import { type Address, ipv4, parseAddress, parsePrefix } from '#model/net/address.ts';

/** First and last address, both of one family and included. */
export interface Range {
  readonly first: Address;
  readonly last: Address;
}

const v4Pattern = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/;

/** `192.0.2.1`, `192.0.2.0/24`, `192.0.2.1-192.0.2.9`, and likewise for IPv6. Host bits of a prefix are cut off. */
export function parseRange(text: string): Range | undefined {
  const dash = text.indexOf('-');
  if (dash > 0) {
    const [first, last] = [parseOne(text.slice(0, dash)), parseOne(text.slice(dash + 1))];
    return first === undefined || last === undefined || !inOrder(first, last) ? undefined : { first, last };
  }
  const match = v4Pattern.exec(text);
  if (match !== null) return v4Range(match);
  if (!text.includes(':')) return undefined;
  const prefix = parsePrefix(text);
  if ('error' in prefix || prefix.address.family === 4) return undefined;
  return { first: prefix.address, last: lastOf(prefix.address, prefix.length) };
}

function v4Range([, a, b, c, d, bits]: RegExpExecArray): Range | undefined {
  const parts = [Number(a), Number(b), Number(c), Number(d)] as const;
  const length = bits === undefined ? 32 : Number(bits);
  if (parts.some((part) => part > 255) || length > 32) return undefined;
  const word = ((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) >>> 0;
  const rest = length === 32 ? 0 : 0xffffffff >>> length;
  return { first: ipv4((word & ~rest) >>> 0), last: ipv4((word | rest) >>> 0) };
}

function parseOne(text: string): Address | undefined {
  const range = v4Pattern.test(text.trim()) ? parseRange(text.trim()) : undefined;
  return range?.first ?? (text.includes(':') ? parseAddress(text.trim()) : undefined);
}

function lastOf({ family, w0, w1, w2, w3 }: Address, length: number): Address {
  const fill = (word: number, at: number) => {
    const bits = Math.min(Math.max(length - at, 0), 32);
    return bits === 32 ? word : (word | (0xffffffff >>> bits)) >>> 0;
  };
  return { family, w0: fill(w0, 0), w1: fill(w1, 32), w2: fill(w2, 64), w3: fill(w3, 96) };
}

function inOrder(first: Address, last: Address): boolean {
  if (first.family !== last.family) return false;
  for (const word of ['w0', 'w1', 'w2', 'w3'] as const) if (first[word] !== last[word]) return first[word] < last[word];
  return true;
}
