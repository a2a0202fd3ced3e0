// Builds packets for tests: right ones by default, wrong ones when a field is given.
import { type Address, addressToBytes } from '#model/net/address.ts';

export interface Ipv4Parts {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly payload?: readonly number[];
  /** A multiple of 4 bytes. */
  readonly options?: readonly number[];
  /** In units of 8 bytes. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  /** Instead of the right ones. */
  readonly totalLength?: number;
  readonly headerWords?: number;
}

export interface Ipv6Parts {
  readonly source: Address;
  readonly destination: Address;
  /** Protocol of what follows the extension headers. */
  readonly protocol: number;
  readonly payload?: readonly number[];
  /** Extension headers in order: their number, and their bytes without the next-header byte. */
  readonly headers?: readonly { readonly number: number; readonly bytes: readonly number[] }[];
  readonly payloadLength?: number;
}

const be16 = (value: number) => [(value >> 8) & 255, value & 255];

export function buildIpv4Packet(parts: Ipv4Parts): Uint8Array {
  const { options = [], payload = [] } = parts;
  const headerLength = 20 + options.length;
  const header = [
    0x40 | (parts.headerWords ?? headerLength / 4),
    0,
    ...be16(parts.totalLength ?? headerLength + payload.length),
    0,
    1,
    ...be16((parts.fragmentOffset ?? 0) | (parts.moreFragments ? 0x2000 : 0)),
    64,
    parts.protocol,
    0,
    0,
    ...addressToBytes(parts.source),
    ...addressToBytes(parts.destination),
    ...options,
  ];
  const sum = internetChecksum(header);
  header[10] = sum >> 8;
  header[11] = sum & 255;
  return Uint8Array.from([...header, ...payload]);
}

export function buildIpv6Packet(parts: Ipv6Parts): Uint8Array {
  const { headers = [], payload = [] } = parts;
  const numbers = [...headers.map(({ number }) => number), parts.protocol];
  const extensions = headers.flatMap(({ bytes }, index) => [numbers[index + 1] as number, ...bytes]);
  return Uint8Array.from([
    0x60,
    0,
    0,
    0,
    ...be16(parts.payloadLength ?? extensions.length + payload.length),
    numbers[0] as number,
    64,
    ...ipv6Bytes(parts.source),
    ...ipv6Bytes(parts.destination),
    ...extensions,
    ...payload,
  ]);
}

/** An IPv4 address in an IPv6 packet is a v4-mapped one. */
function ipv6Bytes(address: Address): readonly number[] {
  const bytes = [...addressToBytes(address)];
  return address.family === 6 ? bytes : [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes];
}

/** The header of a TCP segment, 20 bytes; SYN by default. */
export function tcpSegment(sourcePort: number, destinationPort: number, flags = 0x02): number[] {
  return [...be16(sourcePort), ...be16(destinationPort), 0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
}

export function udpDatagram(sourcePort: number, destinationPort: number, data: readonly number[] = []): number[] {
  return [...be16(sourcePort), ...be16(destinationPort), ...be16(8 + data.length), 0, 0, ...data];
}

export function sctpChunk(sourcePort: number, destinationPort: number): number[] {
  return [...be16(sourcePort), ...be16(destinationPort), 0, 0, 0, 0, 0, 0, 0, 0];
}

/** An ICMP or ICMPv6 message; `id` is only of echo messages. */
export function icmpMessage(type: number, code: number, id = 0, data: readonly number[] = []): number[] {
  return [type, code, 0, 0, ...be16(id), 0, 1, ...data];
}

function internetChecksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
