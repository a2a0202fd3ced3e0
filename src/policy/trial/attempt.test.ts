// Attempts from the words of rules, and the tests in rule files.
import assert from 'node:assert/strict';
import test from 'node:test';
import { attemptToJson } from '#model/attempt.ts';
import { parseRuleFile } from '../parse/rulefile.ts';
import { type AttemptConditions, attemptFromConditions } from './attempt.ts';
import { runRuleTests } from './ruletests.ts';

const accounts = { users: { alice: 1000 }, groups: { noinet: 7 } };

function json(words: AttemptConditions): unknown {
  const attempt = attemptFromConditions(words, accounts);
  assert.ok(attempt.ok, attempt.ok ? '' : attempt.error);
  const { names: _, ...rest } = attemptToJson(attempt.value);
  return rest;
}

test('an attempt has what the words say, and the rest is not known', () => {
  assert.deepEqual(json({ app: '/usr/bin/curl', user: 'alice', to: '198.51.100.7:443' }), {
    process: { exe: '/usr/bin/curl', uid: 1000 },
    flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port: 443 } },
  });
  assert.deepEqual(
    json({ app: { script: '/x.py', unit: 'a.service' }, args: 'x -v', port: 53, protocol: 'udp', group: 7 }),
    {
      process: { script: '/x.py', unit: 'a.service', args: ['x', '-v'], gid: 7 },
      flow: { protocol: 'udp', direction: 'out', remote: { address: '192.0.2.1', port: 53 } },
    },
  );
});

test('of what comes in, `from` is the far end and `to` and `port` are ours', () => {
  assert.deepEqual(json({ direction: 'in', from: '10.0.0.9', to: '10.0.0.1', port: 22, interface: 'eth0' }), {
    flow: {
      protocol: 'tcp',
      direction: 'in',
      local: { address: '10.0.0.1', port: 22 },
      remote: { address: '10.0.0.9', port: 0 },
      interface: 'eth0',
    },
  });
  assert.deepEqual(json({ direction: 'forward', from: '10.0.0.9', to: '[2001:db8::1]:80' }), {
    flow: {
      protocol: 'tcp',
      direction: 'forward',
      local: { address: '10.0.0.9', port: 0 },
      remote: { address: '2001:db8::1', port: 80 },
    },
  });
});

test('an icmp-type makes it ICMP of the family', () => {
  const flow = (words: AttemptConditions) => (json(words) as { flow: { protocol: string } }).flow;
  assert.equal(flow({ 'icmp-type': 8 }).protocol, 'icmp');
  assert.equal(flow({ 'icmp-type': 128, to: '2001:db8::1' }).protocol, 'icmpv6');
  assert.deepEqual(flow({ protocol: 47, to: '192.0.2.9' }), {
    protocol: 'raw',
    protocolNumber: 47,
    direction: 'out',
    remote: { address: '192.0.2.9', port: 0 },
  });
});

test('what is no attempt is refused in a sentence', () => {
  const refused: [AttemptConditions, RegExp][] = [
    [{ to: 'lan' }, /^to: "lan" is no address or name such as/],
    [{ to: '192.0.2.1:99999' }, /^to: /],
    [{ user: 'nosuch' }, /^user: this machine has no "nosuch"$/],
    [{ app: '/usr/*' }, /is a pattern; an attempt is made by one program/],
    [{ protocol: 'icmp', to: '192.0.2.1:80' }, /icmp has no ports/],
    [{ to: '192.0.2.1:80', port: 81 }, /"to" says port 80 and "port" says 81/],
    [{ network: '10.0.0.0/99' }, /^network: /],
  ];
  for (const [words, message] of refused) {
    const attempt = attemptFromConditions(words, accounts);
    assert.ok(!attempt.ok && message.test(attempt.error), JSON.stringify(attempt));
  }
});

test('tests of rules run anywhere, with users and groups of another machine', () => {
  const { records, diagnostics } = parseRuleFile(
    `rules:
  - name: fence
    action: reject
    group: noinet
    tests:
      - { group: noinet, app: /usr/bin/curl, expect: reject }
      - { group: staff, app: /usr/bin/curl, expect: allow }
      - { user: carol, expect: allow }
  - { name: curl, action: allow, app: /usr/bin/curl }
`,
    'x.yaml',
  );
  assert.deepEqual(diagnostics, []);
  const context = { revision: 1, mode: 'lockdown', accounts: { users: {}, groups: {} }, now: 0 } as const;
  const { passed, failed } = runRuleTests(records, context);
  assert.equal(passed, 2);
  const [failure] = failed;
  assert.equal(failed.length, 1);
  assert.equal(failure?.message, 'test 3 of rule "fence" expects allow, and the mode (lockdown) says reject');
  assert.deepEqual(failure?.place, { file: 'x.yaml', line: 2, column: 5 });
  assert.equal(failure?.explanation?.trace[0]?.why, 'group is not known, and the rule asks for noinet.');
});
