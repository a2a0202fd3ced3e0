// The difference of two texts: what it says leads from one to the other, and it says no more than it must.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { differenceOf, type Hunk } from './difference.ts';
import { processorMs } from './processor.testing.ts';

const written = (hunks: readonly Hunk[]) =>
  hunks.map((lines) => lines.map(({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`));

/** The text after, made of the text before and the difference. */
function applied(before: string, hunks: readonly Hunk[]): string[] {
  const lines = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const made: string[] = [];
  let next = 0;
  for (const line of hunks.flat()) {
    if (line.before !== null) {
      while (next < line.before - 1) made.push(lines[next++] ?? '');
      assert.equal(lines[next], line.text);
      next += 1;
    }
    if (line.kind !== 'removed') {
      if (line.kind === 'added') while (made.length < (line.after ?? 0) - 1) made.push(lines[next++] ?? '');
      assert.equal(line.after, made.length + 1);
      made.push(line.text);
    }
  }
  return [...made, ...lines.slice(next)];
}

test('changed lines, with three around them', () => {
  const lines = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
  const before = lines.join('\n');
  const after = lines.map((line) => (line === 'b' ? 'B' : line)).join('\n');
  assert.deepEqual(written(differenceOf(before, after)), [[' a', '-b', '+B', ' c', ' d', ' e']]);
  assert.deepEqual(written(differenceOf(before, `${before}\nm\n`)), [[' j', ' k', ' l', '+m']]);
  assert.deepEqual(differenceOf(before, `${before}\n`), []);
});

test('changes near each other are one hunk, those far apart are several', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  const changed = (...at: number[]) => lines.map((line, index) => (at.includes(index) ? `${line}!` : line)).join('\n');
  assert.equal(differenceOf(lines.join('\n'), changed(5, 9)).length, 1);
  assert.equal(differenceOf(lines.join('\n'), changed(5, 30)).length, 2);
});

test('property: the difference leads from one text to the other', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = after === '' ? [] : after.replace(/\n$/, '').split('\n');
      assert.deepEqual(applied(before, differenceOf(before, after)), lines);
    }),
    { numRuns: 2000 },
  );
});

test('texts that have nothing in common are one replaced by the other, soon', () => {
  const many = (word: string) => Array.from({ length: 20_000 }, (_, index) => `${word} ${index}`).join('\n');
  const spent = processorMs(() => {
    const [hunk = []] = differenceOf(many('a'), many('b'));
    assert.equal(hunk.length, 40_000);
  });
  assert.ok(spent < 2000, `${spent} ms`);
});
