// What is asked of the columns: which connections a query means, how many there are of each value, and groups.

import { type FieldName, fieldNames } from '#model/query/fields.ts';
import type { Facets, Groups } from '#model/query/history.ts';
import { freeFields, freeTest, type ValueTest, valueTest } from '#model/query/match.ts';
import type { Query, Term } from '#model/query/query.ts';
import type { Columns, StoredField } from './columns.ts';

export interface Span {
  /** Milliseconds since 1970, both within. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export interface Scope extends Span {
  /** Only connections of this user. */
  readonly uid?: number | undefined;
  /** What users are called, by their number. */
  readonly users: Readonly<Record<string, string>>;
}

/** A condition on one row. */
interface Condition {
  readonly masks: readonly (readonly [codes: ArrayLike<number>, mask: Uint8Array])[];
  /** What the masks must say: 1 that one of them holds, 0 that none does. */
  readonly wanted: 0 | 1;
}

export class Asking {
  readonly #columns: Columns;
  readonly #domainOf: (name: string) => string | undefined;
  readonly #domains = new Map<string, string>();

  constructor(columns: Columns, domainOf: (name: string) => string | undefined) {
    this.#columns = columns;
    this.#domainOf = domainOf;
  }

  /** What stands for a name where it is asked for by domain. */
  #domain(name: string): string {
    let domain = this.#domains.get(name);
    if (domain === undefined) {
      domain = this.#domainOf(name) ?? name;
      // Names that nobody has any more are kept too, up to a point.
      if (this.#domains.size > 200_000) this.#domains.clear();
      this.#domains.set(name, domain);
    }
    return domain;
  }

  #stored(field: FieldName): StoredField {
    return field === 'domain' ? 'name' : field;
  }

  /** The value that is shown for what a column holds. */
  #shown(field: FieldName, value: string, { users }: Scope): string {
    if (field === 'domain') return this.#domain(value);
    if (field === 'user' && value !== '') return users[value] ?? `uid ${value}`;
    return value;
  }

  #mask(field: FieldName, test: ValueTest, scope: Scope): Condition['masks'][number] {
    const codes = this.#columns.codes(this.#stored(field));
    const holds = (value: string) =>
      test(this.#shown(field, value, scope)) || (field === 'user' && value !== '' && test(value));
    return [codes.rows, codes.mask(holds)];
  }

  #condition({ field, negated, values }: Term, scope: Scope): Condition {
    const wanted = negated ? 0 : 1;
    if (field !== undefined) return { wanted, masks: [this.#mask(field, valueTest(field, values), scope)] };
    const test = freeTest(values);
    return { wanted, masks: freeFields.map((name) => this.#mask(name, test, scope)) };
  }

  #conditions(query: Query, scope: Scope): Condition[] {
    const conditions = query.map((term) => this.#condition(term, scope));
    if (scope.uid === undefined) return conditions;
    const own = String(scope.uid);
    const codes = this.#columns.codes('user');
    return [{ wanted: 1, masks: [[codes.rows, codes.mask((value) => value === own)]] }, ...conditions];
  }

  #rows({ since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }: Span, from: number): Uint32Array {
    const { size, dead, times } = this.#columns;
    const rows = new Uint32Array(size - from);
    let next = 0;
    for (let row = from; row < size; row++) {
      const time = times[row] as number;
      if (dead[row] === 0 && time >= since && time <= until) rows[next++] = row;
    }
    return rows.subarray(0, next);
  }

  /** The rows of a query, in the order of the journal. */
  #selected(query: Query, scope: Scope): Uint32Array {
    let rows = this.#rows(scope, 0);
    for (const condition of this.#conditions(query, scope)) rows = narrowed(rows, condition);
    return rows;
  }

  /** The places of the newest `limit` before a place, the newest first; with `after` the oldest behind it, the oldest first. */
  list(
    query: Query,
    scope: Scope,
    page: { before?: number | undefined; after?: number | undefined; limit: number },
  ): number[] {
    const { dead, times, sequences, size } = this.#columns;
    const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = scope;
    const conditions = this.#conditions(query, scope);
    const found: number[] = [];
    const first = page.after === undefined ? 0 : this.#columns.firstFrom(page.after + 1);
    const end = page.before === undefined ? size : this.#columns.firstFrom(page.before);
    const step = page.after === undefined ? -1 : 1;
    for (let row = step === 1 ? first : end - 1; row >= first && row < end && found.length < page.limit; row += step) {
      const time = times[row] as number;
      if (dead[row] === 1 || time < since || time > until) continue;
      if (conditions.every((condition) => holdsAt(condition, row))) found.push(sequences[row] as number);
    }
    return found;
  }

  /** For each field its most frequent values. */
  facets(query: Query, scope: Scope, top: number, fields: readonly FieldName[] = fieldNames): Facets {
    const rows = this.#selected(query, scope);
    const counted = fields.map((field) => {
      const codes = this.#columns.codes(this.#stored(field));
      const counts = new Uint32Array(codes.values.length);
      const { rows: codeOf } = codes;
      for (let at = 0; at < rows.length; at++) {
        const code = codeOf[rows[at] as number] as number;
        counts[code] = (counts[code] as number) + 1;
      }
      const values = new Map<string, number>();
      for (let code = 0; code < counts.length; code++) {
        const times = counts[code] as number;
        if (times === 0) continue;
        const value = this.#shown(field, codes.values[code] as string, scope);
        values.set(value, (values.get(value) ?? 0) + times);
      }
      return {
        field,
        distinct: values.size,
        values: most([...values], top, ([, times]) => times).map(([value, connections]) => ({ value, connections })),
      };
    });
    return { total: rows.length, fields: counted };
  }

  /** With `earlier`, each group says how it was in that time too. */
  groups(by: FieldName, query: Query, scope: Scope, top: number, earlier?: Span): Groups {
    const now = this.#sums(by, this.#selected(query, scope), scope);
    const rowsBefore = earlier === undefined ? undefined : this.#selected(query, { ...scope, ...earlier });
    const before = rowsBefore && this.#sums(by, rowsBefore, scope);
    const none = { connections: 0, refused: 0, bytes: null, first: null, last: null };
    const names = new Set([...now.sums.keys(), ...(before?.sums.keys() ?? [])]);
    const groups = [...names].map((value) => ({
      value,
      ...(now.sums.get(value) ?? none),
      ...(before !== undefined && { before: before.sums.get(value) ?? none }),
    }));
    return {
      total: now.rows,
      ...(before !== undefined && { totalBefore: before.rows }),
      distinct: groups.length,
      groups: most(groups, top, (group) => Math.max(group.connections, group.before?.connections ?? 0)),
    };
  }

  #sums(by: FieldName, rows: Uint32Array, scope: Scope) {
    const { times, bytes: allBytes } = this.#columns;
    const codes = this.#columns.codes(this.#stored(by));
    const verdicts = this.#columns.codes('verdict');
    const refusal = verdicts.mask((verdict) => verdict === 'reject' || verdict === 'drop');
    const length = codes.values.length;
    const [counts, refused] = [new Uint32Array(length), new Uint32Array(length)];
    const bytes = new Float64Array(length).fill(Number.NaN);
    const first = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    const last = new Float64Array(length);
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      const code = codes.rows[row] as number;
      counts[code] = (counts[code] as number) + 1;
      refused[code] = (refused[code] as number) + (refusal[verdicts.rows[row] as number] as number);
      const amount = allBytes[row] as number;
      if (!Number.isNaN(amount)) {
        const sum = bytes[code] as number;
        bytes[code] = Number.isNaN(sum) ? amount : sum + amount;
      }
      const time = times[row] as number;
      if (time < (first[code] as number)) first[code] = time;
      if (time > (last[code] as number)) last[code] = time;
    }
    const sums = new Map<string, Sums>();
    for (let code = 0; code < length; code++) {
      if (counts[code] === 0) continue;
      const value = this.#shown(by, codes.values[code] as string, scope);
      const amount = bytes[code] as number;
      const sum = {
        connections: counts[code] as number,
        refused: refused[code] as number,
        bytes: Number.isNaN(amount) ? null : amount,
        first: first[code] as number,
        last: last[code] as number,
      };
      const known = sums.get(value);
      sums.set(value, known === undefined ? sum : added(known, sum));
    }
    return { rows: rows.length, sums };
  }
}

