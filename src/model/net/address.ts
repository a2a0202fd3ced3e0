// IP addresses and prefixes as small values: four 32-bit words, IPv4 in the last one.
import ipaddr from 'ipaddr.js';

/** An IPv4 or IPv6 address. IPv4 has w0 = w1 = 0, w2 = 0 and its 32 bits in w3; words are unsigned. */
export interface Address {
  readonly family: 4 | 6;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

/** A CIDR prefix; `length` is 0–32 for IPv4 and 0–128 for IPv6, and the host bits are zero. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

export function ipv4(word: number): Address {
  return { family: 4, w0: 0, w1: 0, w2: 0, w3: word >>> 0 };
}

/** IPv6 from four words; a v4-mapped address (::ffff:a.b.c.d) becomes the IPv4 address it stands for. */
export function ipv6(w0: number, w1: number, w2: number, w3: number): Address {
  if (w0 === 0 && w1 === 0 && w2 >>> 0 === 0xffff) return ipv4(w3);
  return { family: 6, w0: w0 >>> 0, w1: w1 >>> 0, w2: w2 >>> 0, w3: w3 >>> 0 };
}

/** Network-order bytes, 4 or 16 of them, to an address; undefined for any other length. */
export function addressFromBytes(bytes: ArrayLike<number>): Address | undefined {
  const word = (at: number) =>
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0;
  if (bytes.length === 4) return ipv4(word(0));
  if (bytes.length === 16) return ipv6(word(0), word(4), word(8), word(12));
  return undefined;
}

/** The address in network order: 4 bytes for IPv4, 16 for IPv6. */
export function addressToBytes(address: Address): Uint8Array {
  const words = address.family === 4 ? [address.w3] : [address.w0, address.w1, address.w2, address.w3];
  const bytes = new Uint8Array(words.length * 4);
  words.forEach((word, index) => {
    bytes[index * 4] = word >>> 24;
    bytes[index * 4 + 1] = (word >>> 16) & 255;
    bytes[index * 4 + 2] = (word >>> 8) & 255;
    bytes[index * 4 + 3] = word & 255;
  });
  return bytes;
}

/** Text as people write it: dotted quad or IPv6, no port, no prefix length, no zone; undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > 45) return undefined;
  const dotted = parseDotted(text);
  if (dotted !== undefined) return ipv4(dotted);
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return addressFromBytes(ipaddr.IPv6.parse(text).toByteArray());
}

/** By hand, since a replay reads two addresses of each of a million connections. No part begins with a zero that is not all of it. */
function parseDotted(text: string): number | undefined {
  let [value, part, dots] = [0, -1, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === dot) {
      if (part < 0) return undefined;
      value = value * 256 + part;
      part = -1;
      dots += 1;
      continue;
    }
    const digit = code - zero;
    if (digit < 0 || digit > 9 || part === 0) return undefined;
    part = part < 0 ? digit : part * 10 + digit;
    if (part > 255) return undefined;
  }
  return dots === 3 && part >= 0 ? value * 256 + part : undefined;
}

const dot = 46;
const zero = 48;

/** Dotted quad, or IPv6 as RFC 5952 says. */
export function formatAddress(address: Address): string {
  const { w3 } = address;
  if (address.family === 4) return `${w3 >>> 24}.${(w3 >>> 16) & 255}.${(w3 >>> 8) & 255}.${w3 & 255}`;
  return new ipaddr.IPv6([...addressToBytes(address)]).toRFC5952String();
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0;
}

function wordMask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** The prefix of this length that holds the address. `length` must fit the family. */
export function prefixOf(address: Address, length: number): Prefix {
  if (address.family === 4) return { address: ipv4((address.w3 & wordMask(length)) >>> 0), length };
  const masked: Address = {
    family: 6,
    w0: (address.w0 & wordMask(length)) >>> 0,
    w1: (address.w1 & wordMask(length - 32)) >>> 0,
    w2: (address.w2 & wordMask(length - 64)) >>> 0,
    w3: (address.w3 & wordMask(length - 96)) >>> 0,
  };
  return { address: masked, length };
}

export function prefixHolds(prefix: Prefix, address: Address): boolean {
  if (prefix.address.family !== address.family) return false;
  return sameAddress(prefixOf(address, prefix.length).address, prefix.address);
}

/** `10.0.0.0/8`, `2001:db8::/32` or a lone address (its full length); host bits must be zero. The error says what is wrong. */
export function parsePrefix(text: string): Prefix | { readonly error: string } {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return { error: `"${text}" is not an IP address or prefix` };
  const full = address.family === 4 ? 32 : 128;
  if (slash < 0) return { address, length: full };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > full) {
    return { error: `"${text}": the prefix length must be 0 to ${full}` };
  }
  const prefix = prefixOf(address, Number(digits));
  if (!sameAddress(prefix.address, address)) {
    return { error: `"${text}" has bits set after its prefix; did you mean ${formatPrefix(prefix)}?` };
  }
  return prefix;
}

/** A full-length prefix is shown as its address. */
export function formatPrefix(prefix: Prefix): string {
  const full = prefix.address.family === 4 ? 32 : 128;
  const address = formatAddress(prefix.address);
  return prefix.length === full ? address : `${address}/${prefix.length}`;
}
