// What people read: rules in one sentence, why a rule did not match, the list of rules.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Attempt } from '#model/attempt.ts';
import type { Origin, RuleRecord, RuleText } from '#model/rule.ts';
import { builtinRules } from '../builtin.ts';
import { compilePolicy } from '../policy.ts';
import { type AttemptConditions, attemptFromConditions } from '../trial/attempt.ts';
import { formatRule } from './format.ts';

const accounts = { users: { alice: 1000, bob: 1001 }, groups: { noinet: 7 } };
const context = { revision: 4, mode: 'lockdown', accounts } as const;

function record(name: string, more: Partial<RuleText>, origin: Origin = 'file'): RuleRecord {
  return { rule: { name, action: 'allow', ...more }, origin };
}

function explain(records: readonly RuleRecord[], words: AttemptConditions) {
  const attempt = attemptFromConditions(words, accounts);
  assert.ok(attempt.ok, attempt.ok ? '' : attempt.error);
  return compilePolicy(records, context).policy.explain(attempt.value, 1_800_000_000_000);
}

test('a rule that has ended gets a warning, where it is known what time it is', () => {
  const records = [record('old', { until: '2020-01-31' }), record('new', { until: '2020-02-01' })];
  const warnings = (now?: number) => compilePolicy(records, { ...context, now }).problems.map(({ message }) => message);
  const begin = Date.UTC(2020, 1, 1);
  assert.deepEqual(warnings(), []);
  assert.deepEqual(warnings(begin - 1), []);
  assert.deepEqual(warnings(begin), [
    'rule "old": has ended (2020-01-31) and matches nothing; remove it, or give it another day',
  ]);
});

test('a rule in one sentence', () => {
  const sentences: [Partial<RuleText>, string][] = [
    [
      { app: '/usr/bin/curl', user: 'alice', to: '10.0.0.0/8', port: 443, protocol: 'tcp', until: '2026-12-31' },
      'allow /usr/bin/curl of user alice to 10.0.0.0/8 on port 443/tcp until 2026-12-31',
    ],
    [{ action: 'reject', protocol: 'icmp', 'icmp-type': [8, 13] }, 'reject any program by icmp of type 8 or 13'],
    [{ ancestor: '/usr/bin/code', to: ['lan', '::1'] }, 'allow any program started by /usr/bin/code to lan or ::1'],
    [
      { app: { script: '/x.py', path: '/usr/bin/python3' }, direction: 'in', from: 'lan', port: 22, log: true },
      'allow /usr/bin/python3 with script /x.py incoming from lan on port 22 and record it',
    ],
    [{ app: { sha256: 'a'.repeat(64) }, enabled: false }, 'allow sha256 aaaaaaaaaaaa… (switched off)'],
    [{ action: 'log', args: 'a\u001b[2Jb', group: 7 }, 'log any program with arguments a\\u{1b}[2Jb of group 7'],
  ];
  for (const [rule, sentence] of sentences) assert.equal(formatRule({ name: 'x', action: 'allow', ...rule }), sentence);
});

test('the trace says of each rule above the deciding one which condition failed, with both values', () => {
  const records = [
    record('fence', { action: 'reject', user: 'bob' }),
    record('script', { app: { script: '/x.py' } }),
    record('expired', { app: '/usr/bin/curl', to: '10.0.0.1', until: '2026-01-01' }),
    record('port', { app: '/usr/bin/curl', to: '10.0.0.1', port: [80, '8000-8999'] }),
    record('incoming', { app: '/usr/bin/curl', to: '10.0.0.1', direction: 'in' }),
    record('curl', { app: '/usr/bin/curl' }),
    record('below', {}),
  ];
  const { action, rule, by, revision, trace, depends } = explain(records, {
    app: '/usr/bin/curl',
    user: 'alice',
    to: '10.0.0.1:443',
  });
  assert.deepEqual({ action, rule, by, revision }, { action: 'allow', rule: 'curl', by: 'rule', revision: 4 });
  assert.deepEqual(
    trace.map((step) => `${step.rule}: ${step.why}`),
    [
      'fence: user is 1000, and the rule asks for bob.',
      'script: app is /usr/bin/curl with script not known, and the rule asks for script /x.py.',
      'port: port is 443, and the rule asks for 80 or 8000-8999.',
      'expired: It expired at 2026-01-02T00:00:00.000Z.',
      'incoming: direction is out, and the rule asks for in.',
      'curl: It matches: allow.',
    ],
  );
  assert.deepEqual(depends, ['flow.direction', 'flow.remote.port', 'process.exe', 'process.script', 'process.uid']);
});

