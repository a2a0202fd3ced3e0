// The rules that are proposed for what was seen: that they cover it, and that they are no wider than they say.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type AttemptJson, attemptFromJson, attemptToJson, type NameSource } from '#model/attempt.ts';
import { type RuleText, ruleSchema } from '#model/rule.ts';
import { accounts, attempt as anyAttempt } from '../arbitrary.ts';
import { compilePolicy } from '../policy.ts';
import { type Observed, type ProposeContext, proposeRules } from './propose.ts';

const domainOf = (name: string) => /[^.]+\.example$/.exec(name)?.[0];
const context: ProposeContext = { subject: {}, domainOf, taken: new Set<string>() };

interface Seen {
  readonly name?: string;
  readonly from?: NameSource;
  readonly address?: string;
  readonly port?: number;
  readonly times?: number;
  readonly exe?: string;
}

function seen({
  name,
  from = 'dns',
  address = '198.51.100.7',
  port = 443,
  times = 1,
  exe = '/usr/bin/curl',
}: Seen): Observed {
  return {
    attempt: {
      process: { exe, uid: 1000 },
      flow: { protocol: 'tcp', remote: { address, port } },
      ...(name !== undefined && { names: [{ name, from }] }),
    },
    ...{ user: 'alice', times, first: 10, last: 20 },
  };
}

function caller(address: string, port = 80): Observed {
  const flow = {
    protocol: 'tcp',
    direction: 'in',
    local: { address: '10.0.0.1', port },
    remote: { address, port: 5000 },
  };
  return {
    attempt: { process: { exe: '/usr/sbin/nginx', uid: 0 }, flow } as AttemptJson,
    user: 'root',
    times: 1,
    first: 1,
    last: 2,
  };
}

const rules = (observed: readonly Observed[], over: Partial<ProposeContext> = {}) =>
  proposeRules(observed, { ...context, ...over }).proposals.map(({ rule }) => rule);

test('names go before addresses, and the most certain of them', () => {
  const both = seen({ name: 'cdn.example' });
  const attempt: AttemptJson = {
    ...both.attempt,
    names: [
      { name: 'cdn.example', from: 'dns' },
      { name: 'www.shop.example', from: 'sni' },
    ],
  };
  assert.deepEqual(rules([{ ...both, attempt }, seen({ address: '203.0.113.9', port: 22 })]), [
    {
      name: 'curl to 203.0.113.9 22/tcp',
      action: 'allow',
      ...{ app: '/usr/bin/curl', user: 'alice', to: '203.0.113.9', protocol: 'tcp', port: 22 },
    },
    {
      name: 'curl to www.shop.example 443/tcp',
      action: 'allow',
      ...{ app: '/usr/bin/curl', user: 'alice', to: 'www.shop.example', protocol: 'tcp', port: 443 },
    },
  ]);
});

test('two names of a domain stay names, three are their domain', () => {
  const two = [seen({ name: 'a.shop.example', times: 5 }), seen({ name: 'b.shop.example' })];
  assert.deepEqual(
    rules(two).map(({ to }) => to),
    [['a.shop.example', 'b.shop.example']],
  );
  const three = [...two, seen({ name: 'c.shop.example' }), seen({ name: 'else.where.example' })];
  const [proposal] = proposeRules(three, context).proposals;
  assert.deepEqual(proposal?.rule.to, ['.shop.example', 'else.where.example']);
  assert.deepEqual(proposal?.places[0]?.seen, [
    { text: 'a.shop.example', times: 5 },
    { text: 'b.shop.example', times: 1 },
    { text: 'c.shop.example', times: 1 },
  ]);
  assert.equal(proposal?.times, 8);
});

test('three names of one domain on different ports are no domain', () => {
  const names = ['a', 'b', 'c'].map((part, at) => seen({ name: `${part}.shop.example`, port: 1000 + at }));
  assert.deepEqual(
    rules(names).map(({ to, port }) => [to, port]),
    [
      ['a.shop.example', 1000],
      ['b.shop.example', 1001],
      ['c.shop.example', 1002],
    ],
  );
});

test('ports that lead to the same places are one rule', () => {
  const four = [80, 443].flatMap((port) => [seen({ name: 'a.example', port }), seen({ name: 'b.example', port })]);
  assert.deepEqual(
    rules(four).map(({ to, port }) => [to, port]),
    [
      [
        ['a.example', 'b.example'],
        [80, 443],
      ],
    ],
  );
});

