// Questions about far ends that have names: what is shown, and what an answer by name releases.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Attempt } from '#model/attempt.ts';
import { flowKey } from '#model/flow.ts';
import { parseName } from '#policy/match/name.ts';
import { attempt } from '../../test/dsl.ts';
import { pick, World } from '../../test/engine/world.ts';
import type { Decider } from './types.ts';

const pattern = (text: string) => {
  const parsed = parseName(text);
  assert.ok(parsed.ok);
  return parsed.value;
};
const called = (...names: string[]): Attempt['names'] => names.map((name) => ({ name, from: 'dns' }));
const flow = (port: number) => `curl from ${port} → 192.0.2.1:443/tcp`;

/** A world where flows to one address wait in one question: 1 and 2 are called `a.example`, 3 otherwise, 4 not at all. */
function fourFlows() {
  const world = new World({ mode: 'ask' });
  const ids: number[] = [];
  for (const [at, names] of [
    called('a.example'),
    called('a.example', 'b.example'),
    called('c.example'),
    [],
  ].entries()) {
    world.names = names;
    world.send(flow(at + 1));
    ids.push(world.lastId);
  }
  const verdicts = () => ids.map((id) => world.verdicts.get(id) ?? 'held');
  const answer = (name: string | undefined, action: 'allow' | 'reject' = 'allow') =>
    world.answer('k0-1', action, name === undefined ? undefined : pattern(name));
  return { world, verdicts, answer };
}

suite('an answer by name', () => {
  test('judges the flows that have the name, and the others stay asked in the same question', () => {
    const { world, verdicts, answer } = fourFlows();
    assert.equal(world.engine.prompts().length, 1, 'one address, one question');
    const deadline = world.engine.prompts()[0]?.deadline;
    const effects = answer('a.example');
    assert.deepEqual(verdicts(), ['accept', 'accept', 'held', 'held']);
    const [changed] = pick(effects, 'prompt-changed');
    assert.deepEqual(changed?.prompt.attempt.names, called('c.example'), 'the question shows what is left');
    assert.deepEqual([changed?.prompt.flows, changed?.prompt.packets, changed?.prompt.deadline], [2, 2, deadline]);
    assert.equal(pick(effects, 'prompt-closed').length, 0);
    answer('.example', 'reject');
    assert.deepEqual(verdicts(), ['accept', 'accept', 'reject', 'held']);
    assert.deepEqual(world.engine.prompts()[0]?.attempt.names, []);
    assert.deepEqual(pick(answer(undefined), 'prompt-closed')[0]?.outcome, 'answered');
    assert.deepEqual(verdicts(), ['accept', 'accept', 'reject', 'accept']);
    assert.equal(world.counted('answered'), 3);
  });

  test('of what nobody is called changes nothing, and is known before', () => {
    const { world, verdicts, answer } = fourFlows();
    assert.equal(world.engine.asksAbout('k0-1', pattern('b.example')), true);
    assert.equal(world.engine.asksAbout('k0-1', pattern('d.example')), false);
    assert.equal(world.engine.asksAbout('k0-2', pattern('b.example')), false);
    assert.deepEqual(answer('d.example'), []);
    assert.deepEqual(verdicts(), ['held', 'held', 'held', 'held']);
    assert.equal(world.counted('answered'), 0);
  });

  test('leaves the others their deadline, and their places in the quotas', () => {
    const { world, verdicts, answer } = fourFlows();
    answer('a.example');
    world.pass(30_000);
    assert.deepEqual(verdicts(), ['accept', 'accept', 'reject', 'reject']);
    assert.equal(world.engine.nextDeadline(), undefined);
    assert.equal(world.engine.asks, false);
  });

  test('for the address judges them all', () => {
    const { verdicts, answer } = fourFlows();
    answer(undefined);
    assert.deepEqual(verdicts(), ['accept', 'accept', 'accept', 'accept']);
  });
});

suite('a name that is known later', () => {
  const naming = (port: number, names: Attempt['names']) => ({
    type: 'named' as const,
    flows: [{ key: flowKey(attempt(flow(port)).flow), names }],
  });

  test('is shown in the question, and can be answered for', () => {
    const world = new World({ mode: 'ask' });
    world.send(flow(1));
    world.send(flow(2));
    const [changed] = pick(world.handle(naming(2, called('late.example'))), 'prompt-changed');
    assert.deepEqual(changed?.prompt.attempt.names, called('late.example'));
    world.answer('k0-1', 'allow', pattern('late.example'));
    assert.deepEqual([...world.verdicts.values()], ['accept']);
    assert.deepEqual(world.engine.prompts()[0]?.attempt.names, [], 'the other flow has no name');
    assert.equal(world.engine.askedTo(() => true).length, 1);
  });
});

test('a policy that decides some flows of a question leaves it to show one of the others', () => {
  const { world, verdicts } = fourFlows();
  const policy: Decider = {
    revision: 2,
    decide: ({ names }) => {
      const allowed = names.some(({ name }) => name === 'a.example');
      const by = allowed ? ({ action: 'allow', rule: 'a' } as const) : ({ action: 'ask', rule: null } as const);
      return { ...by, by: allowed ? 'rule' : 'mode', revision: 2, logged: [] };
    },
  };
  const settings = { mode: 'ask', failMode: 'known', forward: true, holdSeconds: 30 } as const;
  const [changed] = pick(world.handle({ type: 'policy', policy, settings }), 'prompt-changed');
  assert.deepEqual(verdicts(), ['accept', 'accept', 'held', 'held']);
  assert.deepEqual(changed?.prompt.attempt.names, called('c.example'));
  assert.equal(world.engine.asksAbout('k0-1', pattern('a.example')), false);
});
