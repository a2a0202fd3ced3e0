// What is asked of the columns: which connections a query means, how many there are of each value, and groups.

import { type FieldName, fieldNames } from '#model/query/fields.ts';
import type { Facets, Groups } from '#model/query/history.ts';
import { freeFields, freeTest, type ValueTest, valueTest } from '#model/query/match.ts';
import type { Query, Term } from '#model/query/query.ts';
import type { Codes } from './codes.ts';
import type { Columns, StoredField } from './columns.ts';
import { countRows, sumRows, type Totals } from './loops.ts';
import { mostFrequent } from './most.ts';
import { type Clause, Selection, type Span } from './selection.ts';
import { Shown } from './shown.ts';

export interface Scope extends Span {
  /** Only connections of this user. */
  readonly uid?: number | undefined;
  /** What users are called, by their number. */
  readonly users: Readonly<Record<string, string>>;
}

const stored = (field: FieldName): StoredField => (field === 'domain' ? 'name' : field);

export class Asking {
  readonly #columns: Columns;
  readonly #selection: Selection;
  readonly #domainOf: (name: string) => string;
  /** Of the names that there are; another when the columns were made anew. */
  #domains: { readonly names: Codes; readonly shown: Shown } | undefined;

  constructor(columns: Columns, domainOf: (name: string) => string | undefined) {
    this.#columns = columns;
    this.#selection = new Selection(columns);
    this.#domainOf = (name) => domainOf(name) ?? name;
  }

  /** What is shown for the numbers of a column. */
  #shown(field: FieldName, { users }: Scope): Shown {
    const codes = this.#columns.codes(stored(field));
    if (field === 'user') return new Shown((uid) => (uid === '' ? '' : (users[uid] ?? `uid ${uid}`))).follow(codes);
    if (field !== 'domain') return new Shown(undefined).follow(codes);
    if (this.#domains?.names !== codes) this.#domains = { names: codes, shown: new Shown(this.#domainOf) };
    return this.#domains.shown.follow(codes);
  }

  #mask(field: FieldName, test: ValueTest, scope: Scope): Clause[number] {
    const codes = this.#columns.codes(stored(field));
    const shown = this.#shown(field, scope);
    // A user has a number beside the name.
    return [
      codes,
      codes.mask((value, code) => test(shown.value(code)) || (field === 'user' && value !== '' && test(value))),
    ];
  }

  /** What a term asks for; `not`, of several columns, is one clause for each. */
  #clauses({ field, negated, values }: Term, scope: Scope): Clause[] {
    const test = field === undefined ? freeTest(values) : valueTest(field, values);
    const masks = (field === undefined ? freeFields : [field]).map((name) => this.#mask(name, test, scope));
    if (negated) return masks.map(([codes, mask]) => [[codes, mask.map((held) => 1 - held)]]);
    // Names and their domains are one column, which is walked once.
    const joined = new Map<Codes, Uint8Array>();
    for (const [codes, mask] of masks) {
      const other = joined.get(codes);
      joined.set(codes, other === undefined ? mask : mask.map((held, code) => held | (other[code] as number)));
    }
    return [[...joined]];
  }

  #allClauses(query: Query, scope: Scope): Clause[] {
    const clauses = query.flatMap((term) => this.#clauses(term, scope));
    if (scope.uid === undefined) return clauses;
    const own = String(scope.uid);
    const codes = this.#columns.codes('user');
    return [[[codes, codes.mask((value) => value === own)]], ...clauses];
  }

  /** Marks the rows of a query, and says how many there are. */
  #mark(query: Query, scope: Scope): number {
    return this.#selection.mark(this.#allClauses(query, scope), scope, 0, this.#columns.size);
  }

  /** The places of the newest `limit` before a place, the newest first; with `after` the oldest behind it, the oldest first. */
  list(
    query: Query,
    scope: Scope,
    page: { before?: number | undefined; after?: number | undefined; limit: number },
  ): number[] {
    const { sequences, size } = this.#columns;
    const clauses = this.#allClauses(query, scope);
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
      if (this.#selection.mark(clauses, scope, from, to) > 0) {
        const rows = this.#selection.rows();
        const inTurn = forward ? rows : rows.reverse();
        for (const row of inTurn.subarray(0, page.limit - found.length)) found.push(sequences[row] as number);
      }
      slice = Math.min(slice * 2, 262_144);
    }
    return found;
  }

  /** For each field its most frequent values. */
  facets(query: Query, scope: Scope, top: number, fields: readonly FieldName[] = fieldNames): Facets {
    const { count } = this.#columns;
    const total = this.#mark(query, scope);
    // How many rows each text has is known: of what most rows are, the others are counted and taken from that.
    const others = total * 2 > count;
    const rows = others ? this.#selection.others() : this.#selection.rows();
    const known = new Map<StoredField, Uint32Array>();
    const counted = fields.map((field) => {
      const codes = this.#columns.codes(stored(field));
      let counts = known.get(stored(field));
      if (counts === undefined) {
        counts = countRows(codes.rows, rows, codes.values.length);
        if (others) counts = counts.map((times, code) => (codes.times[code] as number) - times);
        known.set(stored(field), counts);
      }
      const shown = this.#shown(field, scope);
      const folded = shown.fold(counts);
      const found = mostFrequent(folded, top);
      const values = found.most.map((at) => ({ value: shown.values[at] as string, connections: folded[at] as number }));
      return { field, distinct: found.distinct, values };
    });
    return { total, fields: counted };
  }

  /** With `earlier`, each group says how it was in that time too. */
  groups(by: FieldName, query: Query, scope: Scope, top: number, earlier?: Span): Groups {
    const shown = this.#shown(by, scope);
    const now = this.#sums(by, query, scope, shown);
    const before = earlier && this.#sums(by, query, { ...scope, ...earlier }, shown);
    const numbers =
      before === undefined
        ? now.sums.counts
        : now.sums.counts.map((count, at) => Math.max(count, before.sums.counts[at] as number));
    const { most, distinct } = mostFrequent(numbers, top);
    const groups = most.map((at) => ({
      value: shown.values[at] as string,
      ...sumsOf(now.sums, at),
      ...(before !== undefined && { before: sumsOf(before.sums, at) }),
    }));
    return { total: now.rows, ...(before !== undefined && { totalBefore: before.rows }), distinct, groups };
  }

  #sums(by: FieldName, query: Query, scope: Scope, shown: Shown): { readonly rows: number; readonly sums: Totals } {
    const { times, bytes } = this.#columns;
    const rows = this.#mark(query, scope);
    const codes = this.#columns.codes(stored(by));
    const verdicts = this.#columns.codes('verdict');
    const refusal = verdicts.mask((verdict) => verdict === 'reject' || verdict === 'drop');
    const summed = { verdicts: verdicts.rows as Uint8Array, refusal, bytes, times };
    const totals = sumRows(codes.rows, this.#selection.rows(), codes.values.length, summed);
    return { rows, sums: shown.foldTotals(totals) };
  }
}

function sumsOf({ counts, refused, bytes, isCounted, first, last }: Totals, at: number) {
  const connections = counts[at] as number;
  if (connections === 0) return { connections, refused: 0, bytes: null, first: null, last: null };
  return {
    connections,
    refused: refused[at] as number,
    bytes: isCounted[at] === 0 ? null : (bytes[at] as number),
    first: first[at] as number,
    last: last[at] as number,
  };
}
