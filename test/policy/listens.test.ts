// Which flows are listened to: all that what they say could decide otherwise, as far as rules ask for it.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { namesSaid } from '#attribution/names/said.ts';
import type { Attempt } from '#model/attempt.ts';
import { modes } from '#model/mode.ts';
import { accounts, attempt, places, ruleRecords } from '#policy/arbitrary.ts';
import { compilePolicy } from '#policy/policy.ts';

const now = 1000;
/** Those that the rules of arbitrary.ts ask for. */
const saidName = fc.constantFrom('a.example', 'b.a.example', 'example', 'x.test', 'else.where');

/** One that is seldom in the way of the others, and often of the names. */
const refusal = {
  ...{ rule: { name: 'names', action: 'reject', to: ['.example', 'x.test'], priority: 3 }, origin: 'file' },
  ...{ file: 'f', line: 1, column: 1 },
} as never;

test('an allowed flow that another name would refuse is listened to', () => {
  let refused = 0;
  fc.assert(
    fc.property(ruleRecords(), attempt, saidName, fc.constantFrom(...modes), (records, item, name, mode) => {
      const { policy } = compilePolicy([...records, refusal], { revision: 1, mode, accounts, places });
      const { protocol, direction } = item.flow;
      if (direction !== 'out' || (protocol !== 'tcp' && protocol !== 'udp')) return;
      const before = policy.decide(item, now);
      const from = protocol === 'tcp' ? 'sni' : 'quic';
      const said = { kind: 'name', name, from, encryptedHello: false, proxied: false } as const;
      const after = policy.decide({ ...item, names: namesSaid(item.names, said) }, now);
      if (before.action !== 'allow' || after.action === 'allow') return;
      refused += 1;
      assert.equal(policy.listens(item, before, now), true);
    }),
    { numRuns: 5000 },
  );
  assert.ok(refused > 20, `only ${refused} such flows were tried`);
});

const out = (protocol: 'tcp' | 'udp', direction: Attempt['flow']['direction'] = 'out'): Attempt => ({
  flow: {
    protocol,
    protocolNumber: protocol === 'tcp' ? 6 : 17,
    direction,
    remote: { address: { family: 4, w0: 0, w1: 0, w2: 0xffff, w3: 0xc0000201 } as never, port: 443 },
  },
  names: [],
});

test('one that is refused only where a rule before that asks for what it says, over its protocol', () => {
  const policyOf = (...rules: readonly object[]) =>
    compilePolicy(
      rules.map((rule, at) => ({
        rule: { name: `r${at}`, ...rule },
        origin: 'file',
        file: 'f',
        line: at + 1,
        column: 1,
      })) as never,
      { revision: 1, mode: 'lockdown', accounts },
    ).policy;
  const listens = (policy: ReturnType<typeof policyOf>, of: Attempt) => policy.listens(of, policy.decide(of, now), now);
  const any = policyOf({ action: 'allow', to: 'a.example' });
  assert.equal(listens(any, out('tcp')), false, 'any evidence: what it says is not waited for');
  const sni = policyOf({ action: 'allow', to: 'a.example', 'name-from': ['sni'] });
  assert.equal(listens(sni, out('tcp')), true);
  assert.equal(listens(sni, out('udp')), false);
  assert.equal(listens(sni, out('tcp', 'in')), false);
  const quic = policyOf({ action: 'allow', to: 'a.example', 'name-from': ['quic'] });
  assert.deepEqual([listens(quic, out('tcp')), listens(quic, out('udp'))], [false, true]);
  const port = policyOf({ action: 'allow', to: 'a.example', 'name-from': ['sni'], port: 80 });
  assert.equal(listens(port, out('tcp')), false, 'another of its conditions does not hold');
  const after = policyOf(
    { action: 'reject', port: 443, priority: 5 },
    { action: 'allow', to: 'a.example', 'name-from': ['sni'] },
  );
  assert.equal(listens(after, out('tcp')), false, 'a rule before it refuses whatever it says');
  const off = policyOf({ action: 'allow', to: 'a.example', 'name-from': ['sni'], enabled: false });
  assert.equal(listens(off, out('tcp')), false);
});
