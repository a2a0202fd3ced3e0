// Names that a command may ask for: the rules one by one, and that all of it agrees with what the policy itself says of the name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attemptFromJson } from '#model/attempt.ts';
import type { RuleText } from '#model/rule.ts';
import { compilePolicy } from '../policy.ts';
import { allowedNames } from './allowednames.ts';

const allow = (to: RuleText['to'], more: Partial<RuleText> = {}): RuleText => ({
  name: 'a',
  action: 'allow',
  ...(to === undefined ? {} : { to }),
  ...more,
});
const reject = (to: RuleText['to'], more: Partial<RuleText> = {}): RuleText => ({
  ...allow(to, more),
  action: more.action ?? 'reject',
});

/** Which of these the rules allow. */
const names = ['example.com', 'a.example.com', 'b.a.example.com', 'badexample.com', 'com', 'example.org', 'localhost'];
const allowed = (...rules: RuleText[]) => names.filter(allowedNames(rules));

test('a name, what is below a domain, a domain with itself', () => {
  assert.deepEqual(allowed(allow('example.com')), ['example.com']);
  assert.deepEqual(allowed(allow('*.example.com')), ['a.example.com', 'b.a.example.com']);
  assert.deepEqual(allowed(allow('.example.com')), ['example.com', 'a.example.com', 'b.a.example.com']);
  assert.deepEqual(allowed(allow(['Example.COM.', 'example.org:443'])), ['example.com', 'example.org']);
});

test('nothing is allowed by what names nothing', () => {
  assert.deepEqual(allowed(), []);
  for (const to of ['any', 'any:443', 'internet', 'lan', '192.0.2.0/24', '192.0.2.1:53', 'list:ads', 'as:13335']) {
    assert.deepEqual(allowed(allow(to)), [], to);
  }
  assert.deepEqual(allowed(allow(undefined), allow('..'), allow('*')), []);
});

test('who else is asked of an allowing rule does not matter: it may be somebody in the command', () => {
  assert.deepEqual(allowed(allow('example.com', { app: '/usr/bin/curl', port: 443, protocol: 'tcp' })), [
    'example.com',
  ]);
});

test('rules that are off, that ask or log, and that are for what comes in', () => {
  assert.deepEqual(allowed(allow('example.com', { enabled: false })), []);
  assert.deepEqual(allowed(allow('example.com', { action: 'ask' }), allow('example.com', { action: 'log' })), []);
  assert.deepEqual(allowed(allow('example.com', { direction: 'in' })), []);
  assert.deepEqual(allowed(allow('example.com', { direction: ['in', 'out'] })), ['example.com']);
  assert.deepEqual(allowed(allow('example.com'), reject('example.com', { enabled: false })), ['example.com']);
  assert.deepEqual(allowed(allow('example.com'), reject('example.com', { direction: 'in' })), ['example.com']);
});

test('a refusal of the whole name takes it out', () => {
  const below = allow('.example.com');
  assert.deepEqual(allowed(below, reject('a.example.com')), ['example.com', 'b.a.example.com']);
  assert.deepEqual(allowed(below, reject('*.example.com', { action: 'drop' })), ['example.com']);
  assert.deepEqual(allowed(below, reject('*.a.example.com')), ['example.com', 'a.example.com']);
  assert.deepEqual(allowed(below, reject('.example.com')), []);
  assert.deepEqual(allowed(below, reject('example.com', { protocol: 'any', direction: 'out' })), [
    'a.example.com',
    'b.a.example.com',
  ]);
});

test('a refusal with narrower conditions leaves something', () => {
  for (const narrower of [{ port: 22 }, { app: '/usr/bin/wget' }, { user: 'bob' }, { protocol: 'udp' }] as const) {
    assert.deepEqual(allowed(allow('example.com'), reject('example.com', narrower)), ['example.com']);
  }
  assert.deepEqual(allowed(allow('example.com'), reject('example.com:22')), ['example.com']);
  assert.deepEqual(allowed(allow('example.com'), reject(['list:ads', 'lan'])), ['example.com']);
});

test('which of two rules wins is as in every policy: priority, then the destination, then the stricter', () => {
  assert.deepEqual(allowed(allow('a.example.com'), reject('.example.com')), ['a.example.com']);
  assert.deepEqual(allowed(allow('a.example.com'), reject('.example.com', { priority: 1 })), []);
  assert.deepEqual(allowed(allow('a.example.com'), reject('any')), ['a.example.com']);
  assert.deepEqual(allowed(allow('a.example.com'), reject(undefined)), ['a.example.com']);
  assert.deepEqual(allowed(allow('a.example.com'), reject('any', { priority: 1 })), []);
  assert.deepEqual(allowed(allow('a.example.com', { priority: 2 }), reject(undefined, { priority: 1 })), [
    'a.example.com',
  ]);
});

test('an exception to a refusal is for an app, a port, a protocol', () => {
  for (const narrower of [{ port: 443 }, { app: '/usr/bin/curl' }, { protocol: 'tcp' }] as const) {
    assert.deepEqual(allowed(allow('example.com', narrower), reject('example.com')), ['example.com']);
  }
  assert.deepEqual(allowed(allow('example.com:443'), reject('example.com')), ['example.com']);
  assert.deepEqual(allowed(allow('.example.com', { app: '/usr/bin/curl' }), reject('a.example.com')), [
    ...['example.com', 'a.example.com', 'b.a.example.com'],
  ]);
  assert.deepEqual(allowed(allow('.example.com', { port: 443 }), reject('a.example.com')), [
    ...['example.com', 'b.a.example.com'],
  ]);
});

test('what is allowed is what the policy allows some connection by that name', () => {
  const to = fc.constantFrom(
    'example.com',
    '*.example.com',
    '.example.com',
    'a.example.com',
    '.com',
    '*.a.example.com',
  );
  const rule = fc.record({
    action: fc.constantFrom('allow', 'reject', 'drop'),
    to: fc.oneof(to, fc.array(to, { minLength: 1, maxLength: 3 })),
    priority: fc.constantFrom(0, 0, 0, 1),
    more: fc.constantFrom({}, {}, { port: 443 }, { app: '/usr/bin/curl' }),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), (parts) => {
      // A refusal with more conditions leaves something, but not to the one attempt that is tried here.
      const rules = parts.map(
        ({ more, ...part }, at) => ({ name: `r${at}`, ...part, ...(part.action === 'allow' ? more : {}) }) as RuleText,
      );
      const { policy } = compilePolicy(
        rules.map((one) => ({ rule: one, origin: 'local' })),
        { revision: 1, mode: 'lockdown', accounts: { users: {}, groups: {} } },
      );
      const allows = allowedNames(rules);
      for (const name of names) {
        const attempt = attemptFromJson({
          process: { pid: 1, startTime: '1', exe: '/usr/bin/curl' },
          flow: { protocol: 'tcp', remote: { address: '198.51.100.7', port: 443 } },
          names: [{ name, from: 'dns' }],
        });
        assert.equal(allows(name), policy.decide(attempt, 0).action === 'allow', name);
      }
    }),
    { numRuns: 500 },
  );
});
