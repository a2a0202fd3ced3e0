// The most frequent of many, as sorting all of them would say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mostFrequent } from './most.ts';

test('the most frequent are those that sorting all would put first, equal ones in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(6), { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (counts, top) => {
      const there = counts.flatMap((count, at) => (count === 0 ? [] : [at]));
      const sorted = there.toSorted((a, b) => (counts[b] as number) - (counts[a] as number));
      const found = mostFrequent(Uint32Array.from(counts), top);
      assert.deepEqual(found, { most: sorted.slice(0, top), distinct: there.length });
    }),
  );
});
