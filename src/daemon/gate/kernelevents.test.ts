// What the gate makes of the events of the kernel's programs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layouts } from '#kernel/bpf/layout.ts';
import { flowKey } from '#model/flow.ts';
import { attempt } from '../../../test/dsl.ts';
import { KernelEvents, type KernelEventsPlan } from './kernelevents.ts';

const totals = { bytesOut: 12_400, bytesIn: 3000, packetsOut: 12, packetsIn: 9 };

test('a flow that the kernel decided and its end are the same flow to the engine', () => {
  const told: unknown[] = [];
  const never = () => assert.fail('nothing is to be judged anew');
  const plan: KernelEventsPlan = {
    copy: ({ key, decided }) => void told.push([key, decided?.action]),
    ended: (key, counted) => void told.push([key, counted]),
    attribute: never,
    decide: never,
    decided: () => undefined,
    cut: never,
  };
  const events = new KernelEvents(plan);
  const { flow } = attempt('curl → 192.0.2.1:80/tcp');
  events.handle({
    type: 'decided',
    flow,
    caller: new Uint8Array(layouts.owner.size),
    by: undefined,
    verdict: 'allow',
    otherProgram: false,
  });
  events.handle({ type: 'end', flow, totals });
  assert.deepEqual(told, [
    [flowKey(flow), 'allow'],
    [flowKey(flow), totals],
  ]);
});
