// How much may wait: what finds no room is refused at once and counted, and takes no room from others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultQueueLength, maxFlowsOfApp, maxFlowsOfUser, maxPacketsOfFlow, sharesOf } from '#engine/limits.ts';
import type { Decider } from '#engine/types.ts';
import { decider } from '../dsl.ts';
import { World } from '../engine/world.ts';

/** Flows of one program of one user, each from a port of its own. */
function open(world: World, program: string, uid: number, firstPort: number, count: number): void {
  for (let port = firstPort; port < firstPort + count; port++) {
    world.send(`${program} of ${uid} from ${port} → 203.0.113.1:443/tcp`);
  }
}

test('a program of a user may have 64 flows waiting, and the next is refused at once', () => {
  assert.equal(maxFlowsOfApp, 64);
  const world = new World({ mode: 'ask' });
  open(world, 'curl', 1000, 20_000, 64);
  assert.equal(world.waiting.size, 64);
  world.send('curl of 1000 from 30000 → 203.0.113.1:443/tcp');
  assert.equal(world.last, 'reject');
  assert.equal(world.counted('quota-app'), 1);
  for (const other of ['wget of 1000 from 30001', 'curl of 1001 from 30002']) {
    world.send(`${other} → 203.0.113.1:443/tcp`);
    assert.equal(world.last, 'held', other);
  }
});

test('a user may have 256 flows waiting, and another user is not touched', () => {
  assert.equal(maxFlowsOfUser, 256);
  const world = new World({ mode: 'ask' });
  for (const [at, program] of ['a', 'b', 'c', 'd'].entries()) open(world, program, 1000, 20_000 + at * 64, 64);
  assert.equal(world.waiting.size, 256);
  world.send('e of 1000 → 203.0.113.1:443/tcp');
  assert.equal(world.last, 'reject');
  assert.equal(world.counted('quota-user'), 1);
  world.send('e of 1001 from 30000 → 203.0.113.1:443/tcp');
  assert.equal(world.last, 'held');
});

test('flows that only wait for their program to be found have a bound of their own, and do not count as questions', () => {
  const { attributingOfUser, held, asked } = sharesOf(defaultQueueLength);
  assert.ok(attributingOfUser >= 4 * maxFlowsOfUser && held - asked >= 2 * attributingOfUser);
  const world = new World({ mode: 'ask', rules: ['allow crawler'], attributes: false });
  const found = () => {
    for (const ticket of [...world.tickets.keys()]) world.find(ticket);
  };
  open(world, 'crawler', 1000, 20_000, attributingOfUser);
  assert.equal(world.waiting.size, attributingOfUser);
  world.send('crawler of 1000 from 50000 → 203.0.113.1:443/tcp');
  assert.equal(world.last, 'reject', 'beyond the bound');
  world.send('crawler of 1001 from 50001 → 203.0.113.1:443/tcp');
  assert.equal(world.last, 'held', 'another user has room');
  found();
  assert.equal(world.waiting.size, 0);
  const verdicts = [...world.verdicts.values()];
  assert.equal(
    verdicts.filter((verdict) => verdict === 'accept').length,
    attributingOfUser + 1,
    'the rule decides all',
  );
  for (const [at, program] of ['a', 'b', 'c', 'd', 'e'].entries()) open(world, program, 1000, 20_000 + at * 64, 64);
  found();
  assert.equal(world.waiting.size, maxFlowsOfUser, 'as questions they have the quota of the user');
});

test('a flow may hold 32 packets; the next is dropped alone, and the flow still waits', () => {
  assert.equal(maxPacketsOfFlow, 32);
  const world = new World({ mode: 'ask' });
  const what = 'dig → 203.0.113.1:5353/udp';
  for (let count = 0; count < 32; count++) world.send(what);
  assert.equal(world.waiting.size, 32);
  world.send(what);
  assert.equal(world.last, 'drop');
  assert.equal(world.counted('quota-packets'), 1);
  assert.equal(world.waiting.size, 32);
});

// After each event the world itself looks whether more than half the queue is held.
for (const queueLength of [2, 16, 64, 1024]) {
  test(`held packets never exceed half of a queue of ${queueLength}, and all that is refused for it is counted`, () => {
    const world = new World({ mode: 'ask', queueLength });
    const flows = queueLength * 2;
    for (let uid = 1000; uid < 1000 + flows; uid++) world.send(`curl of ${uid} → 203.0.113.1:443/tcp`);
    assert.ok(world.waiting.size <= sharesOf(queueLength).held);
    const refused = [...world.verdicts.values()].filter((verdict) => verdict === 'reject').length;
    assert.equal(world.waiting.size + refused, flows);
    assert.equal(world.counted('queue-half-full') + world.counted('quota-user'), refused);
    world.pass(121_000);
    assert.equal(world.waiting.size, 0, 'at the deadline at the latest');
  });
}

test('a full quota changes nothing that a rule says whoever sends it', () => {
  const world = new World({ mode: 'ask', attributes: false });
  const settings = { mode: 'ask', failMode: 'closed', forward: false, holdSeconds: 30 } as const;
  const policy: Decider = {
    ...decider('ask'),
    whoever: ({ flow }) => (flow.remote.port === 443 ? { rule: 'web', action: 'allow' } : undefined),
  };
  world.handle({ type: 'policy', policy, settings });
  for (let at = 0; at < sharesOf(defaultQueueLength).attributingOfUser; at++)
    world.send(`ab of 1000 from ${20_000 + at} → 203.0.113.1:443/tcp`);
  assert.equal(world.last, 'held');
  const effects = world.send('ab of 1000 from 30000 → 203.0.113.1:443/tcp');
  assert.equal(world.last, 'accept');
  assert.ok(effects.some((effect) => effect.type === 'hit' && effect.rule === 'web'));
  assert.deepEqual([world.connections().at(-1)?.rule, world.connections().at(-1)?.reason], ['web', 'rule']);
  world.send('ab of 1000 from 30001 → 203.0.113.1:80/tcp');
  assert.equal(world.last, 'reject');
  assert.equal(world.counted('quota-user'), 1);
});
