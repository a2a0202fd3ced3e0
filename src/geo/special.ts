// Addresses that are in no country, whatever a source says of them, and those that only carry an IPv4 address.
import { type Address, ipv4, type Prefix, parsePrefix } from '#model/net/address.ts';
import { scopePrefixes } from '#model/net/scope.ts';
import { Ranges } from './ranges.ts';
import { flatten, type Segments } from './segments.ts';

/** Besides those of the scopes loopback, lan and multicast. */
const nowhere = [
  // RFC 6890 2.2.2: IETF protocol assignments, benchmarking (RFC 2544), documentation (RFC 5737), reserved (RFC 1112 4)
  ...['192.0.0.0/24', '198.18.0.0/15', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
  // Documentation (RFC 3849, RFC 9637), benchmarking (RFC 5180), ORCHID (RFC 4843, RFC 7343), Teredo (RFC 4380)
  ...['2001:db8::/32', '3fff::/20', '2001:2::/48', '2001:10::/28', '2001:20::/28', '2001::/32'],
  // Discard (RFC 6666), site-local (RFC 3879), local translation (RFC 8215), old embedding (RFC 4291 2.5.5.1)
  ...['100::/64', 'fec0::/10', '64:ff9b:1::/48', '::/96'],
  // These stand for an IPv4 address, below.
  ...['64:ff9b::/96', '2002::/16'],
];

/** The IPv4 address inside a 6to4 (RFC 3056), NAT64 (RFC 6052 2.1) or v4-mapped address; the address itself when it is no such. */
export function embeddedIpv4(address: Address): Address {
  if (address.family === 4) return address;
  const { w0, w1, w2, w3 } = address;
  if (w0 >>> 16 === 0x2002) return ipv4((w0 << 16) | (w1 >>> 16));
  if (w0 === 0x0064ff9b && w1 === 0 && w2 === 0) return ipv4(w3);
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return ipv4(w3);
  return address;
}

/** What a table leaves out, for IPv4 (1 word) or IPv6 (4 words): segments of 1 where no address has a country. */
export function specialSegments(stride: 1 | 4): Segments {
  const family = stride === 1 ? 4 : 6;
  const ranges = new Ranges(stride);
  for (const prefix of [...Object.values(scopePrefixes).flat(), ...nowhere.map(prefixFrom)]) {
    if (prefix.address.family === family) ranges.add(wordsOf(prefix.address), lastOf(prefix), 1);
  }
  return flatten(ranges);
}

function prefixFrom(text: string): Prefix {
  const prefix = parsePrefix(text);
  if ('error' in prefix) throw new Error(prefix.error);
  return prefix;
}

/** One word, or four. */
export function wordsOf({ family, w0, w1, w2, w3 }: Address): Uint32Array {
  return family === 4 ? Uint32Array.of(w3) : Uint32Array.of(w0, w1, w2, w3);
}

/** The last address of the prefix. */
export function lastOf({ address, length }: Prefix): Uint32Array {
  const words = wordsOf(address);
  for (let bit = length; bit < words.length * 32; bit++)
    words[bit >> 5] = (words[bit >> 5] as number) | (1 << (31 - (bit & 31)));
  return words;
}
