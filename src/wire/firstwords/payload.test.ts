import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '#model/net/address.ts';
import { createPacketFields, parsePacket } from '../ip.ts';
import { buildIpv4Packet, buildIpv6Packet, type Ipv4Parts, tcpSegment, udpDatagram } from '../packets.testing.ts';
import { type FirstPacket, parsePayload } from './payload.ts';

const address = (text: string) => {
  const parsed = parseAddress(text);
  assert.ok(parsed !== undefined);
  return parsed;
};
const v4 = { source: address('192.0.2.1'), destination: address('198.51.100.2') };
const v6 = { source: address('2001:db8::1'), destination: address('2001:db8::2') };
const lead = 3;

/** What the packet, amid other bytes, says. */
function read(packet: Uint8Array, copied = packet.length): FirstPacket | undefined {
  const around = Uint8Array.from([9, 9, 9, ...packet, 8, 8, 8, 8]);
  const fields = createPacketFields();
  if (parsePacket(around, lead, lead + copied, fields) !== undefined) return undefined;
  return parsePayload(around, lead, lead + copied, fields);
}

const tcp = (flags: number, options: number[] = [], data = 'data', words = 5 + options.length / 4) => {
  const header = tcpSegment(4000, 443, flags);
  header.splice(4, 4, 0xfe, 0xdc, 0xba, 0x98);
  header[12] = words << 4;
  return [...header, ...options, ...Buffer.from(data)];
};
const ip = (payload: number[], parts: Partial<Ipv4Parts> = {}) =>
  buildIpv4Packet({ ...v4, protocol: 6, payload, ...parts });
const text = (packet: FirstPacket | undefined) => packet && Buffer.from(packet.payload).toString();

test('a TCP segment says its sequence, what it begins or ends, and its data', () => {
  assert.deepEqual(read(ip(tcp(0x18))), {
    sequence: 0xfedcba98,
    begins: false,
    ends: false,
    payload: new Uint8Array(Buffer.from('data')),
  });
  assert.equal(read(ip(tcp(0x02, [], '')))?.begins, true);
  assert.equal(read(ip(tcp(0x11)))?.ends, true);
  assert.equal(read(ip(tcp(0x04)))?.ends, true);
  assert.equal(text(read(ip(tcp(0x18, [1, 1, 1, 1, 1, 1, 1, 0])))), 'data');
  assert.equal(text(read(buildIpv6Packet({ ...v6, protocol: 6, payload: tcp(0x18) }))), 'data');
  const headers = [{ number: 60, bytes: [0, 1, 4, 0, 0, 0, 0] }];
  assert.equal(text(read(buildIpv6Packet({ ...v6, protocol: 6, headers, payload: tcp(0x18) }))), 'data');
});

test('a UDP datagram says its data', () => {
  const datagram = udpDatagram(5000, 443, [...Buffer.from('data')]);
  assert.equal(text(read(ip(datagram, { protocol: 17 }))), 'data');
  assert.equal(text(read(buildIpv6Packet({ ...v6, protocol: 17, payload: datagram }))), 'data');
  assert.equal(text(read(ip([...datagram, 1, 2], { protocol: 17 }))), 'data');
  datagram.splice(4, 2, 0, 7);
  assert.equal(read(ip(datagram, { protocol: 17 })), undefined);
});

test('what is behind the packet is none of it, and a copy that is cut says what it has', () => {
  assert.equal(text(read(Uint8Array.from([...ip(tcp(0x18)), 7, 7, 7]))), 'data');
  assert.equal(text(read(ip(tcp(0x18)), 42)), 'da');
});

test('lengths that contradict themselves, fragments and other protocols say nothing', () => {
  assert.equal(read(ip(tcp(0x18, [], 'data', 4))), undefined);
  assert.equal(read(ip(tcp(0x18, [], 'data', 15))), undefined);
  assert.equal(read(ip(tcp(0x18), { moreFragments: true })), undefined);
  assert.equal(read(ip(tcp(0x18), { fragmentOffset: 1 })), undefined);
  assert.equal(read(ip([8, 0, 0, 0, 0, 0, 0, 0], { protocol: 1 })), undefined);
});

test('whatever comes, nothing is read outside the packet', () => {
  const packet = fc.oneof(
    fc.constantFrom(ip(tcp(0x18, [1, 1, 1, 1])), ip(udpDatagram(5000, 443, [1, 2, 3]), { protocol: 17 })),
    fc.uint8Array({ maxLength: 80 }),
  );
  const edits = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(packet, edits, fc.nat(80), (bytes, changes, copied) => {
      const changed = bytes.slice();
      for (const [at, value] of changes) if (changed.length > 0) changed[at % changed.length] = value;
      const found = read(changed, Math.min(copied, changed.length));
      assert.ok(found === undefined || found.payload.byteOffset + found.payload.length <= lead + changed.length);
    }),
    { numRuns: 5000 },
  );
});
