// IPv6 addresses from text, some hundred thousand a second: lists have that many.
import { type Address, ipv6 } from '#model/net/address.ts';

const maxText = 45;
const groups = new Uint16Array(8);

/** RFC 4291 2.2, without a zone and without a prefix length; a mapped address becomes the IPv4 address it stands for. Undefined for what is none. */
export function parseIpv6(text: string): Address | undefined {
  if (text.length < 2 || text.length > maxText) return undefined;
  groups.fill(0);
  let count = 0;
  /** How many groups stand before `::`. */
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    const end = groupEnd(text, at);
    if (text[end] === '.') {
      const quad = dottedQuad(text.slice(at));
      if (quad === undefined || count > 6) return undefined;
      groups[count++] = quad >>> 16;
      groups[count++] = quad & 0xffff;
      break;
    }
    if (end === at || end - at > 4 || count === 8) return undefined;
    groups[count++] = Number.parseInt(text.slice(at, end), 16);
    if (end === text.length) break;
    if (text[end] !== ':') return undefined;
    at = end + 1;
    if (text[at] === ':') {
      if (gap >= 0) return undefined;
      gap = count;
      at += 1;
    } else if (at === text.length) return undefined;
  }
  if (gap < 0 ? count !== 8 : count === 8) return undefined;
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  const word = (index: number) => (((groups[index] as number) << 16) | (groups[index + 1] as number)) >>> 0;
  return ipv6(word(0), word(2), word(4), word(6));
}

function groupEnd(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isHex = (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
    if (!isHex) break;
  }
  return at;
}

function dottedQuad(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1) ?? [];
  if (parts.length === 0 || parts.some((part) => Number(part) > 255 || (part.length > 1 && part[0] === '0'))) {
    return undefined;
  }
  return parts.reduce((word, part) => ((word << 8) | Number(part)) >>> 0, 0);
}
