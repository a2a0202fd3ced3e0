import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleSchema } from '#model/rule.ts';
import { destinationRules } from './destinations.ts';

const rules = (action: 'allow' | 'reject', text: string) => {
  const made = destinationRules(action, text);
  if (!made.ok) throw new Error(made.error);
  return made.value;
};

test('a destination is one rule, with ports and a protocol where they are said', () => {
  for (const [text, wanted] of [
    ['github.com', { to: 'github.com' }],
    ['github.com:443,22', { to: ['github.com:443', 'github.com:22'] }],
    ['*.example.com:8000-8999', { to: '*.example.com:8000-8999' }],
    ['10.0.0.0/8', { to: '10.0.0.0/8' }],
    ['192.0.2.1/icmp', { to: '192.0.2.1', protocol: 'icmp' }],
    ['[2001:db8::1]:53/udp', { to: '[2001:db8::1]:53', protocol: 'udp' }],
    ['10.0.0.0/8:443/tcp', { to: '10.0.0.0/8:443', protocol: 'tcp' }],
    ['list:ads', { to: 'list:ads' }],
    ['country:DE:443', { to: 'country:DE:443' }],
  ] as const) {
    const [rule, ...others] = rules('allow', text);
    const { name, action, ...conditions } = rule ?? assert.fail();
    assert.deepEqual([action, conditions, others], ['allow', wanted, []], text);
    assert.ok(ruleSchema.safeParse(rule).success, name);
  }
});

test('what may be reached on loopback may reach it; a refusal stands before what is allowed', () => {
  assert.deepEqual(
    rules('allow', 'loopback').map(({ to, from, direction }) => ({ to, from, direction })),
    [
      { to: 'loopback', from: undefined, direction: undefined },
      { to: undefined, from: 'loopback', direction: 'in' },
    ],
  );
  assert.deepEqual(
    rules('reject', 'loopback').map(({ priority }) => priority),
    [10],
  );
});

test('what is no destination is a sentence', () => {
  for (const text of ['', 'nonsense', 'github.com:99999', '300.1.1.1', ':443', 'github.com:443,x', 'a.b:1/tcp/udp']) {
    const made = destinationRules('allow', text);
    assert.ok(!made.ok && made.error.length > 10, text);
  }
});
