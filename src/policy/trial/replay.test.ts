// What a replay says differs: by the decision, and together where it is the same.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { attemptToJson } from '#model/attempt.ts';
import type { Connection } from '#model/connection.ts';
import type { RuleText } from '#model/rule.ts';
import { accounts, attempt as anyAttempt, ruleRecords } from '../arbitrary.ts';
import { compilePolicy } from '../policy.ts';
import { Replay } from './replay.ts';

const policyOf = (rules: readonly RuleText[], mode: 'ask' | 'lockdown' = 'lockdown') =>
  compilePolicy(
    rules.map((rule) => ({ rule, origin: 'file' as const })),
    { revision: 1, mode, accounts },
  ).policy;

function connection(change: Partial<Connection> = {}, port = 443, direction: 'in' | 'out' = 'out'): Connection {
  return {
    ...{ id: 'a-1', time: 100, lastTime: 100, action: 'allow', enforced: true, rule: null, reason: 'mode' },
    ...{ revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0 },
    attempt: {
      process: { exe: '/usr/bin/curl', uid: 1000 },
      flow: {
        ...{ protocol: 'tcp', direction, local: { address: '10.0.0.1', port: 22 } },
        remote: { address: '198.51.100.7', port },
      },
      names: [{ name: 'a.example', from: 'dns' }],
    },
    ...change,
  } as Connection;
}

test('what was done is compared with what the rules would do, and the same is one group', () => {
  const replay = new Replay(policyOf([{ name: 'web', action: 'allow', port: 443 }]), 1000);
  for (const one of [connection(), connection({ time: 50 }, 80), connection({ time: 70 }, 80)]) replay.add(one);
  assert.deepEqual(replay.report(10), {
    ...{ since: 50, connections: 3, changed: 2, more: 0 },
    groups: [
      {
        ...{ app: 'curl', destination: 'a.example 198.51.100.7:80/tcp', direction: 'out' },
        ...{ was: 'allow', would: 'reject', rule: null, times: 2, last: 70 },
      },
    ],
  });
});

test('of what comes in, callers are told apart by their addresses and not by their ports', () => {
  const replay = new Replay(policyOf([]), 1000);
  for (const port of [5001, 5002]) replay.add(connection({}, port, 'in'));
  assert.deepEqual(
    replay.report(10).groups.map(({ destination, times }) => [destination, times]),
    [['port 22 from a.example 198.51.100.7/tcp', 2]],
  );
});

test('against other rules, what was done does not matter', () => {
  const [before, after] = [policyOf([], 'ask'), policyOf([{ name: 'no', action: 'drop', app: '/usr/bin/curl' }])];
  const replay = new Replay(after, 1000, before);
  replay.add(connection());
  const [group] = replay.report(10).groups;
  assert.deepEqual([group?.was, group?.would, group?.rule], ['ask', 'drop', 'no']);
});

test('the same rules change nothing, and each change is counted once', () => {
  fc.assert(
    fc.property(ruleRecords(), ruleRecords(), fc.array(anyAttempt, { maxLength: 20 }), (one, two, attempts) => {
      const [first, second] = [one, two].map(
        (records) => compilePolicy(records, { revision: 1, mode: 'ask', accounts }).policy,
      );
      if (first === undefined || second === undefined) return;
      const [same, other] = [new Replay(first, 0, first), new Replay(second, 0, first)];
      let differ = 0;
      for (const attempt of attempts) {
        const made = connection({ attempt: attemptToJson(attempt) });
        same.add(made);
        other.add(made);
        if (first.decide(attempt, 0).action !== second.decide(attempt, 0).action) differ += 1;
      }
      assert.equal(same.report(10).changed, 0);
      const report = other.report(Number.POSITIVE_INFINITY);
      assert.equal(report.changed, differ);
      assert.equal(
        report.groups.reduce((sum, { times }) => sum + times, 0),
        differ,
      );
    }),
  );
});
