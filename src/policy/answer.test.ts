// The rules that answers make: what they match, what they do not, and that they never outrank an administrator's.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type AttemptJson, attemptFromJson, attemptToJson } from '#model/attempt.ts';
import { type Answer, answerSchema, type Prompt, toScopes, whoScopes } from '#model/prompt.ts';
import { type RuleRecord, type RuleText, ruleSchema } from '#model/rule.ts';
import { nameOfAnswer, namesForRules, ruleFromAnswer } from './answer.ts';
import { accounts, attempt as anyAttempt, ruleRecords } from './arbitrary.ts';
import { compilePolicy } from './policy.ts';
import { referenceDecide } from './reference.ts';

const context = { revision: 1, mode: 'ask', accounts } as const;
const curl: AttemptJson = {
  process: {
    pid: 42,
    startTime: '7',
    exe: '/usr/bin/curl',
    script: null,
    uid: 1000,
    gid: 100,
    ancestors: ['/usr/bin/bash'],
  },
  flow: { protocol: 'tcp', remote: { address: '198.51.100.7', port: 443 } },
};

const prompt = (attempt: AttemptJson): Prompt => ({
  id: 'k3j2-17',
  attempt,
  opened: 0,
  deadline: 1,
  flows: 1,
  packets: 1,
  rule: null,
});

/** As if these two were all suffixes. */
const domainOf = (name: string) => /[^.]+\.(co\.uk|test)$/.exec(name)?.[0];

function answer(scope: Partial<Answer['scope']>, action: Answer['action'] = 'allow'): Answer {
  return answerSchema.parse({ action, scope, lifetime: 'always' });
}

function rules(attempt: AttemptJson, scope: Partial<Answer['scope']> = {}): readonly RuleText[] {
  const made = ruleFromAnswer(prompt(attempt), answer(scope), { userName: 'alice', domainOf });
  assert.ok(made.ok, made.ok ? '' : made.error);
  return made.value;
}

test('the rule is for that user, app, destination and port alone', () => {
  assert.deepEqual(rules(curl), [
    {
      name: 'allow curl to 198.51.100.7 443/tcp for alice @k3j2-17',
      action: 'allow',
      app: '/usr/bin/curl',
      user: 1000,
      to: '198.51.100.7',
      protocol: 'tcp',
      port: 443,
    },
  ]);
});

const named = (...names: string[]): AttemptJson => ({ ...curl, names: names.map((name) => ({ name, from: 'dns' })) });

test('by default the rule asks for the newest name, without one for the address', () => {
  const [rule] = rules(named('www.site.co.uk', 'old.example'));
  assert.deepEqual(
    [rule?.to, rule?.name],
    ['www.site.co.uk', 'allow curl to www.site.co.uk 443/tcp for alice @k3j2-17'],
  );
  assert.equal(rules(named('www.site.co.uk'), { to: 'destination' })[0]?.to, '198.51.100.7');
  assert.equal(rules(named('www.site.co.uk'), { to: 'any' })[0]?.to, undefined);
  assert.equal(rules(named())[0]?.to, '198.51.100.7');
});

test('by domain it asks for the registered domain with all below it', () => {
  const [rule] = rules(named('www.site.co.uk'), { to: 'domain' });
  assert.equal(rule?.to, '.site.co.uk');
  assert.equal(rule?.name, 'allow curl to .site.co.uk 443/tcp for alice @k3j2-17');
});

test('the answer may say which of the names', () => {
  const attempt = named('a.example', 'b.site.co.uk');
  assert.equal(rules(attempt, { name: 'B.site.co.uk.' })[0]?.to, 'b.site.co.uk');
  assert.equal(rules(attempt, { to: 'domain', name: 'b.site.co.uk' })[0]?.to, '.site.co.uk');
});

