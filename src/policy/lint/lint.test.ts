// What lint finds, and that it leaves alone what is as it should be.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Connection } from '#model/connection.ts';
import type { RuleText } from '#model/rule.ts';
import { accounts } from '../arbitrary.ts';
import { builtinRules } from '../builtin.ts';
import { compilePolicy } from '../policy.ts';
import { lintRules } from './lint.ts';
import { Usage } from './usage.ts';

const now = Date.parse('2026-11-26');
const day = 86_400_000;

function connection(to: string, daysAgo: number, exe = '/usr/bin/curl'): Connection {
  return {
    ...{
      id: 'a-1',
      time: now - daysAgo * day,
      lastTime: 0,
      action: 'allow',
      enforced: true,
      rule: null,
      reason: 'mode',
    },
    ...{ revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0 },
    attempt: {
      process: { exe, uid: 1000 },
      flow: { protocol: 'tcp', remote: { address: '198.51.100.7', port: 443 } },
      names: [{ name: to, from: 'dns' }],
    },
  } as Connection;
}

function lint(rules: readonly RuleText[], seen?: readonly Connection[]) {
  const records = [
    ...rules.map((rule) => ({ rule, origin: 'file' as const, source: { file: 'a.yaml', line: 2, column: 5 } })),
    ...builtinRules({ resolvers: [] }),
  ];
  const { policy } = compilePolicy(records, { revision: 1, mode: 'lockdown', accounts, now });
  const usage = seen && new Usage(policy, now);
  for (const one of seen ?? []) usage?.add(one);
  return lintRules(policy, records, { accounts, now, usage }).map(({ rule, kind, message }) => [rule, kind, message]);
}

const web: RuleText = { name: 'web', action: 'allow', app: '/usr/bin/curl', port: 443 };

test('rules that are as they should be are left alone, and so are the built-in ones', () => {
  assert.deepEqual(lint([web, { ...web, name: 'other', port: 80 }]), []);
});

test('one that has ended, and one that is switched off', () => {
  const [found] = lint([{ ...web, until: '2026-01-01' }]);
  assert.deepEqual(found?.slice(0, 2), ['web', 'ended']);
  assert.deepEqual(lint([{ ...web, until: '2026-01-01', enabled: false }]), []);
});

test('the same said twice, in whatever order and under whatever name', () => {
  const one: RuleText = { name: 'a', action: 'allow', app: '/usr/bin/curl', to: ['a.example', 'b.example'] };
  const two: RuleText = {
    name: 'b',
    action: 'allow',
    to: ['b.example', 'a.example'],
    app: ['/usr/bin/curl'],
    note: 'x',
  };
  assert.deepEqual(lint([one, two]), [['b', 'duplicate', 'It says the same as "a"; remove one of them.']]);
  assert.deepEqual(
    lint([one, { ...two, action: 'reject' }]).map(([, kind]) => kind),
    ['shadowed'],
  );
});

test('one that others leave nothing, and an exception that its fence overrules', () => {
  const [shadowed] = lint([
    { ...web, name: 'no', action: 'reject' },
    { ...web, name: 'yes' },
  ]);
  assert.deepEqual(shadowed, ['yes', 'shadowed', 'It never decides: "no" comes before it for all that it matches.']);
  const [exception] = lint([
    { name: 'fence', action: 'reject', user: 'alice' },
    { name: 'but', action: 'allow', user: 'alice', to: 'a.example' },
  ]);
  assert.deepEqual(exception?.slice(0, 2), ['but', 'exception']);
  assert.match(exception?.[2] ?? '', /give it priority 10/);
});

test('one that nothing came under, where there is history enough', () => {
  const idle: RuleText = { name: 'idle', action: 'allow', app: '/usr/bin/wget' };
  const seen = [connection('a.example', 90), connection('b.example', 2), connection('c.example', 1)];
  assert.deepEqual(lint([web, idle], seen), [
    ['idle', 'unused', 'Nothing came under it in the last 90 days; is it needed still?'],
  ]);
  assert.deepEqual(lint([web, idle], seen.slice(1)), [], 'two days are not enough');
  assert.deepEqual(lint([web, { ...idle, action: 'reject' }], seen), [], 'a refusal may wait for its day');
});

test('one for anywhere that reached two places', () => {
  const seen = [connection('a.example', 90), connection('b.example', 2), connection('a.example', 1)];
  assert.deepEqual(lint([web], seen), [
    [
      'web',
      'wide',
      'It is for anywhere, and in the last 90 days 3 connections under it went to a.example and b.example alone; narrow it with to: [a.example, b.example]',
    ],
  ]);
  assert.deepEqual(lint([web], [...seen, connection('c.example', 1)]), []);
  assert.deepEqual(lint([{ ...web, to: '.example' }], seen), []);
});
