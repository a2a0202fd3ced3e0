// What a decision consulted is all that it rests on: whatever else changes, the decision stays.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Attempt } from '#model/attempt.ts';
import { modes } from '#model/mode.ts';
import { type Address, ipv4, prefixOf } from '#model/net/address.ts';
import { scopes } from '#model/net/scope.ts';
import type { Process } from '#model/process.ts';
import { accounts, attempt, conditions, places, ruleRecord, ruleRecords, where } from '../arbitrary.ts';
import { builtinRules } from '../builtin.ts';
import { compilePolicy } from '../policy.ts';
import type { Consulted } from './consulted.ts';

const now = 1000;
const some = fc.oneof(
  conditions(),
  conditions(['port', 'to', 'from', 'direction'], 1),
  conditions(['app', 'user', 'ancestor', 'cgroup'], 1),
);

const ofExecutable = ['exe', 'sha256', 'package', 'kernel'] as const;
const ofCgroup = ['cgroup'] as const;
const ofProcess = [
  ...ofExecutable,
  ...(['pid', 'startTime', 'script', 'args', 'ancestors', 'appimage', 'seeded'] as const),
  ...(['unit', 'container', 'flatpak', 'snap'] as const),
] as const;

function processWith(one: Process = {}, other: Process = {}, consulted: Consulted): Process {
  const mixed: Record<string, unknown> = { ...other };
  const take = (keys: readonly (keyof Process)[]) => {
    for (const key of keys) mixed[key] = one[key];
  };
  if (consulted.executable) take(ofExecutable);
  if (consulted.process) take(ofProcess);
  if (consulted.cgroup) take(ofCgroup);
  if (consulted.volatile) take(['groups', 'label']);
  if (consulted.uid) take(['uid']);
  if (consulted.gid) take(['gid']);
  return mixed;
}

/** The first bits of one address, and the others of another of any family. */
function addressWith(one: Address, other: Address, bits: number): Address {
  if (one.family === 4) {
    const rest = bits === 32 ? 0 : 0xffffffff >>> bits;
    return ipv4((one.w3 & ~rest) | (other.w3 & rest));
  }
  const keep = prefixOf(one, bits).address;
  const cut = prefixOf({ ...other, family: 6 }, bits).address;
  const word = (key: 'w0' | 'w1' | 'w2' | 'w3') => ((other[key] ^ cut[key]) | keep[key]) >>> 0;
  return { family: 6, w0: word('w0'), w1: word('w1'), w2: word('w2'), w3: word('w3') };
}

function agreeOnLoopback(one: Attempt, other: Attempt): boolean {
  return (one.flow.interface === 'lo') === (other.flow.interface === 'lo');
}

/** Another attempt that agrees with this one on what was consulted. */
function agreeing(one: Attempt, other: Attempt, consulted: Consulted): Attempt {
  const address = addressWith(one.flow.remote.address, other.flow.remote.address, consulted.remoteBits);
  const port = (consulted.remotePort ? one : other).flow.remote.port;
  const { protocol, protocolNumber } = (consulted.protocol ? one : other).flow;
  const near = (consulted.localAddress ? one : other).flow.local;
  const nearPort = (consulted.localPort ? one : other).flow.local?.port ?? 0;
  return {
    process: processWith(one.process, other.process, consulted),
    flow: {
      protocol,
      protocolNumber,
      direction: one.flow.direction,
      // The port of an address that is not known is not known either.
      local: near === undefined ? undefined : { address: near.address, port: nearPort },
      remote: { address, port },
      interface: (consulted.interface || (consulted.loopback && !agreeOnLoopback(one, other)) ? one : other).flow
        .interface,
      icmp: (consulted.icmpType ? one : other).flow.icmp,
    },
    names: (consulted.names ? one : other).names,
  };
}

const builtin = builtinRules({ resolvers: [ipv4(0xc0000235)] });
const fewRules = fc
  .tuple(ruleRecords(ruleRecord(some), 12), fc.boolean())
  .map(([list, whole]) => (whole ? [...builtin, ...list] : list));
