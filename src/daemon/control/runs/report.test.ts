import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '#model/connection.ts';
import { RunRecord } from './report.ts';

function connection(id: string, more: Partial<Connection> = {}, to = '192.0.2.7'): Connection {
  return {
    id,
    time: 1000,
    lastTime: 1500,
    attempt: {
      process: { pid: 7, exe: '/usr/bin/curl', uid: 1000 },
      flow: { protocol: 'tcp', direction: 'out', remote: { address: to, port: 443 } },
      names: [{ name: 'a.example', from: 'dns' }],
    },
    ...{ action: 'allow', enforced: true, rule: 'run x: allow', reason: 'rule', revision: 1, logged: [], evidence: [] },
    ...{ packets: 1, heldMs: 0 },
    ...more,
  } as Connection;
}
const end = { time: 2000, bytesOut: 300, bytesIn: 4000, packetsOut: 3, packetsIn: 4 };

test('connections that agree are one line, told once however often they are told', () => {
  const record = new RunRecord();
  record.connection(connection('g-1'));
  record.connection(connection('g-1', { lastTime: 1800 }));
  record.connection(connection('g-2', { end }));
  record.connection(connection('g-1', { end }));
  record.connection(connection('g-1', { end }));
  assert.deepEqual(record.lines, [
    {
      ...{ action: 'allow', rule: 'run x: allow', app: 'curl', direction: 'out', protocol: 'tcp' },
      ...{ to: 'a.example', address: '192.0.2.7', port: 443 },
      ...{ times: 2, bytesOut: 600, bytesIn: 8000, first: 1000, last: 1800 },
    },
  ]);
});

test('one that is decided otherwise later stands in the other line', () => {
  const record = new RunRecord();
  record.connection(connection('g-1', { end }));
  record.connection(connection('g-1', { action: 'reject', rule: 'fence' }));
  assert.deepEqual(
    record.lines.map(({ action, rule, times, bytesOut }) => [action, rule, times, bytesOut]),
    [['reject', 'fence', 1, 0]],
  );
  assert.deepEqual(record.allowed, []);
});

test('there is room for so much, and the rest is counted', () => {
  const record = new RunRecord();
  for (let i = 0; i < 2100; i++) {
    record.connection(connection(`g-${i}`, {}, `10.0.${i >> 8}.${i & 255}`));
    record.question({ name: `${i}.example`, type: 'A' }, 'name');
  }
  for (let i = 0; i < 3; i++) record.question({ name: '0.example', type: 'A' }, 'name');
  assert.deepEqual([record.lines.length, record.questions.length, record.leftOut], [2000, 2000, 200]);
  assert.equal(record.questions[0]?.times, 4);
});

test('what is asked of a service is one line, told in parts or at once', () => {
  const record = new RunRecord();
  const asked = { socket: '/run/docker.sock', action: 'allow', by: 'file', does: 'starts containers' } as const;
  record.service({ service: 'docker', ...asked, times: 2, first: 1000, last: 1100 });
  record.service({ service: 'docker', ...asked, times: 1, first: 1500, last: 1500 });
  record.service({ service: 'docker', ...asked, action: 'reject', times: 1, first: 1200, last: 1200 });
  assert.deepEqual(
    record.services.map(({ action, times, first, last }) => [action, times, first, last]),
    [
      ['allow', 3, 1000, 1500],
      ['reject', 1, 1200, 1200],
    ],
  );
});

test('what is still asked is no line', () => {
  const record = new RunRecord();
  record.connection(connection('g-1', { action: 'ask', enforced: false }));
  assert.deepEqual(record.lines, []);
});
