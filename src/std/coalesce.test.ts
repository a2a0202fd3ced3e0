import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coalesce } from './coalesce.ts';

test('many callers share one run that begins after they asked', async () => {
  const ends: (() => void)[] = [];
  let runs = 0;
  const ask = coalesce(() => {
    runs += 1;
    const number = runs;
    return new Promise<number>((resolve) => ends.push(() => resolve(number)));
  });
  const first = ask();
  await Promise.resolve();
  const others = Array.from({ length: 50 }, ask);
  assert.equal(runs, 1, 'one at a time');
  ends[0]?.();
  assert.equal(await first, 1);
  await Promise.resolve();
  assert.equal(runs, 2);
  const late = ask();
  ends[1]?.();
  assert.deepEqual(new Set(await Promise.all(others)), new Set([2]), 'the one that began after they asked');
  await Promise.resolve();
  ends[2]?.();
  assert.equal(await late, 3);
});

test('one that fails fails for those who share it, and the next one runs', async () => {
  let runs = 0;
  const ask = coalesce(async () => {
    runs += 1;
    if (runs === 1) throw new Error('no');
    return runs;
  });
  await assert.rejects(ask(), /no/);
  assert.equal(await ask(), 2);
});