/** These conditions, and always one of these values. */
const having = (
  words: ReturnType<typeof conditions>,
  key: 'app' | 'to' | 'from' | 'port',
  values: readonly unknown[],
) => fc.tuple(words, fc.constantFrom(...values)).map(([some, value]) => ({ ...some, [key]: value }));
const pids = [42, 43, 44].map((pid) => ({ pid, startTime: '7' }));

/** So many about the same things that the tree files them by one after the other; where all only record, all of it is walked. */
const manyRules = fc
  .tuple(
    fc.constantFrom(
      conditions(['to', 'port', 'user'], 2),
      conditions(['app', 'user', 'protocol'], 2),
      conditions(['group', 'interface', 'from'], 2),
      conditions(['group', 'direction'], 1),
      conditions(['supplementary-group', 'direction'], 1),
      having(conditions(['port', 'protocol'], 1), 'to', scopes),
      having(conditions(['port', 'protocol'], 1), 'from', scopes),
      having(conditions(['args', 'direction'], 1), 'port', [53, 80, 443, 9999]),
      having(conditions(['args', 'network'], 1), 'app', pids),
      conditions(['icmp-type', 'direction'], 1),
      conditions(['port', 'direction'], 1),
      conditions(['supplementary-group', 'port', 'from'], 2),
      conditions(['ancestor', 'label', 'network'], 2),
      conditions(['icmp-type', 'protocol', 'to'], 2),
      conditions(['cgroup', 'args', 'port'], 2),
      conditions(['far', 'args', 'port'], 2),
      conditions(['far', 'user'], 1),
      conditions(['far'], 1),
      conditions(['profile', 'known-network', 'port', 'app'], 1),
    ),
    fc.boolean(),
  )
  .chain(([words, recording]) =>
    ruleRecords(ruleRecord(words), 120, 60).map((list) =>
      recording ? list.map((item) => ({ ...item, rule: { ...item.rule, action: 'log' as const } })) : list,
    ),
  );
const attempts = fc.array(attempt, { minLength: 6, maxLength: 8 });

for (const [what, rules, numRuns] of [
  ['few', fewRules, 400],
  ['many', manyRules, 300],
] as const) {
  test(`with ${what} rules, an attempt that agrees on all that was consulted gets the same decision until a rule expires`, () => {
    fc.assert(
      fc.property(rules, fc.constantFrom(...modes), attempts, where, (list, mode, all, at) => {
        const { policy } = compilePolicy(list, { revision: 3, mode, accounts, places, where: at });
        for (const one of all) {
          const { decision, consulted } = policy.decideConsulting(one, now);
          assert.deepEqual(decision, policy.decide(one, now));
          assert.ok(consulted.expires > now);
          const last = Math.min(consulted.expires - 1, 5000);
          for (const other of all) {
            const agreed = agreeing(one, other, consulted);
            // Its near end is not known, so neither is a port of it that may have been consulted.
            if (consulted.localPort && agreed.flow.local?.port !== one.flow.local?.port) continue;
            assert.deepEqual(policy.decide(agreed, now), decision);
            assert.deepEqual(policy.decide(agreed, last), decision);
          }
        }
      }),
      { numRuns },
    );
  });
}

test('many networks: the remote address counts only as far as they tell it from its neighbours', () => {
  const list = Array.from({ length: 400 }, (_, index) => ({
    rule: { name: `net ${index}`, action: 'reject' as const, to: `10.${index >> 4}.${(index & 15) << 4}.0/20` },
    origin: 'file' as const,
  }));
  const { policy } = compilePolicy(list, { revision: 1, mode: 'allow', accounts });
  const bitsOf = (word: number) => {
    const flow = { protocol: 'tcp', protocolNumber: 6, direction: 'out' } as const;
    const asked: Attempt = { flow: { ...flow, remote: { address: ipv4(word), port: 443 } }, names: [] };
    return policy.decideConsulting(asked, 0).consulted.remoteBits;
  };
  assert.equal(bitsOf(0xc0000201), 1);
  assert.equal(bitsOf(0x0b000001), 8);
  assert.equal(bitsOf(0x0a011001), 20);
  assert.equal(bitsOf(0x0aff0001), 9);
});
