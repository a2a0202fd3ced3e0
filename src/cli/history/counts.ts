// What postern log says of many connections at once: values with their counts, and groups.

import type { FieldName } from '#model/query/fields.ts';
import type { Facets, Groups } from '#model/query/history.ts';
import { formatBytes } from '#std/bytes.ts';
import type { ClientFlags } from '../flags.ts';
import { formatAge, paint, safe, table, write, writeJson } from '../output.ts';

const shown = (value: string) => (value === '' ? '(none)' : safe(value));

export function showValues(flags: ClientFlags, facets: Facets): void {
  if (flags.json) {
    writeJson(facets);
    return;
  }
  write(`${facets.total} connections`);
  for (const { field, values, distinct } of facets.fields) {
    if (values.length === 0) continue;
    write('');
    const more = distinct > values.length ? `  (${distinct - values.length} more)` : '';
    write(`${field}${more}`);
    for (const { value, connections } of values) write(`${String(connections).padStart(9)}  ${shown(value)}`);
  }
}

export function showGroups(flags: ClientFlags, by: FieldName, groups: Groups): void {
  if (flags.json) {
    writeJson(groups);
    return;
  }
  const compared = groups.totalBefore !== undefined;
  const rows = groups.groups.map(({ value, connections, refused, bytes, first, last, before }) => [
    shown(value),
    String(connections),
    ...(compared ? [String(before?.connections ?? 0)] : []),
    refused > 0 ? paint('red', String(refused)) : '0',
    bytes === null ? '-' : formatBytes(bytes),
    formatAge(first),
    formatAge(last),
  ]);
  const before = compared ? ['BEFORE'] : [];
  write(table([by.toUpperCase(), 'CONNECTIONS', ...before, 'REFUSED', 'BYTES', 'FIRST', 'LAST'], rows));
  const more = groups.distinct - groups.groups.length;
  if (more > 0) write(`and ${more} more`);
}