test('whoever calls from several places of a scope, the scope is meant', () => {
  assert.deepEqual(
    rules([caller('10.0.0.2'), caller('10.0.0.3')]).map(({ from }) => from),
    [['10.0.0.2', '10.0.0.3']],
  );
  const [rule] = rules([caller('10.0.0.2'), caller('10.0.0.3'), caller('10.0.0.4'), caller('198.51.100.7')]);
  assert.deepEqual(rule, {
    name: 'nginx from lan and 1 more 80/tcp',
    action: 'allow',
    ...{
      app: '/usr/sbin/nginx',
      user: 'root',
      direction: 'in',
      from: ['lan', '198.51.100.7'],
      protocol: 'tcp',
      port: 80,
    },
  });
});

test('of a program that is the subject all is said of the subject, and names of rules are new ones', () => {
  const taken = new Set(['curl to a.example 443/tcp']);
  const subject = { app: '/usr/bin/curl', user: 'alice' };
  const [rule, ...others] = rules([seen({ name: 'a.example' })], { subject, taken });
  assert.deepEqual(others, []);
  assert.equal(rule?.name, 'curl to a.example 443/tcp -2');
  assert.deepEqual([rule?.app, rule?.user], ['/usr/bin/curl', 'alice']);
});

test('within a unit, or of a user, each program is allowed what it did itself', () => {
  const two = [seen({ name: 'a.example', times: 2 }), seen({ name: 'b.example', exe: '/usr/bin/other' })];
  assert.deepEqual(
    rules(two, { subject: { app: { unit: 'nginx.service' } } }).map(({ app, user, to }) => [app, user, to]),
    [
      [{ unit: 'nginx.service', path: '/usr/bin/curl' }, undefined, 'a.example'],
      [{ unit: 'nginx.service', path: '/usr/bin/other' }, undefined, 'b.example'],
    ],
  );
  const inUnit = two.map((one) => ({
    ...one,
    attempt: { ...one.attempt, process: { ...one.attempt.process, unit: 'b.service' } },
  }));
  assert.deepEqual(
    rules(inUnit, { subject: { app: [{ unit: 'a.service' }, { unit: 'b.service' }] } }).map(({ app }) => app),
    [
      { unit: 'b.service', path: '/usr/bin/curl' },
      { unit: 'b.service', path: '/usr/bin/other' },
    ],
  );
  assert.deepEqual(
    rules(two, { subject: { user: 'alice' } }).map(({ app, user }) => [app, user]),
    [
      ['/usr/bin/curl', 'alice'],
      ['/usr/bin/other', 'alice'],
    ],
  );
});

test('what no rule can say is said, and not left out', () => {
  const unknown: Observed = {
    ...seen({}),
    attempt: { flow: { protocol: 'tcp', remote: { address: '192.0.2.1', port: 1 } } },
    times: 3,
  };
  assert.deepEqual(proposeRules([unknown], context), {
    proposals: [],
    unsaid: [{ text: 'The program is not known.', times: 3 }],
  });
});

test('the rules for any attempts are rules, and allow each of them', () => {
  fc.assert(
    fc.property(fc.array(anyAttempt, { minLength: 1, maxLength: 12 }), (attempts) => {
      const observed = attempts.map((one) => ({
        attempt: attemptToJson(one),
        user: null,
        times: 1,
        first: 0,
        last: 0,
      }));
      const { proposals, unsaid } = proposeRules(observed, context);
      const made: RuleText[] = proposals.map(({ rule }) => ruleSchema.parse(rule));
      const records = made.map((rule) => ({ rule, origin: 'local' as const }));
      const { policy, problems } = compilePolicy(records, { revision: 1, mode: 'lockdown', accounts });
      assert.deepEqual(problems, []);
      const missed = observed.filter(({ attempt }) => policy.decide(attemptFromJson(attempt), 0).action !== 'allow');
      assert.equal(
        missed.length,
        unsaid.reduce((sum, { times }) => sum + times, 0),
        JSON.stringify({ made, missed }),
      );
    }),
    { numRuns: 500 },
  );
});

test('in whatever order it was seen, the rules are the same', () => {
  fc.assert(
    fc.property(
      fc
        .array(anyAttempt, { maxLength: 12 })
        .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([first, second]) => {
        const made = (all: typeof first) =>
          rules(all.map((one) => ({ attempt: attemptToJson(one), user: null, times: 1, first: 0, last: 0 })));
        assert.deepEqual(made(second), made(first));
      },
    ),
  );
});
