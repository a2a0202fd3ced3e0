// What is forwarded for a program of this machine is judged from both sides.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '#model/attempt.ts';
import type { Mode } from '#model/mode.ts';
import { attempt, rule } from '../../test/dsl.ts';
import { accounts, places } from './arbitrary.ts';
import { cacheable } from './cache/mask.ts';
import { judgingGuests } from './guest.ts';
import { compilePolicy } from './policy.ts';

const forwarded = attempt('10.9.1.2 ⇒ 198.51.100.7:443/tcp');
const identity = { device: '8:1', inode: '7', generation: '1', ctime: '1' };
const guest: Attempt = {
  ...forwarded,
  process: {
    pid: 7,
    startTime: '9',
    exe: null,
    image: { path: '/usr/bin/curl', identity, state: 'foreign' },
    container: 'web',
    cgroup: '/docker-web.scope',
    uid: 0,
    gid: 0,
  },
};

function policyOf(texts: readonly string[], mode: Mode) {
  const { policy, problems } = compilePolicy(
    texts.map((text) => rule(text)),
    { revision: 1, mode, accounts, places },
  );
  assert.deepEqual(problems, []);
  return judgingGuests(policy);
}

const decide = (texts: readonly string[], mode: Mode, asked = guest) => {
  const { action, rule: name } = policyOf(texts, mode).decide(asked, 0);
  return `${action} ${name === null ? 'mode' : 'rule'}`;
};

test('a rule decides before the mode, and the stricter one of two rules', () => {
  const outward = 'allow any to 198.51.100.7';
  const through = 'allow any direction forward';
  assert.equal(decide([], 'lockdown'), 'reject mode');
  assert.equal(decide([outward], 'lockdown'), 'allow rule');
  assert.equal(decide([through], 'lockdown'), 'allow rule');
  assert.equal(decide([outward, 'reject any direction forward'], 'lockdown'), 'reject rule');
  assert.equal(decide(['reject any to 198.51.100.7', through], 'allow'), 'reject rule');
  assert.equal(decide(['reject any to 198.51.100.7', 'drop any direction forward'], 'allow'), 'drop rule');
  assert.equal(decide(['ask any to 198.51.100.7', through], 'lockdown'), 'ask rule');
});

test('without a program a forwarded flow has one side', () => {
  assert.equal(decide(['allow any to 198.51.100.7'], 'lockdown', forwarded), 'reject mode');
  assert.equal(decide(['reject any to 198.51.100.7', 'allow any direction forward'], 'ask', forwarded), 'allow rule');
});

test('what is decided rests on what both sides looked at', () => {
  const asked = (texts: readonly string[]) => {
    const { decision, consulted } = policyOf(texts, 'lockdown').decideConsulting(guest, 0);
    const entry = cacheable(guest, decision, consulted);
    assert.ok(entry.ok, entry.ok ? '' : entry.why);
    return entry.mask;
  };
  const one = asked(['allow any port 443']);
  assert.deepEqual([one.port, one.local, one.remoteBits], [true, false, 0]);
  const two = asked(['allow any port 443', 'allow any direction forward from 10.9.1.0/24 to 198.51.100.7']);
  assert.deepEqual([two.port, two.local, two.remoteBits], [true, true, 32]);
});

test('the explanation names both sides', () => {
  const said = policyOf(['allow any to 198.51.100.7', 'reject any direction forward'], 'ask').explain(guest, 0);
  assert.equal(said.action, 'reject');
  assert.deepEqual(
    said.trace.filter(({ why }) => why.includes('It matches')).map(({ why }) => why),
    ['As outgoing: It matches: allow.', 'As forwarded: It matches: reject.'],
  );
});
