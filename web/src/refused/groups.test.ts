// Refusals together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '#model/api.ts';
import { groupRefusals } from './groups.ts';

const line = (app: string, port: number, time: number, rule: string | null = 'no', direction = 'out') =>
  ({
    ...{ id: `a-${time}`, app, user: 'alice', time, rule, reason: rule === null ? 'mode' : 'rule', action: 'reject' },
    attempt: {
      process: { exe: `/usr/bin/${app}` },
      flow: {
        protocol: 'tcp',
        direction,
        remote: { address: '198.51.100.7', port },
        local: { address: '192.0.2.1', port: 22 },
      },
      names: [{ name: 'site.example', from: 'dns' }],
    },
  }) as unknown as LogLine;

test('the same app, place and reason are one; the newest first, with what is new counted', () => {
  const groups = groupRefusals(
    [line('curl', 443, 1), line('curl', 443, 9), line('ssh', 22, 5), line('curl', 443, 3, null)],
    4,
  );
  assert.deepEqual(
    groups.map(({ app, place, times, fresh, first, last }) => [app, place, times, fresh, first, last]),
    [
      ['curl', 'site.example port 443/tcp', 2, 1, 1, 9],
      ['ssh', 'site.example port 22/tcp', 1, 1, 5, 5],
      ['curl', 'site.example port 443/tcp', 1, 0, 3, 3],
    ],
  );
});

test('what comes in is named by its address: a name says nothing of who calls', () => {
  assert.equal(groupRefusals([line('sshd', 50_000, 1, 'no', 'in')], 0)[0]?.place, 'from 198.51.100.7 to port 22/tcp');
});
