// The columns say of any query what going through all connections one by one would say.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Asked, type FieldName, fieldValue } from '#model/query/fields.ts';
import { queryTest } from '#model/query/match.ts';
import { parseQuery, type Query } from '#model/query/query.ts';
import { Asking, type Scope } from './asking.ts';
import { Columns, type Row, storedFields } from './columns.ts';

interface Line extends Asked {
  readonly id: string;
  readonly sequence: number;
  readonly time: number;
  readonly bytes: number | null;
}

const users: Readonly<Record<string, string>> = { 1000: 'alice', 1001: 'bob' };
const domainOf = (name: string) => (name.endsWith('.example.org') ? 'example.org' : undefined);

function rowOf(line: Line): Row {
  const stored = storedFields.map((field) => [field, fieldValue(field, line)] as const);
  const { id, sequence, time, bytes } = line;
  const user = String(line.attempt.process?.uid ?? '');
  return {
    id,
    sequence,
    time,
    bytes: bytes ?? Number.NaN,
    ...(Object.fromEntries(stored) as Record<'app', string>),
    user,
  } as Row;
}

const lines = fc.record({
  number: fc.nat(60),
  start: fc.constantFrom('k0', 'k1'),
  time: fc.nat(100),
  app: fc.constantFrom('firefox', 'curl', 'a b'),
  uid: fc.constantFrom(undefined, 1000, 1001, 4711),
  name: fc.constantFrom(undefined, 'www.example.org', 'cdn.example.org', 'printer.lan'),
  address: fc.constantFrom<string[]>('198.51.100.7', '203.0.113.9', '2001:db8::1'),
  port: fc.constantFrom(22, 80, 443),
  direction: fc.constantFrom('out', 'in'),
  action: fc.constantFrom('allow', 'reject', 'drop'),
  country: fc.constantFrom(undefined, 'DE', 'US'),
  own: fc.constantFrom(undefined, true),
  bytes: fc.option(fc.nat(1000)),
});

function lineOf(made: typeof lines extends fc.Arbitrary<infer T> ? T : never, sequence: number): Line {
  const { uid, name, address, port, country, own } = made;
  return {
    ...{ id: `${made.start}-${made.number}`, sequence, time: made.time, app: made.app, bytes: made.bytes },
    user: uid === undefined ? null : (users[uid] ?? `uid ${uid}`),
    domain: name === undefined ? null : (domainOf(name) ?? null),
    ...{ action: made.action as Line['action'], enforced: true, rule: null, reason: 'mode' },
    ...(country !== undefined && { country }),
    ...(own && { own }),
    attempt: {
      ...(uid !== undefined && { process: { uid, exe: `/usr/bin/${made.app}` } }),
      flow: {
        ...{ protocol: 'tcp', direction: made.direction as 'in' | 'out' },
        ...{ local: { address: '192.0.2.1', port }, remote: { address, port } },
      },
      ...(name !== undefined && { names: [{ name, from: 'dns' }] }),
    },
  };
}

const queries = [
  ...[
    '',
    'app:firefox',
    'app:!curl',
    'user:alice',
    'user:1000',
    'user:4711,bob',
    'domain:example.org',
    'name:*.example.org',
  ],
  ...[
    'country:"" port:443,80',
    'port:23-443 direction:in',
    'address:198.51.100.0/24',
    'own:no',
    'example',
    '-example curl',
  ],
  ...['verdict:reject,drop user:!""', 'domain:printer.lan', 'path:*/firefox'],
].map((text) => {
  const query = parseQuery(text);
  assert.ok(query.ok, text);
  return query.value;
});

/** By going through them. */
function naive(all: readonly Line[], query: Query, scope: Scope): Line[] {
  const test = queryTest(query);
  const { since = 0, until = Number.POSITIVE_INFINITY, uid } = scope;
  return all.filter(
    (line) =>
      test(line) &&
      line.time >= since &&
      line.time <= until &&
      (uid === undefined || line.attempt.process?.uid === uid),
  );
}

const countsOf = (all: readonly Line[], field: FieldName) => {
  const counts = new Map<string, number>();
  for (const line of all) counts.set(fieldValue(field, line), (counts.get(fieldValue(field, line)) ?? 0) + 1);
  return counts;
};