test('an answer for a name that is not known is refused in a sentence, also where no rule is made', () => {
  const refused = (attempt: AttemptJson, scope: Partial<Answer['scope']>, message: RegExp) => {
    for (const lifetime of ['always', 'once'] as const) {
      const made = ruleFromAnswer(prompt(attempt), { ...answer(scope), lifetime }, { domainOf });
      assert.ok(!made.ok && message.test(made.error), JSON.stringify(made));
    }
  };
  refused(curl, { to: 'name' }, /^No name of 198\.51\.100\.7 is known .*answer for the address/);
  refused(curl, { to: 'domain' }, /^No name of 198\.51\.100\.7 is known/);
  refused(curl, { name: 'a.example' }, /^No name/);
  refused(
    named('a.example', 'b.example'),
    { name: 'c.example' },
    /is not called c\.example; choose a\.example or b\.example/,
  );
  refused(named('a.example'), { name: '\u001b[2J.example' }, /is not called \\u\{1b\}\[2j\.example/);
  refused(named('a.example'), { to: 'domain' }, /a\.example lies in no registered domain/);
  refused(named('a.example'), { to: 'destination', name: 'a.example' }, /goes by no name/);
  refused(named('a.example'), { to: 'any', name: 'a.example' }, /goes by no name/);
});

/** What a hostile name server may call an address, and a rule would read as something else or not at all. */
const hostile = [
  ...['*.com', '*', '.', '.com', 'lan', 'any', 'internet', 'com', 'list:ads', 'country:de', 'as:1', '10.0.0.1', '0.0'],
  ...[
    '::',
    '[::1]',
    '10.0.0.0/8',
    'a.example:80',
    'a.example:1-65535',
    'A.example',
    'a.example.',
    'a..example',
    '-a.b',
  ],
  ...[
    'a\\032b.example',
    'a\\.b.example',
    'a\u202eb.example',
    'a\u001b.example',
    "a'.example",
    '',
    ' a.example',
    '~.*\\.x',
  ],
  `${'a.'.repeat(127)}example`,
];

test('names that would mean something else in a rule are no names: the address is answered for', () => {
  for (const name of hostile) {
    assert.deepEqual(namesForRules(named(name)), [], name);
    assert.equal(rules(named(name))[0]?.to, '198.51.100.7', name);
    const made = nameOfAnswer(named(name), { to: 'name' });
    assert.equal(made.ok, false, name);
    assert.equal(rules(named(name, 'good.example'))[0]?.to, 'good.example');
  }
});

test('whatever an address is called, a rule by name lets nothing pass that has not that name', () => {
  const part = fc.constantFrom(...hostile, 'a', 'b.example', 'www.site.co.uk', '*', '.', 'com', '10.0.0.1');
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 300 })), { maxLength: 4 }), (names) => {
      const called = nameOfAnswer(named(...names), { to: 'name' });
      const made = ruleFromAnswer(prompt(named(...names)), answer({ to: 'name' }));
      assert.equal(made.ok, called.ok);
      if (!made.ok || !called.ok) return;
      for (const rule of made.value) assert.deepEqual(ruleSchema.parse(rule), rule);
      const records = made.value.map((rule): RuleRecord => ({ rule, origin: 'answer' }));
      const { policy, problems } = compilePolicy(records, context);
      assert.deepEqual(problems, []);
      const decided = (name: string) => policy.decide(attemptFromJson(named(name)), 0).action;
      assert.equal(decided(called.value as string), 'allow');
      for (const other of [`x.${called.value}`, 'other.example', '']) assert.equal(decided(other), 'ask', other);
      assert.equal(policy.decide(attemptFromJson(curl), 0).action, 'ask', 'the bare address');
    }),
    { numRuns: 300 },
  );
});

test('the label of a rule keeps the end of a long name, and the room that names have', () => {
  const name = `${'paypal.com.'.repeat(20)}evil.co.uk`;
  const [rule, children] = rules(named(name), { who: 'children' });
  assert.match(rule?.name ?? '', /^allow curl to \S*\.paypal\.com\.evil\.co\.uk 443\/tcp for alice @k3j2-17$/);
  assert.deepEqual([rule?.to, children?.to], [name, name]);
  for (const made of [rule, children]) assert.ok(ruleSchema.safeParse(made).success && (made?.name.length ?? 0) <= 128);
});

test('IDN stays in its ASCII form', () => {
  assert.equal(rules(named('xn--bcher-kva.example'))[0]?.to, 'xn--bcher-kva.example');
});

test('of what comes in, no name counts', () => {
  const flow = { ...curl.flow, direction: 'in', local: { address: '10.0.0.1', port: 53 } } as const;
  assert.deepEqual(namesForRules({ ...named('a.example'), flow }), []);
  assert.equal(rules({ ...named('a.example'), flow })[0]?.from, '198.51.100.7');
});

test('wider scopes leave conditions out', () => {
  const [rule] = rules(curl, { to: 'any', port: 'any', user: 'any' });
  assert.deepEqual(rule, { name: 'allow curl to any for any user @k3j2-17', action: 'allow', app: '/usr/bin/curl' });
  assert.deepEqual(rules(curl, { who: 'process' })[0]?.app, { pid: 42, startTime: '7' });
  const [own, children] = rules(curl, { who: 'children' });
  assert.equal(own?.app, '/usr/bin/curl');
  assert.equal(children?.ancestor, '/usr/bin/curl');
  assert.equal(children?.user, 1000);
});

test('an app is named as a person would', () => {
  const app = (process: AttemptJson['process']) => rules({ ...curl, process: { uid: 1000, ...process } })[0]?.app;
  assert.deepEqual(app({ exe: '/usr/bin/python3', script: '/opt/[x]/a.py' }), {
    script: '/opt/\\[x\\]/a.py',
    path: '/usr/bin/python3',
  });
  assert.deepEqual(app({ exe: null, flatpak: 'org.x', script: '/a' }), { flatpak: 'org.x' });
  assert.deepEqual(app({ container: 'web', exe: null }), { container: 'web' });
  assert.deepEqual(app({ exe: null, sha256: 'a'.repeat(64) }), { sha256: 'a'.repeat(64) });
});

