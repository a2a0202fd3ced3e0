import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ancestorsOf, extendLineage, type Lineage, lineageOf, maxAncestors } from './lineage.ts';

test('the nearest program stands first', () => {
  const lineage = lineageOf(['/usr/bin/bash', '/usr/bin/sshd'], lineageOf(['/sbin/init']));
  assert.deepEqual(ancestorsOf(lineage), ['/usr/bin/bash', '/usr/bin/sshd', '/sbin/init']);
  assert.deepEqual(ancestorsOf(undefined), []);
});

test('a program that forks itself counts once, and costs nothing', () => {
  const lineage = lineageOf(['/usr/bin/bash']);
  assert.equal(extendLineage('/usr/bin/bash', lineage), lineage);
});

test('a chain without end keeps its nearest part and no more than twice of it in memory', () => {
  let lineage: Lineage | undefined;
  for (let index = 0; index < 10_000; index++) {
    lineage = extendLineage(`/bin/${index}`, lineage);
    assert.ok(lineage.depth <= 2 * maxAncestors);
  }
  const ancestors = ancestorsOf(lineage);
  assert.equal(ancestors.length, maxAncestors);
  assert.equal(ancestors[0], '/bin/9999');
  assert.equal(ancestors[63], '/bin/9936');
  let length = 0;
  for (let at = lineage; at !== undefined; at = at.up) length += 1;
  assert.equal(length, lineage?.depth);
});
