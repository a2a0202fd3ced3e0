// Which rows are meant: a mark for each, in one walk over a column for each condition. The room for it is kept between questions.
import type { Codes } from './codes.ts';
import type { Columns } from './columns.ts';
import { collectRows, countMarks, joinMarks, keepMarks, keepTimes } from './loops.ts';

export interface Span {
  /** Milliseconds since 1970, both within. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** Of a row one of these must hold: the text that it has in a column is one that the mask has. */
export type Clause = readonly (readonly [codes: Codes, mask: Uint8Array])[];

export class Selection {
  readonly #columns: Columns;
  #marks = new Uint8Array(0);
  #joined = new Uint8Array(0);
  #rows = new Uint32Array(0);
  /** From which row to before which marks were made; there are none elsewhere. */
  #marked: [from: number, to: number] = [0, 0];

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** Marks the rows from one to before another that are there, began in this time, and satisfy all clauses. Says how many. */
  mark(clauses: readonly Clause[], span: Span, first: number, end: number): number {
    const { alive, times, zones, size } = this.#columns;
    const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = span;
    const [low, high] = zones.within(since, until, size);
    const from = Math.max(first, low);
    const to = Math.max(from, Math.min(end, high));
    this.#marked = [from, to];
    if (this.#marks.length !== alive.length) {
      this.#marks = new Uint8Array(alive.length);
      this.#joined = new Uint8Array(alive.length);
      this.#rows = new Uint32Array(alive.length);
    }
    const marks = this.#marks;
    // Most of what free text is looked for in has it nowhere.
    const looked = clauses.map((clause) => clause.filter(([, mask]) => mask.includes(1)));
    if (looked.some(({ length }) => length === 0)) {
      this.#marked = [from, from];
      return 0;
    }
    marks.set(alive.subarray(from, to), from);
    if (span.since !== undefined || span.until !== undefined) keepTimes(times, since, until, marks, from, to);
    for (const clause of looked) {
      const [[codes, mask] = [], another] = clause;
      if (codes === undefined || mask === undefined) continue;
      if (another === undefined) keepMarks(codes.rows, mask, marks, from, to);
      else {
        this.#joined.fill(0, from, to);
        for (const [one, its] of clause) joinMarks(one.rows, its, this.#joined, from, to);
        for (let row = from; row < to; row++) marks[row] = (marks[row] as number) & (this.#joined[row] as number);
      }
    }
    return countMarks(marks, from, to);
  }

  /** The rows that were marked, until the next question. */
  rows(): Uint32Array {
    return collectRows(this.#marks, ...this.#marked, this.#rows);
  }

  /** All others that are there. */
  others(): Uint32Array {
    const { alive, size } = this.#columns;
    const marks = this.#marks;
    const [from, to] = this.#marked;
    marks.fill(0, 0, from).fill(0, to, size);
    for (let row = 0; row < size; row++) marks[row] = (marks[row] as number) ^ (alive[row] as number);
    this.#marked = [0, size];
    return this.rows();
  }
}
