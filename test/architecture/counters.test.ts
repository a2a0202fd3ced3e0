// Nothing is dropped in silence: each counter and each reason is said in words that a person can read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasons } from '#model/connection.ts';
import { countersSchema } from '#model/status.ts';
import { readSource } from './sources.ts';

const page = readSource('docs/counters.md').text;
const explained = [...page.matchAll(/^\| `([a-zA-Z-]+)` +\| \S/gm)].map((found) => found[1] ?? '');

test('every counter is explained in docs/counters.md', () => {
  const counters = Object.keys(countersSchema.shape);
  assert.deepEqual(
    counters.filter((name) => !explained.includes(name)),
    [],
  );
});

test('every reason of a connection is explained there, and nothing that is neither', () => {
  assert.deepEqual(
    reasons.filter((name) => !explained.includes(name)),
    [],
  );
  const known = new Set<string>([...Object.keys(countersSchema.shape), ...reasons]);
  assert.deepEqual(
    explained.filter((name) => !known.has(name)),
    [],
  );
});
