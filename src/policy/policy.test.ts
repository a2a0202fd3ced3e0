// Properties of the policy: it agrees with the reference, files and order play no part, more conditions come first.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Attempt } from '#model/attempt.ts';
import type { Field } from '#model/decision.ts';
import { modes } from '#model/mode.ts';
import type { RuleRecord } from '#model/rule.ts';
import { accounts, attempt, conditions, places, ruleRecord, ruleRecords, where } from './arbitrary.ts';
import { type CompileContext, compilePolicy } from './policy.ts';
import { referenceDecide } from './reference.ts';

const now = 1000;
const context: CompileContext = {
  revision: 3,
  mode: 'ask',
  accounts,
  places,
  where: { network: 'Attic', profile: 'home' },
};
const attempts = fc.array(attempt, { minLength: 1, maxLength: 12 });

function shuffled<T>(list: readonly T[], seed: readonly number[]): T[] {
  return list
    .map((item, index) => ({ item, key: seed[index] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

test('the indexed policy decides as the reference does', () => {
  fc.assert(
    fc.property(ruleRecords(), attempts, fc.constantFrom(...modes), where, (records, list, mode, place) => {
      const here = { ...context, mode, where: place };
      const { policy, problems } = compilePolicy(records, here);
      assert.deepEqual(
        problems.filter(({ severity }) => severity === 'error'),
        [],
      );
      for (const item of list) {
        const { action, rule, logged } = policy.decide(item, now);
        assert.deepEqual({ action, rule, logged }, referenceDecide(records, here, item, now));
      }
    }),
    { numRuns: 300 },
  );
});

test('many rules about few things agree with the reference', () => {
  const narrow = fc.oneof(
    conditions(['app', 'to', 'port', 'user', 'protocol', 'from', 'direction']),
    conditions(['to', 'from']),
    conditions(['far', 'app', 'direction'], 1),
    conditions(['far'], 1),
    conditions(['to']),
    conditions(['profile', 'known-network', 'to', 'user'], 1),
  );
  fc.assert(
    fc.property(ruleRecords(ruleRecord(narrow), 200), attempts, where, (records, list, place) => {
      const here = { ...context, where: place };
      const { policy } = compilePolicy(records, here);
      for (const item of list) {
        const { action, rule, logged } = policy.decide(item, now);
        assert.deepEqual({ action, rule, logged }, referenceDecide(records, here, item, now));
      }
    }),
    { numRuns: 40 },
  );
});

test('the order of records makes no difference', () => {
  const seed = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(ruleRecords(), seed, attempts, (records, keys, list) => {
      const one = compilePolicy(records, context).policy;
      const other = compilePolicy(shuffled(records, keys), context).policy;
      for (const item of list) assert.deepEqual(one.decide(item, now), other.decide(item, now));
      assert.deepEqual(
        one.ordered.map(({ name }) => name),
        other.ordered.map(({ name }) => name),
      );
    }),
    { numRuns: 100 },
  );
});

test('a rule with the conditions of another and at least one more comes before it at equal priority', () => {
  const whole = conditions().filter((words) => Object.keys(words).some((key) => key !== 'direction'));
  const arb = fc.tuple(whole, fc.nat(), fc.constantFrom('allow', 'reject', 'ask'), fc.constantFrom('drop', 'allow'));
  fc.assert(
    fc.property(arb, attempts, ([whole, pick, action, otherAction], list) => {
      const words = whole as Record<string, unknown>;
      const keys = Object.keys(words).filter((key) => key !== 'direction');
      const extra = keys[pick % keys.length] as string;
      // Not a condition: what stands for "any".
      if (/"any"/.test(JSON.stringify(words[extra]))) return;
      const fewer = Object.fromEntries(Object.entries(words).filter(([key]) => key !== extra));
      const records = [
        { rule: { ...fewer, name: 'a', action: otherAction, priority: 0 }, origin: 'file' },
        { rule: { ...words, name: 'b', action, priority: 0 }, origin: 'file' },
      ] as RuleRecord[];
      const { policy } = compilePolicy(records, context);
      const more = compilePolicy(records.slice(1), context).policy;
      for (const item of list) {
        if (more.decide(item, now).rule === 'b') assert.equal(policy.decide(item, now).rule, 'b');
      }
    }),
    { numRuns: 500 },
  );
});

test('explain decides as decide does', () => {
  fc.assert(
    fc.property(ruleRecords(), attempt, (records, item) => {
      const { policy } = compilePolicy(records, context);
      const { depends: _, trace, ...decision } = policy.explain(item, now);
      assert.deepEqual(decision, policy.decide(item, now));
      const last = trace.at(-1);
      if (decision.rule !== null)
        assert.deepEqual(
          { ...last, why: last?.why.replace(/^It matches by .*: (\w+)\.$/, 'It matches: $1.') },
          { rule: decision.rule, why: `It matches: ${decision.action}.` },
        );
      for (const { why } of trace) assert.match(why, /^.{10,}\.$/s);
    }),
    { numRuns: 200 },
  );
});

test('an attempt that agrees on the fields a decision depends on gets the same decision', () => {
  const some = fc.oneof(conditions(), conditions(['port', 'to', 'from', 'direction']), conditions(['app', 'user']));
  fc.assert(
    fc.property(ruleRecords(ruleRecord(some), 6), attempt, attempt, where, (records, one, other, place) => {
      const { policy } = compilePolicy(records, { ...context, where: place });
      const { depends } = policy.explain(one, now);
      const mixed = depends.reduce((result, field) => withField(result, one, field), other);
      assert.deepEqual(policy.decide(mixed, now), policy.decide(one, now));
    }),
    { numRuns: 1000 },
  );
});

/** `to` with the value that `from` has in this field. */
function withField(to: Attempt, from: Attempt, field: Field): Attempt {
  const [group, name, part] = field.split('.') as [string, string, string | undefined];
  if (group === 'names') return { ...to, names: from.names };
  // Of the policy, and so the same for both.
  if (group === 'machine') return to;
  if (group === 'process') {
    const process: Record<string, unknown> = { ...to.process };
    const source = from.process as Record<string, unknown> | undefined;
    for (const key of name === 'pid' ? ['pid', 'startTime'] : [name]) process[key] = source?.[key];
    return { ...to, process };
  }
  const flow: Record<string, unknown> = { ...to.flow };
  if (part !== undefined) {
    const near = from.flow[name as 'local'];
    const own = to.flow[name as 'local'];
    // A near end that is not known has neither address nor port.
    if (near === undefined) flow[name] = undefined;
    else flow[name] = { address: near.address, port: near.port, ...own, [part]: near[part as 'port'] };
  } else flow[name] = from.flow[name as 'icmp'];
  if (name === 'protocol') flow.protocolNumber = from.flow.protocolNumber;
  return { ...to, flow: flow as unknown as Attempt['flow'] };
}
