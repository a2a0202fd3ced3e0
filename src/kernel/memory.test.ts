import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveBack } from './memory.ts';

test('what was needed once is given back', () => {
  let made: string[] | undefined = Array.from({ length: 300_000 }, (_, at) => `needed once, number ${at}`);
  const before = process.memoryUsage();
  assert.equal(made.length, 300_000);
  made = undefined;
  giveBack();
  const after = process.memoryUsage();
  assert.ok(after.heapUsed < before.heapUsed - 8e6, `${before.heapUsed} and then ${after.heapUsed} bytes`);
  assert.ok(after.heapTotal < before.heapTotal, `${before.heapTotal} and then ${after.heapTotal} bytes`);
  assert.equal(Reflect.get(globalThis, 'gc'), undefined);
});
