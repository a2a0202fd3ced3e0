import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printableText, Reader } from './reader.ts';
import { Writer } from './writer.ts';

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0xf8);

test('host order is little-endian, network order big-endian', () => {
  const read = (get: (reader: Reader) => number | bigint) => get(new Reader(bytes));
  assert.equal(
    read((reader) => reader.u8()),
    1,
  );
  assert.equal(
    read((reader) => reader.u16()),
    0x0201,
  );
  assert.equal(
    read((reader) => reader.u32()),
    0x04030201,
  );
  assert.equal(
    read((reader) => reader.u64()),
    0xf807060504030201n,
  );
  assert.equal(
    read((reader) => reader.be16()),
    0x0102,
  );
  assert.equal(
    read((reader) => reader.be32()),
    0x01020304,
  );
  assert.equal(new Reader(bytes, 4).u32(), 0xf8070605);
  assert.equal(new Reader(bytes, 4).i32(), 0xf8070605 | 0);
});

test('a getter that would pass the end gives 0, and so does every later one', () => {
  const reader = new Reader(bytes, 5, 8);
  assert.equal(reader.u32(), 0);
  assert.equal(reader.error, 'truncated');
  assert.equal(reader.u8(), 0);
  assert.equal(reader.remaining(), 0);
  reader.reset(bytes);
  assert.equal(reader.error, undefined);
  assert.equal(reader.u8(), 1);
});

test('the first error stays, also over another window of the same bytes', () => {
  const reader = new Reader(bytes, 0, 2);
  reader.fail('bad-length');
  reader.skip(10);
  reader.move(0, 8);
  assert.equal(reader.u8(), 1);
  assert.equal(reader.error, 'bad-length');
});

test('a window outside the bytes is an error and reads nothing', () => {
  for (const [start, end] of [
    [-1, 4],
    [5, 4],
    [0, 9],
    [9, 9],
    [Number.NaN, 4],
    [0, Number.POSITIVE_INFINITY],
  ] as const) {
    const reader = new Reader(bytes, start, end);
    assert.equal(reader.error, 'truncated', `${start}–${end}`);
    assert.equal(reader.u8(), 0);
  }
});

test('no length moves a reader backwards', () => {
  const reader = new Reader(bytes, 4);
  reader.skip(-4);
  assert.equal(reader.error, 'truncated');
  assert.equal(reader.text(-1), '');
});

test('text ends at NUL and cannot carry control characters to a terminal', () => {
  const text = (value: string | readonly number[]) => {
    const raw = typeof value === 'string' ? Buffer.from(value) : Uint8Array.from(value);
    return printableText(raw, 0, raw.length);
  };
  assert.equal(text('eth0\0junk'), 'eth0');
  assert.equal(text('Zürich'), 'Zürich');
  assert.equal(text('a\x1b[31mb\nc\u202ed\u2028'), 'a\\u{1b}[31mb\\u{a}c\\u{202e}d\\u{2028}');
  assert.equal(text([0x61, 0xff, 0x62]), 'a\ufffdb');
});

test('what is written is read again', () => {
  const value = fc.oneof(
    fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
    fc.record({ kind: fc.constantFrom('u16' as const, 'be16' as const), value: fc.nat(0xffff) }),
    fc.record({
      kind: fc.constantFrom('u32' as const, 'be32' as const),
      value: fc.integer({ min: 0, max: 0xffffffff }),
    }),
  );
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const writer = Writer.growing(1);
      for (const { kind, value: number } of values) writer[kind](number);
      const reader = new Reader(writer.bytes, 0, writer.length);
      for (const { kind, value: number } of values) assert.equal(reader[kind](), number);
      assert.equal(reader.remaining(), 0);
      assert.equal(reader.error, undefined);
    }),
  );
});