test('a program that is not the file of the host is shown as such', () => {
  const records = [record('curl', { app: '/usr/bin/curl' })];
  const { policy } = compilePolicy(records, context);
  const made = attemptFromConditions({ to: '10.0.0.1:443' }, accounts);
  assert.ok(made.ok);
  const identity = { device: '1', inode: '2', generation: '3', ctime: '4' };
  const image = { path: '/usr/bin/curl', identity, state: 'foreign' } as const;
  const explanation = policy.explain({ ...made.value, process: { exe: null, image } }, 0);
  assert.equal(explanation.rule, null);
  assert.deepEqual(explanation.trace, [
    {
      rule: 'curl',
      why: 'app is /usr/bin/curl (foreign: not the file that the host has there), and the rule asks for /usr/bin/curl.',
    },
  ]);
});

test('a rule that goes by a name says which, how it is known, and for how long', () => {
  const records = [
    record('other', { to: 'other.example' }),
    record('sure', { to: '*.example.org', 'name-from': 'sni' }),
    record('named', { to: '*.example.org' }),
  ];
  const { policy } = compilePolicy(records, context);
  const made = attemptFromConditions({ to: '10.0.0.1:443' }, accounts);
  assert.ok(made.ok);
  const names = [
    { name: 'cdn.example', from: 'dns' },
    { name: 'www.example.org', from: 'dns', since: 1_000 },
  ] as const;
  const why = (attempt: Attempt) => policy.explain(attempt, 13_000).trace.map((step) => `${step.rule}: ${step.why}`);
  const called = '10.0.0.1:443 (cdn.example by dns, www.example.org by dns for 12 s)';
  assert.deepEqual(why({ ...made.value, names }), [
    `other: to is ${called}, and the rule asks for other.example.`,
    `sure: to is ${called}, and the rule asks for *.example.org by sni.`,
    'named: It matches by the name www.example.org (dns for 12 s): allow.',
  ]);
  const said = [...names, { name: 'www.example.org', from: 'sni' }] as const;
  assert.equal(
    why({ ...made.value, names: said }).at(-1),
    'sure: It matches by the name www.example.org (sni): allow.',
  );
});

test('log rules decide nothing and are named', () => {
  const records = [record('root', { action: 'log', user: 0 }), record('all', { action: 'reject', log: true })];
  const { action, rule, logged, trace } = explain(records, { user: 0 });
  assert.deepEqual({ action, rule, logged }, { action: 'reject', rule: 'all', logged: ['root', 'all'] });
  assert.deepEqual(trace, [
    { rule: 'root', why: 'It matches, and only records.' },
    { rule: 'all', why: 'It matches: reject.' },
  ]);
});

test('the list of rules has the order of evaluation, effective priorities, and what can never win', () => {
  const records = [
    record('off', { enabled: false }),
    record('curl', { app: '/usr/bin/curl' }),
    record('curl on 443', { app: '/usr/bin/curl', port: 443 }),
    record('fence', { action: 'reject', user: 'alice' }),
    record('never', { app: '/usr/bin/wget', user: 'alice' }),
    record('answer', { app: '/usr/bin/ssh', user: 1001, priority: 5 }, 'answer'),
    ...builtinRules({ resolvers: [] }).slice(0, 1),
  ];
  const { policy } = compilePolicy(records, { ...context, disabled: new Set(['nothing']) });
  assert.deepEqual(
    policy.ordered.map(({ name, priority, shadowedBy, enabled }) => [name, priority, enabled, shadowedBy.join()]),
    [
      ['fence', 10, true, ''],
      ['curl on 443', 0, true, ''],
      ['never', 0, true, 'fence'],
      ['curl', 0, true, ''],
      ['answer', 0, true, ''],
      ['builtin-loopback-out', -10, true, ''],
      ['off', 0, false, ''],
    ],
  );
});

test('a rule that is switched off, by its file or by name, matches nothing', () => {
  const { policy } = compilePolicy([record('a', {}), record('b', { enabled: false })], {
    ...context,
    disabled: new Set(['a']),
  });
  const made = attemptFromConditions({}, accounts);
  assert.ok(made.ok);
  assert.equal(policy.decide(made.value, 0).rule, null);
});

test('a user that the machine does not have is a warning and matches nobody', () => {
  const { policy, problems } = compilePolicy([record('a', { user: ['nosuch', 'n*'] })], context);
  assert.deepEqual(
    problems.map(({ severity, message }) => `${severity}: ${message}`),
    [
      'warning: rule "a": this machine has no user "nosuch", so it matches nothing',
      'warning: rule "a": this machine has no user "n*", so it matches nothing',
    ],
  );
  const made = attemptFromConditions({ user: 4_294_000_000 }, accounts);
  assert.ok(made.ok);
  assert.equal(policy.decide(made.value, 0).rule, null);
});

test('a path in a rule stands for the file behind its symbolic links', () => {
  const aliases = { '/bin/ping': '/usr/bin/ping' };
  const { policy } = compilePolicy([record('ping', { app: '/bin/ping' })], { ...context, aliases });
  for (const app of ['/bin/ping', '/usr/bin/ping']) {
    const made = attemptFromConditions({ app }, accounts);
    assert.ok(made.ok);
    assert.equal(policy.decide(made.value, 0).rule, 'ping');
  }
});
