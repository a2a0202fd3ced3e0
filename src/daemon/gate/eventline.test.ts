// Records wait for verdicts, and no packet overtakes what is told of its own flow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { FlowEvent } from '#kernel/bpf/flows/kernelflows.ts';
import { flowKey } from '#model/flow.ts';
import { attempt } from '../../../test/dsl.ts';
import { EventLine } from './eventline.ts';

const flowTo = (port: number) => attempt(`curl → 192.0.2.1:${port}/tcp`).flow;
const ended = (port: number, packetsIn: number): FlowEvent => ({
  type: 'end',
  flow: flowTo(port),
  totals: { bytesOut: 0, bytesIn: 0, packetsOut: 0, packetsIn },
});

function line() {
  const told: [string, number][] = [];
  const events = new EventLine((event, key) => {
    told.push([key, event.type === 'end' ? event.totals.packetsIn : -1]);
  });
  return { told, events };
}

test('events wait for the end of this turn, and keep the order of their flow', async () => {
  const { told, events } = line();
  events.add(ended(80, 1));
  events.add(ended(81, 2));
  events.add(ended(80, 3));
  assert.deepEqual(told, []);
  await turn();
  assert.deepEqual(told, [
    [flowKey(flowTo(80)), 1],
    [flowKey(flowTo(80)), 3],
    [flowKey(flowTo(81)), 2],
  ]);
});

test('what is told of a flow is heard before its next packet, and nothing else is', () => {
  const { told, events } = line();
  events.add(ended(80, 1));
  events.add(ended(81, 2));
  events.before(flowKey(flowTo(82)));
  assert.deepEqual(told, []);
  events.before(flowKey(flowTo(81)));
  assert.deepEqual(told, [[flowKey(flowTo(81)), 2]]);
  events.flush();
  assert.equal(told.length, 2);
});

test('a connection that goes on has ended after its packet, not before', () => {
  const { told, events } = line();
  const key = flowKey(flowTo(80));
  events.add({ ...ended(80, 0), type: 'void' } as FlowEvent);
  events.add(ended(80, 1));
  events.before(key, true);
  assert.deepEqual(told, [[key, -1]]);
  events.before(key, true);
  assert.equal(told.length, 1);
  events.before(key);
  assert.deepEqual(told.slice(1), [[key, 1]]);
  events.add(ended(80, 2));
  events.before(key, true);
  events.flush();
  assert.deepEqual(told.slice(2), [[key, 2]]);
});

test('what is told while events are handled waits its turn, however much it is', async () => {
  const told: number[] = [];
  let next = 0;
  const events = new EventLine((event) => {
    if (event.type === 'end') told.push(event.totals.packetsIn);
    if (next < 50_000) events.add(ended(1 + (next % 60_000), next++));
  });
  for (; next < 10_000; next++) events.add(ended(1 + next, next));
  while (told.length < 50_000) await turn();
  assert.deepEqual(
    told.sort((a, b) => a - b),
    Array.from({ length: 50_000 }, (_, count) => count),
  );
});
