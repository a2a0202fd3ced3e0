// Where the data of a TCP segment or a UDP datagram stands, and what the segment says of its place in the connection.
import { IPPROTO_TCP, IPPROTO_UDP } from '../constants/ip.ts';
import type { TcpSegment } from '../dns/stream.ts';
import type { PacketFields } from '../ip.ts';
import { Reader } from '../reader.ts';

/** As TcpSegment has it; of UDP only the payload says anything. The payload is a view. */
export type FirstPacket = TcpSegment;

/** RFC 9293 3.1 */
const fin = 0x01;
const syn = 0x02;
const rst = 0x04;
const minTcpHeader = 20;
const udpHeader = 8;

/**
 * The packet at `start`, of which the bytes up to `end` were copied and which `parsePacket` read into `fields`. Undefined when it
 * is neither TCP nor UDP, is a fragment, of which nobody knows the rest, or when a length contradicts itself.
 */
export function parsePayload(
  bytes: Uint8Array,
  start: number,
  end: number,
  fields: PacketFields,
): FirstPacket | undefined {
  if (fields.fragment !== 'none') return undefined;
  const packetEnd = fields.length === 0 ? end : Math.min(end, start + fields.length);
  const reader = new Reader(bytes, fields.transport, packetEnd);
  if (fields.protocol === IPPROTO_TCP) {
    reader.skip(4);
    const sequence = reader.be32();
    reader.skip(4);
    const headerLength = (reader.u8() >> 4) * 4;
    const flags = reader.u8();
    reader.skip(headerLength - 14);
    if (reader.error !== undefined || headerLength < minTcpHeader) return undefined;
    const payload = bytes.subarray(reader.offset, packetEnd);
    return { sequence, begins: (flags & syn) !== 0, ends: (flags & (fin | rst)) !== 0, payload };
  }
  if (fields.protocol !== IPPROTO_UDP) return undefined;
  reader.skip(4);
  const length = reader.be16();
  reader.skip(2);
  // RFC 2675 4: 0 of a jumbogram; a packet for GSO has the length of all its datagrams, as far as 16 bits go.
  if (reader.error !== undefined || (length !== 0 && length < udpHeader)) return undefined;
  const datagramEnd = length === 0 ? packetEnd : Math.min(packetEnd, fields.transport + length);
  return { sequence: 0, begins: false, ends: false, payload: bytes.subarray(reader.offset, datagramEnd) };
}
