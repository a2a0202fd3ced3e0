// What a question about a time is spared is nothing of that time: over many stretches, with times that are not quite in order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '#model/query/query.ts';
import { Asking } from './asking.ts';
import { Columns, type Row, storedFields } from './columns.ts';

const count = 150_000;

test('counts, lists and groups of a time are those of going through all rows', () => {
  const columns = new Columns();
  const asking = new Asking(columns, () => undefined);
  const texts = Object.fromEntries(storedFields.map((field) => [field, ''])) as Record<'name', string>;
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    // Late ones, and one in a thousand that lies far from its neighbours.
    const time = at % 1000 === 7 ? (at * 7919) % count : at + ((at * 31) % 500);
    times.push(time);
    const app = at % 3 === 0 ? 'curl' : 'wget';
    columns.add({ ...texts, app, verdict: 'allow', id: `k-${at}`, sequence: at + 1, time, bytes: 1 } as unknown as Row);
  }
  const query = parseQuery('app:curl');
  assert.ok(query.ok);
  const spans = [
    ...[{ since: 149_000 }, { until: 900 }, { since: 70_000, until: 70_400 }, { since: 10, until: 149_990 }, {}],
    ...[{ since: 5_000_000 }, { until: -1 }, { since: 60_000, until: 50_000 }],
  ];
  for (const span of spans) {
    const { since = 0, until = Number.POSITIVE_INFINITY } = span as { since?: number; until?: number };
    const wanted = times.flatMap((time, at) => (at % 3 === 0 && time >= since && time <= until ? [at + 1] : []));
    const scope = { ...span, users: {} };
    const what = JSON.stringify(span);
    const facets = asking.facets(query.value, scope, 5, ['app', 'verdict']);
    assert.equal(facets.total, wanted.length, what);
    const counted = wanted.length === 0 ? [] : [{ value: 'allow', connections: wanted.length }];
    assert.deepEqual(facets.fields[1]?.values, counted, what);
    assert.equal(asking.groups('app', query.value, scope, 5).groups[0]?.connections ?? 0, wanted.length, what);
    assert.deepEqual(asking.list(query.value, scope, { limit: 50 }), wanted.toReversed().slice(0, 50), what);
    assert.deepEqual(asking.list(query.value, scope, { after: 0, limit: 50 }), wanted.slice(0, 50), what);
    // Most rows are meant: the others are counted.
    const all = asking.facets([], scope, 5, ['app']);
    assert.equal(all.total, times.filter((time) => time >= since && time <= until).length, what);
    assert.equal(all.fields[0]?.values.find(({ value }) => value === 'curl')?.connections ?? 0, wanted.length, what);
  }
});
