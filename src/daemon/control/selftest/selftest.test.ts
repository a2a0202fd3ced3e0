// What the self-test says of each way that it can go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mode } from '#model/mode.ts';
import type { RuleText } from '#model/rule.ts';
import { selfTestAddresses } from '#model/shown/selftest.ts';
import { builtinRules, compilePolicy } from '#policy/index.ts';
import { SelfTest } from './selftest.ts';

const accounts = { users: { root: 0 }, groups: {} };

function selfTest(outcome: { refused?: string; allowed?: string }, mode: Mode = 'ask', rules: RuleText[] = []) {
  const tried: string[] = [];
  const records = [...builtinRules({ resolvers: [] }), ...rules.map((rule) => ({ rule, origin: 'local' as const }))];
  const { policy } = compilePolicy(records, { revision: 1, mode, accounts });
  const connect = async (address: string) => {
    tried.push(address);
    return address === selfTestAddresses.refused ? outcome.refused : outcome.allowed;
  };
  return { tried, test: new SelfTest({ policy: () => policy, mode: () => mode, now: () => 7, connect }) };
}

test('it holds where one fails and the other is made', async () => {
  const { tried, test: made } = selfTest({ refused: 'EPERM' });
  assert.equal(made.last, null);
  const found = await made.run();
  assert.deepEqual([found.result, found.time, typeof found.refusedMs], ['held', 7, 'number']);
  assert.match(found.text, /failed \(EPERM\), and one that a rule allows was made\.$/);
  assert.deepEqual(tried, [selfTestAddresses.refused, selfTestAddresses.allowed]);
  assert.equal(made.last, found);
});

test('it fails where what is refused is made, or what is allowed is not', async () => {
  const open = await selfTest({}).test.run();
  assert.deepEqual([open.result, open.refusedMs], ['failed', null]);
  assert.match(open.text, /nothing is being blocked/);
  const shut = await selfTest({ refused: 'EPERM', allowed: 'ENETUNREACH' }).test.run();
  assert.equal(shut.result, 'failed');
  assert.match(shut.text, /ENETUNREACH/);
});

test('where nothing is enforced, nothing is tried', async () => {
  for (const mode of ['off', 'observe'] as const) {
    const { tried, test: made } = selfTest({}, mode);
    assert.equal((await made.run()).result, 'not-enforced');
    assert.deepEqual(tried, []);
  }
});

test('where another rule decides, it is named, and nothing is tried', async () => {
  const wide: RuleText = { name: 'all of loopback', action: 'allow', to: 'loopback' };
  const { tried, test: made } = selfTest({}, 'lockdown', [wide]);
  const found = await made.run();
  assert.equal(found.result, 'overruled');
  assert.match(found.text, /^By the rule "all of loopback", 127\.80\.79\.83 would be allowed/);
  assert.deepEqual(tried, []);
  const none: RuleText = { name: 'none', action: 'reject', to: '127.0.0.0/8' };
  assert.match(
    (await selfTest({}, 'allow', [none]).test.run()).text,
    /^By the rule "none", 127\.80\.79\.84 would be refused/,
  );
});

test('a real connection: without rules both are made, which is a failure', async () => {
  const { policy } = compilePolicy(builtinRules({ resolvers: [] }), { revision: 1, mode: 'ask', accounts });
  const real = new SelfTest({ policy: () => policy, mode: () => 'ask', now: Date.now });
  assert.equal((await real.run()).result, 'failed');
});