interface Sums {
  readonly connections: number;
  readonly refused: number;
  readonly bytes: number | null;
  readonly first: number;
  readonly last: number;
}

function added(a: Sums, b: Sums): Sums {
  return {
    connections: a.connections + b.connections,
    refused: a.refused + b.refused,
    bytes: a.bytes === null ? b.bytes : a.bytes + (b.bytes ?? 0),
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
  };
}

function holdsAt({ masks, wanted }: Condition, row: number): boolean {
  let holds = 0;
  for (const [codes, mask] of masks) if (mask[codes[row] as number] === 1) holds = 1;
  return holds === wanted;
}

function narrowed(rows: Uint32Array, condition: Condition): Uint32Array {
  const [only] = condition.masks;
  const { wanted } = condition;
  let next = 0;
  // One column is the common case, and its loop has nothing else in it.
  if (condition.masks.length === 1 && only !== undefined) {
    const [codes, mask] = only;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      if (mask[codes[row] as number] === wanted) rows[next++] = row;
    }
  } else {
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      if (holdsAt(condition, row)) rows[next++] = row;
    }
  }
  return rows.subarray(0, next);
}

/** Those of which there is most, by number, without sorting all of them. */
function most<T>(all: T[], top: number, numberOf: (one: T) => number): T[] {
  if (all.length <= top * 4) return all.sort((a, b) => numberOf(b) - numberOf(a)).slice(0, top);
  const numbers = Float64Array.from(all, numberOf).sort();
  const least = numbers[numbers.length - top] as number;
  const above = all.filter((one) => numberOf(one) > least);
  const level = all.filter((one) => numberOf(one) === least).slice(0, top - above.length);
  return [...above, ...level].sort((a, b) => numberOf(b) - numberOf(a));
}
