// A name has one text, however somebody wrote it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Reader } from '../reader.ts';
import { readName } from './name.ts';
import { parseNameText } from './nametext.ts';

const a63 = 'a'.repeat(63);

const cases: Record<string, string> = {
  'site.example': 'site.example',
  'Site.EXAMPLE.': 'site.example',
  '': '.',
  '.': '.',
  'a_b-c.example': 'a_b-c.example',
  'a\\.b.example': 'a\\046b.example',
  'a\\\\b.example': 'a\\092b.example',
  'a\\065b.example': 'aab.example',
  '\\000.example': '\\000.example',
  'b端.example': 'b\\231\\171\\175.example',
  [a63]: a63,
  'www..example': 'bad-label',
  '.example': 'bad-label',
  '..': 'bad-label',
  [`${a63}a`]: 'bad-label',
  'a\\': 'bad-escape',
  'a\\2': 'bad-escape',
  'a\\25x': 'bad-escape',
  'a\\256': 'bad-escape',
  [`${a63}.${a63}.${a63}.${'a'.repeat(61)}`]: `${a63}.${a63}.${a63}.${'a'.repeat(61)}`,
  [`${a63}.${a63}.${a63}.${'a'.repeat(62)}`]: 'name-too-long',
  [`${a63}.`.repeat(40)]: 'name-too-long',
};

test('names in their text, with escapes and without', () => {
  for (const [text, expected] of Object.entries(cases)) {
    const result = parseNameText(text);
    assert.equal(result.ok ? result.value : result.error, expected, text);
  }
});

test('the text of a name that was read is that name', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 3 }), (labels) => {
      const bytes = Uint8Array.from([...labels.flatMap((one) => [one.length, ...one]), 0]);
      const read = readName(new Reader(bytes), 0);
      assert.ok(read.ok);
      assert.deepEqual(parseNameText(read.value), read);
      assert.deepEqual(parseNameText(`${read.value === '.' ? '' : read.value}.`), read);
    }),
    { numRuns: 500 },
  );
});

test('whatever text: a name that can be shown, or an error', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('.', '\\', '2', 'é', 'a') })),
      (text) => {
        const result = parseNameText(text);
        if (result.ok) assert.match(result.value, /^(\.|(?:[a-z0-9_-]|\\\d{3})+(?:\.(?:[a-z0-9_-]|\\\d{3})+)*)$/);
      },
    ),
    { numRuns: 2000 },
  );
});
