// An exception to a fence gets the fence's priority, and then wins by its conditions; other rules get none.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { exceptionPriority } from './exception.ts';
import { compilePolicy } from './policy.ts';
import { attemptFromConditions } from './trial/attempt.ts';

const accounts = { users: { bob: 1001 }, groups: { noinet: 7 } };
const fence: RuleRecord = { rule: { name: 'fence', action: 'reject', group: 'noinet' }, origin: 'file' };
const rule = (more: Partial<RuleText>): RuleText => ({ name: 'new', action: 'allow', ...more });

test('a rule with all conditions of a fence is an exception to it', () => {
  const exception = rule({ group: 'noinet', to: '10.0.0.0/8' });
  const priority = exceptionPriority(exception, [fence], accounts);
  assert.equal(priority, 10);
  const attempt = attemptFromConditions({ group: 'noinet', to: '10.0.0.1' }, accounts);
  assert.ok(attempt.ok);
  const decide = (text: RuleText) => {
    const { policy } = compilePolicy([fence, { rule: text, origin: 'local' }], { revision: 1, mode: 'ask', accounts });
    return policy.decide(attempt.value, 0).rule;
  };
  assert.equal(decide(exception), 'fence');
  assert.equal(decide({ ...exception, priority: 10 }), 'new');
});

test('a rule that is about more than the fence is none', () => {
  assert.equal(exceptionPriority(rule({ app: '/usr/bin/curl' }), [fence], accounts), undefined);
  assert.equal(exceptionPriority(rule({ group: 'noinet', action: 'reject' }), [fence], accounts), undefined);
  assert.equal(exceptionPriority(rule({ group: 'noinet', priority: 3 }), [fence], accounts), undefined);
  assert.equal(exceptionPriority(rule({ group: ['noinet', 'users'] }), [fence], accounts), undefined);
});

test('the highest of several fences counts', () => {
  const higher: RuleRecord = { rule: { name: 'higher', action: 'drop', user: 'bob', priority: 20 }, origin: 'file' };
  assert.equal(exceptionPriority(rule({ group: 'noinet', user: 'bob' }), [fence, higher], accounts), 20);
});
