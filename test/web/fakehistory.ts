// What the fake server says of many connections at once: asked of the real columns.
import type { LogLine } from '#model/api.ts';
import { type FieldName, fieldNames, fieldValue, isField } from '#model/query/fields.ts';
import type { RulePreview } from '#model/query/history.ts';
import { queryTest } from '#model/query/match.ts';
import { parseQuery } from '#model/query/query.ts';
import { Asking } from '#store/columns/asking.ts';
import { Columns, type Row, storedFields } from '#store/columns/columns.ts';

const domainOf = (name: string) => (name.endsWith('.lan') ? undefined : name.split('.').slice(-2).join('.'));

const number = (query: URLSearchParams, key: string) => (query.has(key) ? Number(query.get(key)) : undefined);

function queryOf(search: URLSearchParams) {
  const query = parseQuery(search.get('q') ?? '');
  if (!query.ok) throw new Error(query.error.message);
  return query.value;
}

export const isAsked = (search: URLSearchParams): ((line: LogLine) => boolean) => queryTest(queryOf(search));

function askingOf(lines: readonly LogLine[]): Asking {
  const columns = new Columns();
  for (const line of lines) {
    const stored = storedFields.map((field) => [field, fieldValue(field, line)]);
    const bytes = line.end === undefined ? Number.NaN : line.end.bytesOut + line.end.bytesIn;
    const { id, sequence, time, attempt } = line;
    const user = String(attempt.process?.uid ?? '');
    columns.add({ ...Object.fromEntries(stored), id, sequence, time, bytes, user } as Row);
  }
  return new Asking(columns, domainOf);
}

const users = { 1000: 'alice', 1001: 'bob', 33: 'www-data', 991: 'systemd-timesync' };

export function fakeFacets(lines: readonly LogLine[], search: URLSearchParams) {
  const scope = { users, since: number(search, 'since'), until: number(search, 'until') };
  const fields = search.get('fields')?.split(',').filter(isField) ?? fieldNames;
  return askingOf(lines).facets(queryOf(search), scope, 12, fields);
}

export function fakeGroups(lines: readonly LogLine[], search: URLSearchParams) {
  const scope = { users, since: number(search, 'since'), until: number(search, 'until') };
  const earlier = { since: number(search, 'earlierSince'), until: number(search, 'earlierUntil') };
  const compared = earlier.since !== undefined || earlier.until !== undefined;
  const by = search.get('by') as FieldName;
  return askingOf(lines).groups(by, queryOf(search), scope, 100, compared ? earlier : undefined);
}

export const fakePreview: RulePreview = {
  ...{ days: 7, looked: 400, stoppedAt: null, matched: 14, decided: 14 },
  changes: [{ was: 'reject', would: 'allow', connections: 3 }],
  groups: [{ app: 'firefox', destination: 'www.example.com 198.51.100.20:443/tcp', direction: 'out', connections: 14 }],
};
