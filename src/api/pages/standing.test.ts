// What is left of someone’s rights: never more than they had when they asked, never more than the account has now.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standingOf } from './standing.ts';

const lines = (text: string) => text.split('\n').map((line) => line.split(':'));
const passwd = lines('root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n');
const group = (members: string) => lines(`root:x:0:\nalice:x:1000:\nsudo:x:27:alice\npostern:x:990:${members}\n`);
const alice = { pid: 7, uid: 1000, gid: 1000, groups: [27, 990] };

test('a group that the account is still in is kept', () => {
  assert.deepEqual(standingOf(alice, passwd, group('bob,alice')), { user: 'alice', peer: alice });
});

test('one that it was taken out of is gone', () => {
  for (const members of ['', 'bob', 'alicex,xalice']) {
    assert.deepEqual(standingOf(alice, passwd, group(members)).peer.groups, [27], members);
  }
});

test('one that the asker did not have is not given', () => {
  assert.deepEqual(standingOf({ ...alice, groups: [27] }, passwd, group('alice')).peer.groups, [27]);
});

test('a first group that is none of the account is taken away', () => {
  const asked = { ...alice, gid: 990, groups: [] };
  assert.equal(standingOf(asked, passwd, group('')).peer.gid, 65_534);
  assert.equal(standingOf(asked, passwd, group('alice')).peer.gid, 990);
});

test('of who has no account here, or where nothing can be read, no group is left', () => {
  const nobody = { user: undefined, peer: { ...alice, gid: 65_534, groups: [] } };
  assert.deepEqual(standingOf(alice, passwd.slice(0, 1), group('alice')), nobody);
  assert.deepEqual(standingOf(alice, [], []), nobody);
});

test('root is root', () => {
  const root = { pid: 1, uid: 0, gid: 0, groups: [] };
  assert.deepEqual(standingOf(root, [], []), { user: 'root', peer: root });
});
