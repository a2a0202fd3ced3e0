import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Process } from '#model/process.ts';
import { mergeProcesses, settleCandidates } from './candidates.ts';

const curl: Process = { pid: 1, exe: '/usr/bin/curl', uid: 1000, args: ['curl', 'a'], groups: [1, 2], script: null };
const evil: Process = { pid: 2, exe: '/tmp/evil', uid: 1000, args: ['curl', 'a'], groups: [1], script: null };
const systemd: Process = { pid: 1, exe: '/usr/lib/systemd/systemd', uid: 0 };

test('one candidate is it', () => {
  assert.equal(settleCandidates([curl]), curl);
  assert.equal(settleCandidates([]), undefined);
});

test('one that was not seen to begin makes the answer unsure', () => {
  assert.equal(settleCandidates([curl, { ...curl, seeded: true }])?.seeded, true);
  assert.equal(settleCandidates([{ ...curl, seeded: true }, curl])?.seeded, true);
});

test('of several, what all agree on is known, and nothing else', () => {
  assert.deepEqual(settleCandidates([curl, evil]), { uid: 1000, args: ['curl', 'a'], script: null });
  const other = { ...curl, pid: 9, args: ['curl', 'b'] };
  assert.deepEqual(settleCandidates([curl, other]), { exe: '/usr/bin/curl', uid: 1000, groups: [1, 2], script: null });
});

test('a candidate that cannot be read may be any program', () => {
  assert.equal(settleCandidates([curl, undefined]), undefined);
});

test('the service manager holds sockets for others', () => {
  assert.equal(settleCandidates([systemd, curl]), curl);
  assert.equal(settleCandidates([systemd]), systemd);
  assert.deepEqual(settleCandidates([systemd, curl, evil]), settleCandidates([curl, evil]));
});

const anyProcess = fc.record(
  {
    pid: fc.constantFrom(1, 2),
    exe: fc.constantFrom('/a', '/b', null),
    uid: fc.constantFrom(0, 1),
    args: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

test('merging says nothing that one of the candidates does not say, whatever their order', () => {
  fc.assert(
    fc.property(fc.array(anyProcess, { minLength: 1, maxLength: 4 }), (candidates) => {
      const merged = mergeProcesses(candidates) ?? {};
      for (const [key, value] of Object.entries(merged)) {
        for (const candidate of candidates) assert.deepEqual((candidate as Record<string, unknown>)[key], value);
      }
      assert.deepEqual(mergeProcesses(candidates.toReversed()), merged);
    }),
  );
});
