// The quick reader of common lines says what the thorough one says, whatever the bytes are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLine } from './line.ts';
import { type ListSink, readList } from './read.ts';
import { ShortLine } from './shortline.ts';

const runs = process.env.POSTERN_LONG === undefined ? 100_000 : 1_000_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const short = new ShortLine();

function check(line: Uint8Array): boolean {
  // Bytes around it must not count.
  const around = new Uint8Array(line.length + 8).fill(0x5e);
  around.set(line, 4);
  if (!short.read(around, 4, 4 + line.length)) return false;
  const names = [decoder.decode(short.name.subarray(0, short.length))];
  const expected = parseLine(decoder.decode(line));
  assert.deepEqual(expected, { type: 'names', format: short.format, kind: short.kind, names }, decoder.decode(line));
  return true;
}

const part = fc.constantFrom(
  ...[
    '0.0.0.0',
    '127.0.0.1',
    '10.0.0.1',
    ' ',
    '\t',
    '||',
    '^',
    '*',
    '.',
    '*.',
    '#',
    '-',
    '_',
    '\r',
    'a',
    'B',
    '7',
    'com',
  ],
  ...[
    'ads.example',
    'localhost',
    'localhost.localdomain',
    'x'.repeat(63),
    'y'.repeat(64),
    'ü',
    '$',
    '@@',
    '/',
    ':',
    '[',
  ],
);

test('what it reads, the other reads alike', () => {
  let read = 0;
  const line = fc.array(part, { maxLength: 8 }).map((parts) => encoder.encode(parts.join('')));
  const any = fc.oneof({ weight: 9, arbitrary: line }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(any, (bytes) => {
      if (!bytes.includes(0x0a) && check(bytes)) read += 1;
    }),
    { numRuns: runs },
  );
  assert.ok(read > runs / 200, `only ${read} lines were common ones`);
});

test('the common lines of each format are read without a string', () => {
  for (const text of [
    ...['0.0.0.0 ads.example', '127.0.0.1\tads.example\r', '0.0.0.0  a.b.c.example'],
    ...[
      'ads.example',
      'ADS.Example',
      '*.ads.example',
      '.ads.example',
      '||ads.example^',
      'xn--bcher-kva.example',
      'a_b.example',
    ],
  ]) {
    assert.ok(check(encoder.encode(text)), text);
  }
  for (const text of [
    'localhost.localdomain',
    '0.0.0.0 localhost',
    '192.0.2.1',
    'a.b$c^',
    '||a.example^$all',
    'com',
    '',
  ]) {
    assert.ok(!check(encoder.encode(text)), text);
  }
});

test('a whole list reads as its lines do, one by one', () => {
  const text = fc.array(
    fc.array(part, { maxLength: 4 }).map((parts) => parts.join('')),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(text, fc.boolean(), (lines, marked) => {
      const found: string[] = [];
      const sink: ListSink = {
        name: (bytes, length, kind, line) => found.push(`${line} ${kind} ${decoder.decode(bytes.subarray(0, length))}`),
        range: (_, range, line) => found.push(`${line} range ${range}`),
      };
      const report = readList(encoder.encode(`${marked ? '\ufeff' : ''}${lines.join('\n')}`), sink);
      const parsed = lines.map(parseLine);
      const expected = parsed.flatMap((line, at) => {
        if (line.type === 'names') return line.names.map((one) => `${at + 1} ${line.kind} ${one}`);
        return line.type === 'range' ? [`${at + 1} range ${line.text}`] : [];
      });
      assert.deepEqual(found, expected);
      assert.equal(report.skipped, parsed.filter(({ type }) => type === 'skipped').length);
      assert.equal(report.names + report.addresses, expected.length);
    }),
    { numRuns: 2000 },
  );
});
