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

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** Marks the rows from one to before another that are there, began in this time, and satisfy all clauses. Says how many. */
  mark(clauses: readonly Clause[], { since, until }: Span, from: number, to: number): number {
    const { alive, times } = this.#columns;
    if (this.#marks.length !== alive.length) {
      this.#marks = new Uint8Array(alive.length);
      this.#joined = new Uint8Array(alive.length);
      this.#rows = new Uint32Array(alive.length);
    }
    const marks = this.#marks;
    // Most of what free text is looked for in has it nowhere.
    const looked = clauses.map((clause) => clause.filter(([, mask]) => mask.includes(1)));
    if (looked.some(({ length }) => length === 0)) {
      marks.fill(0, from, to);
      return 0;
    }
    marks.set(alive.subarray(from, to), from);
    if (since !== undefined || until !== undefined) {
      keepTimes(times, since ?? Number.NEGATIVE_INFINITY, until ?? Number.POSITIVE_INFINITY, marks, from, to);
    }
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
  rows(from: number, to: number): Uint32Array {
    return collectRows(this.#marks, from, to, this.#rows);
  }

  /** All others that are there. */
  others(from: number, to: number): Uint32Array {
    const { alive } = this.#columns;
    const marks = this.#marks;
    for (let row = from; row < to; row++) marks[row] = (marks[row] as number) ^ (alive[row] as number);
    return this.rows(from, to);
  }
}
