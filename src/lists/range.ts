// Addresses in lists: one, a prefix, or the first and last of a range; read in bulk, so without the slow general reader.
import { type Address, ipv4, prefixOf } from '#model/net/address.ts';
import { parseIpv6 } from './ipv6.ts';

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
  return text.includes(':') ? v6Range(text) : undefined;
}

function v6Range(text: string): Range | undefined {
  const slash = text.indexOf('/');
  const address = parseIpv6(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { first: address, last: address };
  const bits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > 128) return undefined;
  // A prefix of mapped addresses (::ffff:0:0/96) is one of the IPv4 addresses that they stand for.
  const length = address.family === 4 ? Number(bits) - 96 : Number(bits);
  if (length < 0) return undefined;
  const first = prefixOf(address, length).address;
  return { first, last: lastOf(first, length) };
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
  return range?.first ?? (text.includes(':') ? parseIpv6(text.trim()) : undefined);
}

function lastOf({ family, w0, w1, w2, w3 }: Address, length: number): Address {
  if (family === 4) return ipv4(length === 32 ? w3 : (w3 | (0xffffffff >>> length)) >>> 0);
  const fill = (word: number, at: number) => {
    const bits = Math.min(Math.max(length - at, 0), 32);
    return bits === 32 ? word : (word | (0xffffffff >>> bits)) >>> 0;
  };
  return { family, w0: fill(w0, 0), w1: fill(w1, 32), w2: fill(w2, 64), w3: fill(w3, 96) };
}

/** Of one family, the first not above the last. */
function inOrder(first: Address, last: Address): boolean {
  if (first.family !== last.family) return false;
  for (const word of ['w0', 'w1', 'w2', 'w3'] as const) if (first[word] !== last[word]) return first[word] < last[word];
  return true;
}

export function rangeHolds({ first, last }: Range, address: Address): boolean {
  return inOrder(first, address) && inOrder(address, last);
}
