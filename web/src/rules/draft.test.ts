// The form of a rule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleSchema } from '#model/rule.ts';
import { emptyDraft, ruleOf } from './draft.ts';

test('what is left empty is no condition, and what the form makes is a rule', () => {
  const made = ruleOf({
    ...emptyDraft,
    app: '/usr/bin/curl',
    to: 'example.com, 10.0.0.0/8',
    port: '443 8000-8999',
    user: '1000',
  });
  assert.ok(made.ok);
  assert.deepEqual(made.value, {
    name: 'reject curl of 1000 to example.com 10.0.0.0/8 443 8000-8999',
    action: 'reject',
    app: '/usr/bin/curl',
    user: 1000,
    to: ['example.com', '10.0.0.0/8'],
    port: [443, '8000-8999'],
  });
  assert.ok(ruleSchema.safeParse(made.value).success);
});

test('what comes in asks from where', () => {
  const made = ruleOf({ ...emptyDraft, action: 'allow', direction: 'in', to: 'lan', port: '22', name: 'ssh' });
  assert.deepEqual(made, { ok: true, value: { name: 'ssh', action: 'allow', from: 'lan', port: 22, direction: 'in' } });
});

test('what cannot be is said in a sentence', () => {
  for (const wrong of [{}, { to: 'not_a place' }, { port: 'https' }, { priority: 'high' }]) {
    const made = ruleOf({ ...emptyDraft, ...wrong });
    assert.ok(!made.ok && /\.$/.test(made.error), JSON.stringify(made));
  }
});
