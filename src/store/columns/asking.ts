// What is asked of the columns: which connections a query means, how many there are of each value, and groups.

import { type FieldName, fieldNames } from '#model/query/fields.ts';
import type { Facets, Groups } from '#model/query/history.ts';
import { freeFields, freeTest, type ValueTest, valueTest } from '#model/query/match.ts';
import type { Query, Term } from '#model/query/query.ts';
import type { Columns, StoredField } from './columns.ts';
import { countRows, keepMarked, markRows, type Numbers, sumRows } from './loops.ts';

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
  readonly masks: readonly (readonly [codes: Numbers, mask: Uint8Array])[];
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

  /** The rows from one to before another that are there, and began in this time. */
  #rows(
    { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }: Span,
    from: number,
    to: number,
  ): Uint32Array {
    const { dead, times } = this.#columns;
    const rows = new Uint32Array(to - from);
    let next = 0;
    for (let row = from; row < to; row++) {
      const time = times[row] as number;
      rows[next] = row;
      next += dead[row] === 0 && time >= since && time <= until ? 1 : 0;
    }
    return rows.subarray(0, next);
  }

  /** The rows of a query, in the order of the journal. */
  #selected(query: Query, scope: Scope): Uint32Array {
    return narrowed(this.#rows(scope, 0, this.#columns.size), this.#conditions(query, scope));
  }

  /** The places of the newest `limit` before a place, the newest first; with `after` the oldest behind it, the oldest first. */
  list(
    query: Query,
    scope: Scope,
    page: { before?: number | undefined; after?: number | undefined; limit: number },
  ): number[] {
    const { sequences, size } = this.#columns;
    const conditions = this.#conditions(query, scope);
    const found: number[] = [];
    const first = page.after === undefined ? 0 : this.#columns.firstFrom(page.after + 1);
    const end = page.before === undefined ? size : Math.max(first, this.#columns.firstFrom(page.before));
    const forward = page.after !== undefined;
    // Most pages are full after a few slices; what is rare takes larger ones.
    let slice = 4096;
    let [low, high] = [first, end];
    while (low < high && found.length < page.limit) {
      const [from, to] = forward ? [low, Math.min(high, low + slice)] : [Math.max(low, high - slice), high];
      if (forward) low = to;
      else high = from;
      const rows = narrowed(this.#rows(scope, from, to), conditions);
      const inTurn = forward ? rows : rows.reverse();
      for (const row of inTurn.subarray(0, page.limit - found.length)) found.push(sequences[row] as number);
      slice = Math.min(slice * 2, 262_144);
    }
    return found;
  }

  /** For each field its most frequent values. */
  facets(query: Query, scope: Scope, top: number, fields: readonly FieldName[] = fieldNames): Facets {
    const rows = this.#selected(query, scope);
    const known = new Map<StoredField, Uint32Array>();
    const counted = fields.map((field) => {
      const stored = this.#stored(field);
      const codes = this.#columns.codes(stored);
      const counts = known.get(stored) ?? countRows(codes.rows, rows, codes.values.length);
      known.set(stored, counts);
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
    const verdictRows = verdicts.rows as Uint8Array;
    const totals = sumRows(codes.rows, rows, length, { verdicts: verdictRows, refusal, bytes: allBytes, times });
    const { counts, refused, bytes, isCounted, first, last } = totals;
    const sums = new Map<string, Sums>();
    for (let code = 0; code < length; code++) {
      if (counts[code] === 0) continue;
      const value = this.#shown(by, codes.values[code] as string, scope);
      const sum = {
        connections: counts[code] as number,
        refused: refused[code] as number,
        bytes: isCounted[code] === 0 ? null : (bytes[code] as number),
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

/** Those of the rows for which all conditions hold; the rows are used up. */
function narrowed(all: Uint32Array, conditions: readonly Condition[]): Uint32Array {
  let rows = all;
  for (const { masks, wanted } of conditions) {
    if (rows.length === 0) return rows;
    // Most of what free text is looked for in has it nowhere.
    const looked = masks.filter(([, mask]) => mask.includes(1));
    const marks = new Uint8Array(rows.length);
    for (const [codes, mask] of looked) markRows(codes, rows, mask, marks);
    if (looked.length > 0) rows = keepMarked(rows, marks, wanted);
    else if (wanted === 1) return rows.subarray(0, 0);
  }
  return rows;
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
