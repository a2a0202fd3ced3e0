import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Details } from './details.ts';

test('facts are kept with the time at which they were read', () => {
  const details = new Details();
  details.set(1, { pid: 1 }, 5);
  details.set(1, { pid: 1, uid: 0 }, 6);
  assert.deepEqual([details.get(1)?.process.uid, details.get(1)?.read], [0, 6]);
  details.delete(1);
  details.delete(1);
  assert.equal(details.get(1), undefined);
});

test('long arguments push out what was kept the longest, and only as much as is needed', () => {
  const details = new Details();
  const args = ['x'.repeat(131_072)];
  for (let pid = 1; pid <= 200; pid++) details.set(pid, { pid, args }, 0);
  let kept = 0;
  for (let pid = 1; pid <= 200; pid++) if (details.get(pid) !== undefined) kept += 1;
  assert.equal(kept, 127);
  assert.ok(details.get(200) !== undefined && details.get(1) === undefined);
  // Room that was given back is used again.
  for (let pid = 1; pid <= 200; pid++) details.delete(pid);
  for (let pid = 1; pid <= 100; pid++) details.set(pid, { pid, args }, 0);
  assert.ok(details.get(1) !== undefined);
});

test('no more than 8192 processes are kept', () => {
  const details = new Details();
  for (let pid = 1; pid <= 9000; pid++) details.set(pid, { pid }, 0);
  assert.equal(details.get(808), undefined);
  assert.ok(details.get(809) !== undefined);
  details.clear();
  assert.equal(details.get(9000), undefined);
});
