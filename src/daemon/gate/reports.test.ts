// What the gate tells the control plane: everything, in order, and never much at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '#model/connection.ts';
import type { GateMessage } from '#model/messages.ts';
import { Reports } from './reports.ts';

const connection = (id: number, packets = 1) => ({ id: `c${id}`, packets }) as Connection;

function listener() {
  const state = { connected: true, unreported: 0, sent: [] as GateMessage[] };
  const reports = new Reports({
    send: (message) => {
      state.sent.push(message);
      return state.connected;
    },
    connected: () => state.connected,
    onUnreported: (count) => {
      state.unreported += count;
    },
  });
  const told = () => state.sent.flatMap((message) => (message.type === 'connections' ? message.connections : []));
  return { reports, state, told };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !isSo() && performance.now() < end; ) await sleep(5);
}

test('a flood is told in small parts and in order, the hits last', async () => {
  const { reports, state, told } = listener();
  for (let id = 0; id < 1000; id++) reports.connection(connection(id));
  reports.hit('rule', 5);
  reports.hit('rule', 7);
  assert.equal(state.sent.length, 0);
  await until(() => state.sent.at(-1)?.type === 'hits');
  assert.deepEqual(
    told().map(({ id }) => id),
    Array.from({ length: 1000 }, (_, id) => `c${id}`),
  );
  assert.ok(state.sent.every((message) => message.type !== 'connections' || message.connections.length <= 128));
  assert.deepEqual(state.sent.at(-1), { type: 'hits', hits: [{ rule: 'rule', hits: 2, lastHit: 7 }] });
});

test('what comes while the rest is on its way follows by itself', async () => {
  const { reports, told } = listener();
  let id = 0;
  const end = Date.now() + 150;
  // Each turn, so that the timer ends in the middle of a sending.
  while (Date.now() < end) {
    for (let count = 0; count < 64 && id < 15_000; count++) reports.connection(connection(id++));
    await new Promise(setImmediate);
  }
  await until(() => told().length >= id);
  assert.equal(told().length, id);
});

test('what changes while the rest is on its way is told again, after it', async () => {
  const { reports, told } = listener();
  for (let id = 0; id < 100; id++) reports.connection(connection(id));
  while (told().length === 0) await sleep(1);
  reports.connection(connection(99, 2));
  reports.flush();
  assert.deepEqual(
    told().flatMap(({ id, packets }) => (id === 'c99' ? [packets] : [])),
    [1, 2],
  );
  assert.equal(told().length, 101);
});

test('without a listener everything is kept within bounds, and what is not is counted', async () => {
  const { reports, state, told } = listener();
  state.connected = false;
  for (let id = 0; id < 20_100; id++) reports.connection(connection(id));
  await sleep(100);
  assert.deepEqual([state.sent.length, state.unreported], [0, 100]);
  state.connected = true;
  reports.flush();
  assert.equal(told().length, 20_000);
});
