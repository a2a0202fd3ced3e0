// rtnetlink: what the kernel says, as iproute2 shows it, and what no kernel would say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, addressToBytes, formatAddress, parseAddress } from '#model/net/address.ts';
import { MessageReader } from '../netlink.ts';
import { Writer } from '../writer.ts';
import { parseLink, parseNeighbour, parseRoute } from './messages.ts';
import { appendListing, appendNeighbourUse } from './requests.ts';

function message(type: number, build: (writer: Writer) => void): MessageReader {
  const writer = Writer.growing(256);
  const start = writer.beginMessage(type, 0, 7);
  build(writer);
  writer.endMessage(start);
  const reader = new MessageReader(writer.finished());
  assert.ok(reader.next());
  return reader;
}

function u32(writer: Writer, type: number, value: number): void {
  const start = writer.beginAttribute(type);
  writer.u32(value);
  writer.endAttribute(start);
}

const address = (text: string) => addressToBytes(parseAddress(text) as Address);

/** struct rtmsg. */
function route(family: number, length: number, table: number, attributes: (writer: Writer) => void, type = 1) {
  return message(24, (writer) => {
    for (const byte of [family, length, 0, 0, table, 3, 0, type]) writer.u8(byte);
    writer.u32(0);
    attributes(writer);
  });
}

test('a link, with its kind and whether it is connected', () => {
  const link = message(16, (writer) => {
    writer.u16(0);
    writer.u16(1);
    writer.u32(5);
    writer.u32(0x1 | 0x10000);
    writer.u32(0);
    writer.attributeText(3, 'wg0');
    const info = writer.beginNested(18);
    writer.attributeText(1, 'wireguard');
    writer.endAttribute(info);
  });
  assert.deepEqual(parseLink(link), { index: 5, name: 'wg0', up: true, kind: 'wireguard' });
});

test('a default route, over IPv4, over IPv6, and over IPv4 by an IPv6 gateway', () => {
  const plain = route(2, 0, 254, (writer) => {
    u32(writer, 4, 3);
    writer.attributeBytes(5, address('192.0.2.1'));
    u32(writer, 6, 600);
  });
  const { gateway, ...rest } = parseRoute(plain) ?? {};
  assert.deepEqual(rest, { family: 4, prefixLength: 0, table: 254, metric: 600, interfaceIndex: 3 });
  assert.equal(formatAddress(gateway as Address), '192.0.2.1');
  const six = route(10, 0, 254, (writer) => {
    u32(writer, 4, 3);
    writer.attributeBytes(5, address('fe80::1'));
  });
  assert.equal(formatAddress(parseRoute(six)?.gateway as Address), 'fe80::1');
  const via = route(2, 0, 254, (writer) => {
    u32(writer, 4, 3);
    writer.attributeBytes(18, [10, 0, ...address('fe80::2')]);
  });
  assert.equal(formatAddress(parseRoute(via)?.gateway as Address), 'fe80::2');
});

test('of several gateways the first, a table beyond 255, and no way for what is refused there', () => {
  const several = route(2, 0, 252, (writer) => {
    u32(writer, 15, 51820);
    const hops = writer.beginAttribute(9);
    for (const [index, hop] of [
      [4, '192.0.2.1'],
      [5, '192.0.2.9'],
    ] as const) {
      writer.u16(16);
      writer.u16(0);
      writer.u32(index);
      writer.attributeBytes(5, address(hop));
    }
    writer.endAttribute(hops);
  });
  const parsed = parseRoute(several);
  assert.deepEqual([parsed?.table, parsed?.interfaceIndex], [51820, 4]);
  assert.equal(formatAddress(parsed?.gateway as Address), '192.0.2.1');
  const unreachable = route(2, 0, 254, (writer) => u32(writer, 4, 1), 7);
  assert.equal(parseRoute(unreachable), undefined);
});

test('a neighbour has a hardware address as long as the kernel is sure of it', () => {
  const neighbour = (state: number, hardware: readonly number[]) =>
    message(28, (writer) => {
      writer.u32(2);
      writer.u32(3);
      writer.u16(state);
      writer.u16(0);
      writer.attributeBytes(1, address('192.0.2.1'));
      writer.attributeBytes(2, hardware);
    });
  const mac = [2, 0, 0x5e, 0x10, 0, 1];
  assert.equal(parseNeighbour(neighbour(0x02, mac))?.hardware, '02:00:5e:10:00:01');
  assert.equal(parseNeighbour(neighbour(0x04, mac))?.hardware, '02:00:5e:10:00:01');
  assert.equal(parseNeighbour(neighbour(0x20, mac))?.hardware, undefined, 'failed');
  assert.equal(parseNeighbour(neighbour(0x01, mac))?.hardware, undefined, 'not answered yet');
  assert.equal(parseNeighbour(neighbour(0x02, [0, 0, 0, 0, 0, 0]))?.hardware, undefined);
});

test('what is asked for is one message each', () => {
  const writer = Writer.growing(64);
  appendListing(writer, 'links', 1);
  appendListing(writer, 'routes', 2);
  appendListing(writer, 'neighbours', 3);
  appendNeighbourUse(writer, 4, { address: parseAddress('192.0.2.1') as Address, interfaceIndex: 3 });
  const reader = new MessageReader(writer.finished());
  const seen: [number, number][] = [];
  while (reader.next()) seen.push([reader.type, reader.sequence]);
  assert.deepEqual(seen, [
    [18, 1],
    [26, 2],
    [30, 3],
    [28, 4],
  ]);
  assert.equal(reader.error, undefined);
});

test('whatever comes, nothing is read beyond its end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(16, 24, 28), (bytes, type) => {
      const reader = message(type, (writer) => writer.put(bytes));
      for (const parse of [parseLink, parseRoute, parseNeighbour]) {
        const parsed = parse(reader);
        if (parsed !== undefined) assert.equal(typeof parsed, 'object');
      }
    }),
    { numRuns: 2000 },
  );
});
