// Who is offered to be learned.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { PromptView } from '#model/api.ts';
import { busyApps } from './busy.ts';

const now = 1_000_000;

function prompt(at: number, exe: string | null, opened = now - at * 1000): PromptView {
  return {
    id: `mb0-${at}`,
    attempt: {
      process: { pid: 7, exe, uid: 1000 },
      flow: { protocol: 'tcp', remote: { address: `198.51.100.${at}`, port: 443 } },
    },
    ...{ opened, deadline: opened + 30_000, flows: 1, packets: 1, rule: null },
    ...{ app: exe ?? 'unknown', user: 'alice', before: 0, names: [], lists: [] },
  };
}

const many = (count: number, exe: string | null) => Array.from({ length: count }, (_, at) => prompt(at, exe));
const closed = (one: PromptView) =>
  ({ prompt: one, outcome: 'deadline', action: 'reject', time: now, by: undefined }) as const;

test('five questions in a minute are answered, six are too many', () => {
  assert.deepEqual(busyApps(many(5, '/usr/bin/curl'), [], now), []);
  assert.deepEqual(busyApps(many(6, '/usr/bin/curl'), [], now), [
    { app: '/usr/bin/curl', user: 'alice', questions: 6, subject: { app: '/usr/bin/curl', user: 1000 } },
  ]);
});

test('those just closed count, and those of longer ago do not', () => {
  const all = many(6, '/usr/bin/curl');
  assert.equal(busyApps(all.slice(0, 3), all.slice(3).map(closed), now).length, 1);
  const old = prompt(9, '/usr/bin/curl', now - 61_000);
  assert.equal(busyApps([...all.slice(0, 3), old], all.slice(3, 5).map(closed), now).length, 0);
});

test('each program by itself, and none that no rule can name', () => {
  const mixed = [...many(6, '/usr/bin/curl'), ...many(7, '/usr/bin/git'), ...many(9, null)];
  assert.deepEqual(
    busyApps(mixed, [], now).map(({ app, questions }) => [app, questions]),
    [
      ['/usr/bin/git', 7],
      ['/usr/bin/curl', 6],
    ],
  );
});
