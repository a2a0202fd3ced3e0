// What the gate writes in a line is what the control plane reads, and a program is written once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from './connection.ts';
import { formatGateMessage, type GateMessage, gateMessageSchema } from './messages.ts';

const curl = { pid: 1, startTime: '5', exe: '/usr/bin/curl', uid: 1000 };
const ssh = { pid: 2, startTime: '6', exe: '/usr/bin/ssh', uid: 0 };

function connection(number: number, process: Connection['attempt']['process']): Connection {
  return {
    ...{ id: `a-${number}`, time: 5, lastTime: 6, packets: 1, heldMs: 0, revision: 3, logged: [], evidence: ['bpf'] },
    attempt: {
      ...(process && { process }),
      flow: { protocol: 'tcp', direction: 'out', remote: { address: '192.0.2.7', port: 443 } },
      names: [],
    },
    ...{ action: 'allow', enforced: true, rule: 'web', reason: 'rule' },
  };
}

test('connections come as they went, and a program of many is written once', () => {
  const connections = [connection(1, curl), connection(2, ssh), connection(3, undefined), connection(4, curl)];
  const message: GateMessage = { type: 'connections', connections };
  const line = formatGateMessage(message);
  assert.deepEqual(gateMessageSchema.parse(JSON.parse(line)), message);
  assert.equal(line.split('/usr/bin/curl').length - 1, 1);
});

test('a connection of a program that was not written is refused', () => {
  const line = formatGateMessage({ type: 'connections', connections: [connection(1, curl)] });
  const parsed = gateMessageSchema.safeParse(JSON.parse(line.replace('"process":0', '"process":1')));
  assert.match(parsed.error?.issues[0]?.message ?? '', /not among them/);
});

test('other messages are written as they are', () => {
  const message: GateMessage = { type: 'refused', request: 7, error: 'no' };
  assert.deepEqual(JSON.parse(formatGateMessage(message)), message);
});
