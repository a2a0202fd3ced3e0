// Messages over TCP come out whole, in order and once, however their packets come; or it is said why not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DnsStream } from './stream.ts';
import { buildQuery, framed } from './writer.testing.ts';

const first = 0xffff_fff0;
const empty = new Uint8Array(0);

function begun(maxMessage = 65535): DnsStream {
  const stream = new DnsStream(maxMessage);
  stream.handle({ sequence: first, begins: true, ends: false, payload: empty });
  return stream;
}

/** The bytes from `at` to `end` of a stream whose first byte follows the SYN. */
function piece(bytes: Uint8Array, at: number, end: number) {
  return { sequence: (first + 1 + at) >>> 0, begins: false, ends: false, payload: bytes.subarray(at, end) };
}

const one = buildQuery(1, 'one.example');
const two = buildQuery(2, 'two.example');
const both = framed(one, two);

const read = (stream: DnsStream, bytes: Uint8Array, ...cuts: (readonly [number, number])[]) =>
  cuts.flatMap(([at, end]) => [...stream.handle(piece(bytes, at, end))]).map((message) => [...message]);
const expected = [[...one], [...two]];

test('two messages in one segment, and one byte in each', () => {
  assert.deepEqual(read(begun(), both, [0, both.length]), expected);
  assert.deepEqual(read(begun(), both, ...[...both.keys()].map((at) => [at, at + 1] as const)), expected);
});

test('retransmitted, overlapping and out of order', () => {
  const half = 20;
  assert.deepEqual(read(begun(), both, [0, half], [0, half], [10, 30], [5, 12], [30, both.length]), expected);
  const stream = begun();
  assert.deepEqual(read(stream, both, [40, both.length], [half, 45], [0, half]), expected);
  assert.equal(stream.size, 0);
});

test('data in the SYN, and a SYN that comes again', () => {
  const stream = new DnsStream(65535);
  const syn = { sequence: first, begins: true, ends: false, payload: both.subarray(0, 5) };
  assert.deepEqual(stream.handle(syn), []);
  assert.deepEqual(read(stream, both, [5, 20]), []);
  assert.deepEqual(stream.handle(syn), []);
  assert.deepEqual(read(stream, both, [20, both.length]), expected);
});

test('it ends with its FIN, when all before it has come', () => {
  const stream = begun();
  const end = { ...piece(both, 30, both.length), ends: true };
  stream.handle(end);
  assert.equal(stream.ended, false);
  assert.equal(stream.handle(piece(both, 0, 30)).length, 2);
  assert.equal(stream.ended, true);
});

test('a stream whose beginning was not seen teaches nothing, until another begins', () => {
  const stream = new DnsStream(65535);
  assert.deepEqual(stream.handle(piece(both, 0, both.length)), []);
  assert.equal(stream.lost, 'joined-late');
  assert.deepEqual(stream.handle(piece(both, 0, both.length)), []);
  stream.handle({ sequence: first, begins: true, ends: false, payload: empty });
  assert.deepEqual(read(stream, both, [0, both.length]), expected);
});

test('too far ahead, too many pieces or too many bytes ahead is a gap', () => {
  const far = begun();
  far.handle({ sequence: (first + 1 + 70_000) >>> 0, begins: false, ends: false, payload: both });
  assert.equal(far.lost, 'gap');
  const pieces = begun();
  for (let at = 1; at <= 17; at++) pieces.handle(piece(both, 2 * at, 2 * at + 1));
  assert.equal(pieces.lost, 'gap');
  const large = begun();
  for (let at = 1; at <= 3; at++) {
    large.handle({ sequence: (first + 1 + at) >>> 0, begins: false, ends: false, payload: new Uint8Array(30_000) });
  }
  assert.equal(large.lost, 'gap');
  assert.equal(large.size, 0);
});

test('bytes that come twice and differ are a conflict where nobody knows which the kernel takes', () => {
  const other = both.map((byte) => byte ^ 1);
  const stream = begun();
  stream.handle(piece(other, 20, 40));
  assert.deepEqual(stream.handle(piece(both, 0, 30)), []);
  assert.equal(stream.lost, 'conflict');
});

test('of what was already taken in order, what came first stays', () => {
  const other = both.map((byte) => byte ^ 1);
  const stream = begun();
  stream.handle(piece(both, 0, 30));
  stream.handle(piece(other, 0, 30));
  assert.deepEqual(read(stream, both, [30, both.length]), expected);
});

test('a length below a header or above the bound ends it', () => {
  const short = begun();
  assert.deepEqual(read(short, framed(one, new Uint8Array(11)), [0, 2 + one.length + 13]), [[...one]]);
  assert.equal(short.lost, 'bad-length');
  const long = begun(one.length - 1);
  long.handle(piece(both, 0, 2));
  assert.equal(long.lost, 'bad-length');
});

test('a message of 65,535 bytes', () => {
  const most = new Uint8Array(65535).fill(7);
  const bytes = framed(most);
  const cuts = Array.from({ length: 47 }, (_, at) => [at * 1400, (at + 1) * 1400] as const);
  assert.deepEqual(read(begun(), bytes, ...cuts), [[...most]]);
});

test('in whatever pieces and order, each message comes once', () => {
  const shape = fc.record({
    lengths: fc.array(fc.integer({ min: 12, max: 300 }), { minLength: 1, maxLength: 5 }),
    cuts: fc.array(fc.nat(1500), { maxLength: 10 }),
    order: fc.array(fc.nat(15), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(shape, ({ lengths, cuts, order }) => {
      const messages = lengths.map((length, at) => new Uint8Array(length).map((_, index) => (index + at) & 255));
      const bytes = framed(...messages);
      const edges = [...new Set([0, bytes.length, ...cuts.map((cut) => cut % bytes.length)])].sort((a, b) => a - b);
      const pieces = edges.slice(1).map((end, at) => [edges[at] ?? 0, end] as const);
      const stream = begun();
      // In any order, some of them again and some not; then all that may be missing.
      const shuffled = order.slice(0, 12).flatMap((at) => pieces[at % pieces.length] ?? []);
      const first = Array.from({ length: shuffled.length / 2 }, (_, at) => [shuffled[2 * at], shuffled[2 * at + 1]]);
      const got = read(stream, bytes, ...(first as [number, number][]), ...pieces);
      assert.equal(stream.lost, undefined);
      assert.deepEqual(
        got,
        messages.map((message) => [...message]),
      );
      assert.equal(stream.size, 0);
    }),
    { numRuns: 500 },
  );
});
