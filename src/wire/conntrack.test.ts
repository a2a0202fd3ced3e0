import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from '#model/flow.ts';
import { type Address, ipv4, ipv6, parseAddress } from '#model/net/address.ts';
import {
  appendConntrackDelete,
  appendConntrackDump,
  appendConntrackMark,
  CONNTRACK_ENTRY,
  type ConntrackEntry,
  IPS_SEEN_REPLY,
  parseConntrackEntry,
  type Tuple,
} from './conntrack.ts';
import { readCorpus, sampleOf } from './corpus.testing.ts';
import { MessageReader } from './netlink.ts';
import { Writer } from './writer.ts';

const samples = readCorpus('conntrack');
const at = (text: string, port: number): Endpoint => ({ address: parseAddress(text) as Address, port });
const joined = (...parts: string[]) => parts.join('').replaceAll(' ', '');

function written(append: (writer: Writer) => boolean): Uint8Array {
  const writer = Writer.growing();
  assert.ok(append(writer));
  return writer.finished();
}
const hexOf = (append: (writer: Writer) => boolean) => Buffer.from(written(append)).toString('hex');

const tuple: Tuple = { family: 4, protocol: 6, source: at('192.0.2.1', 0x1234), destination: at('198.51.100.7', 443) };
const tupleHex = (type: string) =>
  joined(
    '3400',
    type,
    '1400 0180 0800 0100 c0000201 0800 0200 c6336407',
    '1c00 0280 0500 0100 06 000000 0600 0200 1234 0000 0600 0300 01bb 0000',
  );

test('golden: a dump by mark, of both families', () => {
  assert.equal(
    hexOf((writer) => appendConntrackDump(writer, 6, 0x01000000, 0x0f000000)),
    joined('24000000 0101 0103 06000000 00000000 00 00 0000 0800 0800 01000000 0800 1500 0f000000'),
  );
});

test('golden: the mark of one entry; bits outside the mask are never sent', () => {
  assert.equal(
    hexOf((writer) => appendConntrackMark(writer, 7, { side: 'original', tuple }, 0xff000001, 0x0f000000)),
    joined(
      '58000000 0001 0500 07000000 00000000 02 00 0000',
      tupleHex('0180'),
      '0800 0800 0f000000 0800 1500 0f000000',
    ),
  );
});

test('golden: one entry deleted by its reply tuple, id and zone', () => {
  const name = { side: 'reply', tuple, id: 0x01020304, zone: 5 } as const;
  assert.equal(
    hexOf((writer) => appendConntrackDelete(writer, 7, name)),
    joined(
      '58000000 0201 0500 07000000 00000000 02 00 0000',
      tupleHex('0280'),
      '0600 1200 0005 0000 0800 0c00 01020304',
    ),
  );
});

test('golden: ICMPv6 has attributes of its own', () => {
  const icmp: Tuple = {
    family: 6,
    protocol: 58,
    source: at('2001:db8::1', 0),
    destination: at('2001:db8::2', 0),
    icmp: { type: 128, code: 0, id: 0x0102 },
  };
  const bytes = hexOf((writer) => appendConntrackDelete(writer, 1, { side: 'original', tuple: icmp }));
  assert.ok(
    bytes.endsWith(joined('2400 0280 0500 0100 3a 000000 0600 0700 0102 0000 0500 0800 80 000000 0500 0900 00 000000')),
  );
});

function entriesOf(bytes: Uint8Array): ConntrackEntry[] {
  const messages = new MessageReader(bytes);
  const entries: ConntrackEntry[] = [];
  while (messages.next()) {
    if (messages.type !== CONNTRACK_ENTRY) continue;
    const entry = parseConntrackEntry(messages);
    assert.ok(entry.ok);
    entries.push(entry.value);
  }
  assert.equal(messages.error, undefined);
  return entries;
}

test('the entries that a kernel listed', () => {
  const entries = samples.filter(({ name }) => name === 'conntrack').flatMap(({ bytes }) => entriesOf(bytes));
  const kinds = new Set(entries.map(({ original }) => `${original.family} ${original.protocol}`));
  assert.deepEqual([...kinds].sort(), ['4 1', '4 17', '4 6', '6 58', '6 6']);
  const echo = entries.find(({ original }) => original.protocol === 1);
  assert.deepEqual([echo?.original.icmp?.type, echo?.reply.icmp?.type], [8, 0]);
  assert.equal(echo?.original.icmp?.id, echo?.reply.icmp?.id);
  assert.equal((echo?.status ?? 0) & IPS_SEEN_REPLY, IPS_SEEN_REPLY);
  const tcp = entries.find(({ original }) => original.family === 4 && original.protocol === 6);
  assert.deepEqual(tcp?.reply, {
    ...tcp?.original,
    source: tcp?.original.destination,
    destination: tcp?.original.source,
  });
  // Before and after their marks were changed.
  assert.deepEqual([...new Set(entries.map(({ mark }) => mark))], [0x01000000, 0x02000000]);
});

test('an entry without its tuples is refused with a reason', () => {
  for (const name of [
    'entry without tuples',
    'tuple without addresses',
    'IPv4 address of 16 bytes',
    'nest longer than its parent',
  ]) {
    const messages = new MessageReader(sampleOf(samples, name));
    assert.ok(messages.next());
    const entry = parseConntrackEntry(messages);
    assert.ok(!entry.ok, name);
    assert.match(entry.error, /lacks its addresses|truncated/);
  }
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.nat(65535);
const four = word.map(ipv4);
const six = fc.tuple(word, word, word, word).map((words) => ipv6((words[0] | 1) >>> 0, words[1], words[2], words[3]));

function tuples(family: 4 | 6): fc.Arbitrary<Tuple> {
  const address: fc.Arbitrary<Address> = family === 4 ? four : six;
  const ported = fc.tuple(address, address, port, port, fc.nat(255)).map(
    ([source, destination, from, to, protocol]): Tuple => ({
      family,
      protocol,
      source: { address: source, port: from },
      destination: { address: destination, port: to },
      icmp: undefined,
    }),
  );
  const echo = fc.tuple(address, address, fc.nat(255), fc.nat(255), port).map(
    ([source, destination, type, code, id]): Tuple => ({
      family,
      protocol: family === 4 ? 1 : 58,
      source: { address: source, port: 0 },
      destination: { address: destination, port: 0 },
      icmp: { type, code, id },
    }),
  );
  return fc.oneof(ported, echo);
}

test('any tuple that is written is read again', () => {
  fc.assert(
    fc.property(fc.oneof(tuples(4), tuples(6)), word, (given, mark) => {
      // A request by each side, put together as the kernel's entry: both tuples, then the mark.
      const request = (side: 'original' | 'reply') =>
        written((writer) => appendConntrackMark(writer, 1, { side, tuple: given }, mark, 0xffffffff));
      const entry = Buffer.concat([request('original'), request('reply').subarray(20)]);
      entry.writeUInt32LE(entry.length, 0);
      const [found] = entriesOf(entry);
      assert.deepEqual([found?.original, found?.reply, found?.mark], [given, given, mark]);
    }),
  );
});
