// The query of the log in the address of the page: its time, what a click makes of it, what may stand where the cursor is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '#model/api.ts';
import { parseQuery } from '#model/query/query.ts';
import { earlierOf, groupOf, spanOf, timeOf } from '#model/query/view.ts';
import { formatCsv, formatGroupsCsv } from '../csv.ts';
import { complete, placeAt } from './completion.ts';
import { showsOwn, standingOf, turned, withOwn } from './edit.ts';
import { appended } from './query.ts';

test('the address of the page is the time; what makes no sense asks for nothing', () => {
  assert.deepEqual(timeOf({ range: '1h' }, 10_000_000), { since: 6_400_000 });
  const own = { range: 'own', from: '2026-11-26T10:00Z', to: 'x' };
  assert.deepEqual(timeOf(own, 0), { since: Date.UTC(2026, 10, 26, 10), until: undefined });
  assert.deepEqual(['15m', '24h', '7d', '', '1y', undefined].map(spanOf), [
    ...[900_000, 86_400_000, 604_800_000, undefined, undefined, undefined],
  ]);
  assert.equal(groupOf({ by: 'domain' }), 'domain');
  assert.equal(groupOf({ by: 'constructor' }), undefined);
});

test('the time before is as long, and ends where the other begins', () => {
  assert.deepEqual(earlierOf({ than: 'before' }, { since: 700 }, 1000), { since: 400, until: 699 });
  assert.deepEqual(earlierOf({ than: 'before' }, { since: 700, until: 800 }, 1000), { since: 600, until: 699 });
  assert.equal(earlierOf({ than: 'before' }, {}, 1000), undefined);
  const own = { than: 'own', thanFrom: '1970-01-01T00:00:01Z' };
  assert.deepEqual(earlierOf(own, {}, 0), { since: 1000, until: undefined });
});

test('a value is asked for, then left out, then neither', () => {
  let text = 'own:no';
  const steps = [0, 1, 2].map(() => {
    text = turned(text, 'app', 'a "b"');
    return text;
  });
  assert.deepEqual(steps, ['own:no app:"a \\"b\\""', 'own:no app:!"a \\"b\\""', 'own:no']);
  assert.equal(turned('app:curl', 'app', 'wget'), 'app:curl,wget');
  assert.equal(turned('app:curl,wget', 'app', 'CURL'), 'app:wget app:!CURL');
  assert.equal(turned('app:"', 'app', 'curl'), 'app:"', 'what cannot be read stays');
  assert.equal(turned('', 'rule', ''), 'rule:""');
  const query = parseQuery('app:curl country:!DE app:fire*');
  assert.ok(query.ok);
  assert.deepEqual(
    [
      standingOf(query.value, 'app', 'curl'),
      standingOf(query.value, 'country', 'de'),
      standingOf(query.value, 'app', 'fire*'),
    ],
    ['asked', 'left-out', undefined],
  );
});

test('Postern’s own connections are shown by the query, and no query stands for all but these', () => {
  for (const text of ['own:no', 'app:x own:no', '-own:yes', 'own:!yes']) assert.equal(showsOwn(text), false, text);
  for (const text of ['own:*', 'own:yes', 'app:x', 'own:yes,*']) assert.equal(showsOwn(text), true, text);
  assert.equal(withOwn('own:no', true), 'own:*');
  assert.equal(withOwn('app:x own:no', true), 'app:x');
  assert.equal(withOwn('app:x own:yes', false), 'app:x own:no');
  assert.equal(showsOwn(withOwn('own:no', true)), true);
});

test('where the cursor is, a field or one of its values may stand', () => {
  const at = (text: string, known: readonly string[] = []) => {
    const cursor = text.indexOf('|');
    const whole = text.replace('|', '');
    const { from, to, options } = complete(placeAt(whole, cursor), known);
    return options.map((option) => `${whole.slice(0, from)}${option.text}${whole.slice(to)}`);
  };
  assert.deepEqual(at('app:curl ver|'), ['app:curl verdict:']);
  assert.deepEqual(at('-co|'), ['-country:']);
  assert.equal(at('|').length, 16);
  assert.deepEqual(at('verdict:re|'), ['verdict:reject']);
  assert.deepEqual(at('verdict:!re|'), ['verdict:!reject']);
  assert.deepEqual(at('verdict:allow,d| x'), ['verdict:allow,drop x']);
  assert.deepEqual(at('rule:|', ['no ads', '', 'web']), ['rule:"no ads"', 'rule:""', 'rule:web']);
  assert.deepEqual(at('rule:"no a|', ['no ads']), ['rule:"no ads"']);
  assert.deepEqual(at('colour:r|', ['red']), []);
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
    ...{ id: 'a-1', time: 0, action: 'allow', enforced: true, rule: 'a, "b"', reason: 'rule', user: null },
    app: '=HYPERLINK("x")',
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
  const group = { value: '@x', connections: 2, refused: 1, bytes: null, first: 0, last: null };
  assert.equal(
    formatGroupsCsv('app', { total: 2, distinct: 1, groups: [group] }),
    "app,connections,refused,bytes,first,last,before\r\n'@x,2,1,,1970-01-01T00:00:00.000Z,,\r\n",
  );
});
