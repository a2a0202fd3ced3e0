// Kernel rules: when one matches an attempt, it says exactly what the policy decides.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatPrefix } from '#model/net/address.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { accounts, attempt, conditions, ruleRecord, ruleRecords, where } from './arbitrary.ts';
import { builtinRules } from './builtin.ts';
import { kernelRuleMatches } from './kernelmatch.ts';
import { compilePolicy } from './policy.ts';

const context = { revision: 1, mode: 'ask', accounts } as const;

test('the first matching kernel rule says what the policy decides', () => {
  const plain = conditions([
    'user',
    'group',
    'cgroup',
    'protocol',
    'icmp-type',
    'port',
    'to',
    'from',
    'interface',
    'direction',
    'profile',
    'known-network',
  ]);
  const some = fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: conditions() });
  // Mostly what the kernel can see, or few rules would stand in it; only built-in rules that allow stand for each other.
  const record = fc.tuple(ruleRecord(some), fc.nat(9)).map(([{ rule, origin, expires }, dice]): RuleRecord => {
    if (origin === 'builtin') return { rule: { ...rule, action: 'allow', log: false }, origin };
    const action = rule.action === 'log' || rule.action === 'ask' ? 'reject' : rule.action;
    return dice === 0
      ? { rule, origin, ...(expires && { expires }) }
      : { rule: { ...rule, action, log: false }, origin };
  });
  let met = 0;
  fc.assert(
    fc.property(ruleRecords(record, 8), fc.array(attempt, { size: '+1' }), where, (records, attempts, at) => {
      const { policy } = compilePolicy(records, { ...context, where: at });
      const builtin = new Set(records.filter(({ origin }) => origin === 'builtin').map(({ rule }) => rule.name));
      for (const item of attempts) {
        const first = policy.kernelRules.find((rule) => kernelRuleMatches(rule, item));
        if (first === undefined) continue;
        met++;
        const decision = policy.decide(item, 0);
        assert.equal(decision.action, first.action);
        assert.ok(decision.rule === first.name || (builtin.has(first.name) && builtin.has(decision.rule ?? '')));
        assert.deepEqual(decision.logged, []);
      }
    }),
    { numRuns: 800 },
  );
  assert.ok(met > 200, `only ${met} attempts met a kernel rule`);
});

function kernelRules(rules: readonly Partial<RuleText>[]): string[] {
  const records = rules.map((rule, index) => ({
    rule: { name: `r${index}`, action: 'allow', ...rule },
    origin: 'file',
  }));
  const { policy } = compilePolicy(records as RuleRecord[], context);
  return policy.kernelRules.map(({ remote, local, notRemote, ...rest }) =>
    JSON.stringify({
      ...rest,
      remote: remote?.map(formatPrefix),
      local: local?.map(formatPrefix),
      not: notRemote?.length,
    }),
  );
}

test('rules of users, groups, protocols, ports and prefixes stand in the kernel', () => {
  assert.deepEqual(kernelRules([{ action: 'reject', user: ['alice', 5], to: '10.0.0.0/8:443' }]), [
    '{"name":"r0","action":"reject","direction":"out","uids":[5,1000],"ports":[[443,443]],"protocols":[6,17,132,136],"remote":["10.0.0.0/8"]}',
  ]);
  assert.deepEqual(
    kernelRules([{ action: 'drop', protocol: 'icmp', 'icmp-type': 8, direction: 'in', network: '10.0.0.0/8' }]),
    ['{"name":"r0","action":"drop","direction":"in","protocols":[1],"icmpTypes":[8],"local":["10.0.0.0/8"]}'],
  );
  assert.deepEqual(kernelRules([{ to: 'internet', interface: 'eth0' }]), [
    '{"name":"r0","action":"allow","direction":"out","interfaces":["eth0"],"not":14}',
  ]);
});

test('what only user space can see does not stand in the kernel', () => {
  for (const rule of [
    { app: '/usr/bin/curl' },
    { ancestor: '/usr/bin/bash' },
    { 'supplementary-group': 'noinet' },
    { cgroup: '/system.slice' },
    { interface: 'e*' },
    { action: 'ask' },
    { action: 'log' },
    { log: true },
    { until: '2999-01-01' },
    { user: 'nosuch' },
    { user: 'alice', direction: 'in' },
    { protocol: 'packet' },
    { from: 'any:68' },
  ] as Partial<RuleText>[]) {
    assert.deepEqual(kernelRules([rule]), [], JSON.stringify(rule));
  }
});

test('a rule behind one that the kernel cannot see stays in user space where they overlap', () => {
  const app = { app: '/usr/bin/curl', action: 'allow', protocol: 'tcp', port: 443 } as const;
  const names = (rules: Partial<RuleText>[]) => kernelRules(rules).map((text) => JSON.parse(text).name);
  assert.deepEqual(names([app, { action: 'reject', protocol: 'tcp' }]), []);
  assert.deepEqual(names([app, { action: 'reject', protocol: 'icmp' }]), ['r1']);
  assert.deepEqual(names([app, { action: 'reject', port: 80 }]), ['r1']);
  assert.deepEqual(names([app, { action: 'reject', user: 'alice' }]), ['r1'], 'a fence comes first');
  assert.deepEqual(
    names([
      { action: 'log', user: 'root' },
      { action: 'reject', user: 'alice', priority: 0 },
    ]),
    ['r1'],
  );
  assert.deepEqual(
    names([
      { action: 'log', user: 'root' },
      { action: 'reject', protocol: 'icmp' },
    ]),
    [],
  );
  // r2 would decide in the kernel what r1, which cannot stand there, decides in user space.
  assert.deepEqual(
    names([app, { action: 'reject', to: '10.0.0.0/8' }, { action: 'allow', protocol: 'tcp', port: 22 }]),
    [],
  );
});

test('the built-in rules stand in the kernel beside each other', () => {
  const { policy } = compilePolicy(builtinRules({ resolvers: [] }), context);
  const names = new Set(policy.kernelRules.map(({ name }) => name));
  assert.ok(names.has('builtin-loopback-out') && names.has('builtin-loopback-in') && names.has('builtin-igmp'));
  assert.ok(!names.has('builtin-time') && !names.has('builtin-kernel-made'));
});
