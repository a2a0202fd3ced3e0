// The counters are explained by their page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Counters, countersSchema } from '#model/status.ts';
import { counterGroups, isLoss } from './counters.ts';

const page = readFileSync(new URL('../../../docs/counters.md', import.meta.url), 'utf8');
const counters = Object.fromEntries(Object.keys(countersSchema.shape).map((name) => [name, 0])) as Counters;

test('every counter of the gate is found on the page once, in plain words', () => {
  const found = counterGroups(page, counters).flatMap((group) => group.counters);
  assert.deepEqual(found.map(({ name }) => name).sort(), Object.keys(counters).sort());
  for (const { text } of found) assert.doesNotMatch(text, /[`\]]\(|`/);
});

test('losses are those of the headings that speak of them', () => {
  const losses = counterGroups(page, counters).flatMap(({ title, counters: all }) =>
    all.filter(({ name }) => isLoss(title, name)).map(({ name }) => name),
  );
  assert.ok(losses.includes('unattributed') && losses.includes('quotaUser'));
  assert.ok(!losses.includes('packets') && !losses.includes('kernelRefused'));
});
