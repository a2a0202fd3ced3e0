// The query of the log, and its table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '#model/api.ts';
import { formatCsv } from './csv.ts';
import { appended, matches, searchOf, spanOf } from './query.ts';

test('the address of the page is the query; what makes no sense asks for nothing', () => {
  assert.deepEqual(searchOf({ range: '1h', action: 'reject', app: 'curl' }, 10_000_000), {
    ...{ app: 'curl', action: 'reject', since: 6_400_000, until: undefined },
  });
  assert.deepEqual(searchOf({ range: 'own', from: '2026-11-26T10:00Z', to: 'x', action: '<b>' }, 0), {
    ...{ app: undefined, action: undefined, since: Date.UTC(2026, 10, 26, 10), until: undefined },
  });
  assert.deepEqual(['15m', '24h', '7d', '', '1y', undefined].map(spanOf), [
    900_000,
    86_400_000,
    604_800_000,
    undefined,
    undefined,
    undefined,
  ]);
});

test('what came is matched as the API matches it', () => {
  const line = { app: 'Firefox', action: 'allow', time: 50 } as const;
  assert.ok(matches(line, { app: 'fire', since: 50, until: 50 }));
  assert.ok(!matches(line, { action: 'reject' }) && !matches(line, { since: 51 }) && !matches(line, { app: 'curl' }));
});

test('older lines are put behind, each once', () => {
  const line = (id: string) => ({ id }) as LogLine;
  assert.deepEqual(
    appended([line('a'), line('b')], [line('b'), line('c')]).map(({ id }) => id),
    ['a', 'b', 'c'],
  );
});

test('a table that no program can write formulas, controls or columns into', () => {
  const line = {
    ...{
      id: 'a-1',
      time: 0,
      action: 'allow',
      enforced: true,
      rule: 'a, "b"',
      reason: 'rule',
      app: '=HYPERLINK("x")',
      user: null,
    },
    attempt: {
      process: { exe: '/tmp/\u202ex\n' },
      flow: { protocol: 'tcp', remote: { address: '192.0.2.1', port: 443 } },
    },
  } as unknown as LogLine;
  const [head, row, end] = formatCsv([line]).split('\r\n');
  assert.match(head ?? '', /^time,action,enforced,rule/);
  assert.equal(
    row,
    `1970-01-01T00:00:00.000Z,allow,true,"a, ""b""",rule,"'=HYPERLINK(""x"")",/tmp/\\u{202e}x\\x0a,,,tcp,,192.0.2.1,443,,,,,a-1`,
  );
  assert.equal(end, '');
});