suite('the columns of the journal', () => {
  test('say what going through all connections says, also after changes and removals', () => {
    const scopes = fc.record({
      since: fc.option(fc.nat(100), { nil: undefined }),
      until: fc.option(fc.nat(100), { nil: undefined }),
      uid: fc.constantFrom(undefined, undefined, 1000),
    });
    const changes = fc.array(fc.oneof({ weight: 9, arbitrary: lines }, { weight: 1, arbitrary: fc.nat(200) }), {
      maxLength: 150,
    });
    fc.assert(
      fc.property(changes, fc.constantFrom(...queries), scopes, fc.nat(200), (made, query, span, place) => {
        const columns = new Columns();
        const asking = new Asking(columns, domainOf);
        const there = new Map<string, Line>();
        made.forEach((change, at) => {
          if (typeof change === 'number') {
            columns.forget(change);
            for (const line of there.values()) if (line.sequence === change) there.delete(line.id);
            return;
          }
          const line = lineOf(change, at + 1);
          columns.add(rowOf(line));
          there.delete(line.id);
          there.set(line.id, line);
        });
        const scope = { ...span, users };
        const wanted = naive([...there.values()], query, scope);
        assert.equal(columns.count, there.size);
        const places = wanted.map(({ sequence }) => sequence);
        const newest = places.filter((one) => one < place).toReversed();
        assert.deepEqual(asking.list(query, scope, { before: place, limit: 7 }), newest.slice(0, 7));
        assert.deepEqual(
          asking.list(query, scope, { after: place, limit: 7 }),
          places.filter((one) => one > place).slice(0, 7),
        );

        const { total, fields } = asking.facets(query, scope, 100);
        assert.equal(total, wanted.length);
        for (const { field, values, distinct } of fields) {
          const counts = countsOf(wanted, field);
          assert.deepEqual(new Map(values.map(({ value, connections }) => [value, connections])), counts, field);
          assert.equal(distinct, counts.size);
        }
        const { groups } = asking.groups('domain', query, scope, 100, { since: 20, until: 50 });
        const before = naive([...there.values()], query, { ...scope, since: 20, until: 50 });
        for (const group of groups) {
          const own = wanted.filter((line) => fieldValue('domain', line) === group.value);
          const earlier = before.filter((line) => fieldValue('domain', line) === group.value);
          assert.equal(group.connections, own.length);
          assert.equal(group.before?.connections, earlier.length);
          assert.equal(group.refused, own.filter(({ action }) => action !== 'allow').length);
          const counted = own.flatMap(({ bytes }) => bytes ?? []);
          assert.equal(group.bytes, counted.length === 0 ? null : counted.reduce((sum, one) => sum + one, 0));
          assert.equal(group.first, own.length === 0 ? null : Math.min(...own.map(({ time }) => time)));
        }
        assert.equal(groups.length, new Set([...wanted, ...before].map((line) => fieldValue('domain', line))).size);
      }),
      { numRuns: 400 },
    );
  });

  test('hold more texts than a byte or two can number, and make room by what is gone', () => {
    const columns = new Columns();
    const made = lineOf(
      {
        ...({ number: 0, start: 'k0', time: 1, app: 'curl', uid: 1000, port: 443 } as const),
        name: undefined,
        address: '',
        direction: 'out',
        action: 'allow',
        country: undefined,
        own: undefined,
        bytes: 1,
      },
      1,
    );
    const number = 150_000;
    for (let at = 1; at <= number; at++) {
      // Each connection is told of twice: when it begins, and when it has ended.
      for (const turn of [0, 1]) {
        columns.add({ ...rowOf(made), id: `k0-${at}`, sequence: at * 2 + turn, address: `address ${at}` });
      }
    }
    assert.equal(columns.count, number);
    assert.ok(columns.times.length < number * 2, `${columns.times.length} rows have room`);
    const asking = new Asking(columns, domainOf);
    const query = parseQuery('"address 77777"');
    assert.ok(query.ok);
    assert.deepEqual(asking.list(query.value, { users }, { limit: 5 }), [77_777 * 2 + 1]);
    const { groups, distinct } = asking.groups('address', [], { users }, 3);
    assert.equal(distinct, number);
    assert.deepEqual(
      groups.map(({ connections }) => connections),
      [1, 1, 1],
    );
  });
});
