// What the gate makes of the events of the kernel's programs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layouts } from '#kernel/bpf/layout.ts';
import type { Decision } from '#model/decision.ts';
import { flowKey, packetSocket } from '#model/flow.ts';
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
    listens: never,
    adopt: never,
    ask: never,
    cut: never,
  };
  const events = new KernelEvents(plan);
  const { flow } = attempt('curl → 192.0.2.1:80/tcp');
  events.handle(
    {
      type: 'decided',
      flow,
      caller: new Uint8Array(layouts.owner.size),
      by: undefined,
      verdict: 'allow',
      cookie: 1n,
      otherProgram: false,
    },
    flowKey(flow),
  );
  events.handle({ type: 'end', flow, totals }, flowKey(flow));
  assert.deepEqual(told, [
    [flowKey(flow), 'allow'],
    [flowKey(flow), totals],
  ]);
});

/** What becomes of a connection that is judged anew, decided by `decide`. */
function judgedAnew(
  text: string,
  told: { otherProgram: boolean; listens: boolean; same?: boolean },
  action: Decision['action'],
) {
  const done: unknown[] = [];
  const { flow, process } = attempt(text);
  const events = new KernelEvents({
    copy: ({ decided }) => void done.push(['record', decided?.action]),
    ended: () => undefined,
    attribute: (_, __, found) => found({ process: process && { ...process, pid: 4711 }, evidence: ['proc'] }),
    decide: ({ flow: asked }) => {
      done.push(['decide', asked.direction]);
      return { action, rule: 'r', by: 'rule', revision: 1, logged: [] };
    },
    decided: () => undefined,
    listens: () => told.listens,
    adopt: (cookie, { pid }) => {
      done.push(['adopt', cookie, pid]);
      return told.same === true;
    },
    ask: () => assert.fail('nothing waits'),
    cut: (_, how) => void done.push(['cut', how]),
  });
  const nobody = new Uint8Array(layouts.owner.size);
  const { otherProgram } = told;
  events.handle(
    { type: 'void', flow, caller: nobody, by: undefined, verdict: undefined, cookie: 7n, otherProgram },
    flowKey(flow),
  );
  return done;
}

test('who has a socket whose maker has ended is written down, whatever is decided', () => {
  const told = { otherProgram: true, listens: false };
  const text = 'curl → 192.0.2.1:80/tcp';
  assert.deepEqual(judgedAnew(text, told, 'allow'), [
    ['adopt', 7n, 4711],
    ['decide', 'out'],
  ]);
  assert.deepEqual(judgedAnew(text, told, 'ask').slice(2), [
    ['cut', 'reject'],
    ['record', 'reject'],
  ]);
});

test('a child that runs the same program goes on where it would be asked', () => {
  const told = { otherProgram: true, listens: false, same: true };
  const text = 'curl → 192.0.2.1:80/tcp';
  assert.deepEqual(judgedAnew(text, told, 'ask').slice(2), []);
  assert.deepEqual(judgedAnew(text, told, 'reject')[2], ['cut', 'reject']);
});

test('a connection from before, to a port on which something listens, came in', () => {
  const text = 'sshd from 22 → 192.0.2.1:40000/tcp';
  assert.deepEqual(judgedAnew(text, { otherProgram: false, listens: true }, 'ask'), [['decide', 'in']]);
  assert.deepEqual(judgedAnew(text, { otherProgram: false, listens: false }, 'ask'), [['decide', 'out']]);
});

/** What becomes of a call of which the kernel knew nothing. */
function unheld(verdict: 'allow' | 'reject' | undefined, action: Decision['action']) {
  const done: unknown[] = [];
  const events = new KernelEvents({
    copy: ({ decided }) => void done.push(['record', decided && [decided.rule, decided.action]]),
    ended: () => undefined,
    attribute: (_, __, found) => found({ process: { pid: 4711 }, evidence: ['bpf'] }),
    decide: () => {
      done.push('decide');
      return { action, rule: 'r', by: 'rule', revision: 1, logged: [] };
    },
    decided: () => undefined,
    listens: () => false,
    adopt: () => false,
    ask: ({ key, opens }) => void done.push(['ask', key, opens]),
    cut: () => undefined,
  });
  const caller = new Uint8Array(layouts.owner.size);
  const flow = packetSocket;
  events.handle(
    { type: 'unknown', flow, caller, by: undefined, verdict, cookie: 0n, otherProgram: false },
    flowKey(flow),
  );
  return done;
}

test('a call that could not wait is recorded as what became of it, and asked about where the rules ask', () => {
  assert.deepEqual(unheld('reject', 'ask'), ['decide', ['ask', `${flowKey(packetSocket)},0@0`, true]]);
  assert.deepEqual(unheld('reject', 'allow'), ['decide', ['record', [null, 'reject']]]);
  assert.deepEqual(unheld('allow', 'ask'), ['decide', ['record', [null, 'allow']]]);
  assert.deepEqual(unheld(undefined, 'reject'), ['decide', ['record', null]]);
});