test('of what comes in, the rule is about the peer and the own port', () => {
  const flow = {
    protocol: 'udp',
    direction: 'in',
    local: { address: '10.0.0.1', port: 53 },
    remote: { address: '10.0.0.9', port: 5555 },
  } as const;
  const { name: _, action: __, ...rule } = rules({ ...curl, flow })[0] as RuleText;
  assert.deepEqual(rule, {
    app: '/usr/bin/curl',
    user: 1000,
    direction: 'in',
    from: '10.0.0.9',
    protocol: 'udp',
    port: 53,
  });
});

test('"not now" makes no rule', () => {
  assert.deepEqual(ruleFromAnswer(prompt(curl), answerSchema.parse({ action: 'allow' })), { ok: true, value: [] });
});

test('what cannot be expressed is refused in a sentence', () => {
  const refused = (attempt: AttemptJson, scope: Partial<Answer['scope']>, message: RegExp) => {
    const made = ruleFromAnswer(prompt(attempt), answer(scope));
    assert.ok(!made.ok && message.test(made.error), JSON.stringify(made));
  };
  refused({ flow: curl.flow }, {}, /the program is not known/);
  refused({ ...curl, process: { exe: '/x' } }, {}, /the user of the program is not known/);
  refused({ ...curl, process: { uid: 1, exe: null } }, {}, /its hash is not known yet/);
  refused({ ...curl, process: { uid: 1, exe: '/x' } }, { who: 'process' }, /its pid or its start time is not known/);
  refused({ ...curl, process: { uid: 1, exe: '/x', script: '/y' } }, { who: 'children' }, /cannot be told apart/);
});

test('a rule from an answer is a right rule, and decides the attempt it was asked about', () => {
  const scope = fc.record({
    who: fc.constantFrom(...whoScopes),
    to: fc.constantFrom(undefined, ...toScopes),
    port: fc.constantFrom('port', 'any'),
    user: fc.constantFrom('user', 'any'),
  });
  let made = 0;
  fc.assert(
    fc.property(anyAttempt, scope, fc.constantFrom('allow', 'reject', 'drop'), (attempt, width, action) => {
      const result = ruleFromAnswer(prompt(attemptToJson(attempt)), answer(width as Answer['scope'], action), {
        domainOf,
      });
      if (!result.ok) return;
      made++;
      for (const rule of result.value) assert.deepEqual(ruleSchema.parse(rule), rule);
      const records = result.value.map((rule): RuleRecord => ({ rule, origin: 'answer' }));
      const { policy, problems } = compilePolicy(records, context);
      assert.deepEqual(problems, []);
      assert.equal(policy.decide(attempt, 0).action, action);
      assert.deepEqual(ruleSchema.parse({ ...result.value[0], name: 'x' }).name, 'x');
    }),
    { numRuns: 600 },
  );
  assert.ok(made > 100);
});

test('an answer changes nothing that an administrator has decided', () => {
  fc.assert(
    fc.property(ruleRecords(), anyAttempt, (records, attempt) => {
      const without = records.filter(({ origin }) => origin !== 'answer');
      const before = referenceDecide(without, context, attempt, 0);
      const origin = without.find(({ rule }) => rule.name === before.rule)?.origin;
      const after = compilePolicy(records, context).policy.decide(attempt, 0);
      if (before.action !== 'ask' && (origin === 'file' || origin === 'local')) assert.equal(after.rule, before.rule);
    }),
    { numRuns: 300 },
  );
});

test('an answer to a rule that asks holds, though the rule asks more specifically', () => {
  const records: RuleRecord[] = [
    { rule: { name: 'ask', action: 'ask', app: '/usr/bin/curl', to: '198.51.100.7', port: 443 }, origin: 'file' },
    { rule: { name: 'general', action: 'allow', app: '/usr/bin/curl' }, origin: 'file' },
    { rule: { name: 'answer', action: 'reject', app: '/usr/bin/curl', user: 1000 }, origin: 'answer' },
  ];
  const { policy } = compilePolicy(records, context);
  const explanation = policy.explain(attemptFromJson(curl), 0);
  assert.equal(explanation.rule, 'answer');
  assert.deepEqual(explanation.trace, [
    { rule: 'ask', why: 'It matches and asks; the answer "answer" has replied.' },
    { rule: 'answer', why: 'It matches: reject.' },
  ]);
  const other = attemptFromJson({ ...curl, flow: { ...curl.flow, remote: { address: '192.0.2.1', port: 1 } } });
  assert.equal(policy.decide(other, 0).rule, 'general');
});
