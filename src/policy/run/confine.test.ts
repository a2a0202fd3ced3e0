import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mode } from '#model/mode.ts';
import { accounts, attempt, places, ruleRecords } from '../arbitrary.ts';
import { compilePolicy } from '../policy.ts';
import { confining, runOfCgroup } from './confine.ts';

const context = { revision: 7, accounts, places };

test('the run of a cgroup is that of the folder it lies in', () => {
  for (const [cgroup, run] of [
    ['/postern.run/k3f9', 'k3f9'],
    ['/user.slice/postern.run/k3f9/inner/more', 'k3f9'],
    ['/postern.run', undefined],
    ['/postern.run/', undefined],
    ['/posternxrun/k3f9', undefined],
    ['/a.postern.run/k3f9', undefined],
    [undefined, undefined],
  ] as const)
    assert.equal(runOfCgroup(cgroup), run, cgroup);
});

test('who is confined does what both allow; nobody else is judged otherwise; and what was consulted says the same', () => {
  const seen = { allowed: 0, refusedByMachine: 0, refusedByRun: 0, asked: 0, free: 0 };
  fc.assert(
    fc.property(
      ruleRecords(),
      ruleRecords(),
      fc.constantFrom<Mode>('allow', 'ask', 'lockdown'),
      fc.constantFrom<Mode>('ask', 'lockdown'),
      attempt,
      fc.constantFrom('/postern.run/one', '/postern.run/one/below', '/postern.run/gone', '/user.slice', undefined),
      (machineRules, runRules, mode, ofRun, asked, cgroup) => {
        const machine = compilePolicy(machineRules, { ...context, mode }).policy;
        const run = compilePolicy(runRules, { ...context, mode: ofRun }).policy;
        const both = confining(machine, [{ id: 'one', policy: run }]);
        const one = { ...asked, process: { ...asked.process, cgroup } };
        const now = 1000;
        const decided = both.decide(one, now);
        const { decision, consulted } = both.decideConsulting(one, now);
        assert.deepEqual([decision.action, decision.rule], [decided.action, decided.rule]);
        assert.equal(consulted.cgroup, true);
        assert.equal(both.explain(one, now).action, decided.action);
        const alone = machine.decide(one, now);
        if (cgroup === undefined || cgroup === '/user.slice') {
          seen.free += 1;
          assert.deepEqual(decided, alone);
          return;
        }
        if (cgroup === '/postern.run/gone') {
          assert.equal(decided.action, 'reject');
          return;
        }
        const own = run.decide(one, now);
        if (own.action === 'reject' || own.action === 'drop') {
          seen.refusedByRun += 1;
          assert.deepEqual([decided.action, decided.rule], [own.action, own.rule]);
        } else if (alone.by === 'rule' && alone.action !== 'allow') {
          seen.refusedByMachine += 1;
          assert.deepEqual([decided.action, decided.rule], [alone.action, alone.rule]);
        } else if (own.action === 'ask') {
          seen.asked += 1;
          assert.equal(decided.action, alone.by === 'rule' ? 'allow' : 'ask');
        } else {
          seen.allowed += 1;
          assert.deepEqual([decided.action, decided.rule], ['allow', own.rule]);
        }
      },
    ),
    { numRuns: 5000 },
  );
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 50, `${what}: ${times}`);
});

test('what the kernel would allow by itself waits for who asks, while somebody is confined', () => {
  const rule = (name: string, action: 'allow' | 'reject') => ({
    rule: { name, action, user: 'alice', port: 443 },
    origin: 'file' as const,
  });
  const machine = compilePolicy(
    [rule('a', 'allow'), { ...rule('b', 'reject'), rule: { name: 'b', action: 'reject', group: 'noinet' } }],
    {
      ...context,
      mode: 'lockdown',
    },
  ).policy;
  assert.deepEqual(machine.kernelRules.map(({ name }) => name).sort(), ['a', 'b']);
  const run = compilePolicy([], { ...context, mode: 'lockdown' }).policy;
  assert.deepEqual(
    confining(machine, [{ id: 'one', policy: run }]).kernelRules.map(({ name }) => name),
    ['b'],
  );
  assert.equal(confining(machine, []), machine);
});
