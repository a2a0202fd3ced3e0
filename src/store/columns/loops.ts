// The loops over rows. Each is written for one width of numbers, so that the engine compiles it for that width alone, and
// counts into four rows of counters by turns: with one, each addition to a frequent value would wait for the one before it.

export type Numbers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

type Count<T> = (codes: T, rows: Uint32Array, counts: Uint32Array, width: number) => void;

const countBytes: Count<Uint8Array> = (codes, rows, counts, width) => {
  for (let at = 0; at < rows.length; at++) {
    const slot = (at & 3) * width + (codes[rows[at] as number] as number);
    counts[slot] = (counts[slot] as number) + 1;
  }
};
const countWords: Count<Uint16Array> = (codes, rows, counts, width) => {
  for (let at = 0; at < rows.length; at++) {
    const slot = (at & 3) * width + (codes[rows[at] as number] as number);
    counts[slot] = (counts[slot] as number) + 1;
  }
};
const countLongs: Count<Uint32Array> = (codes, rows, counts, width) => {
  for (let at = 0; at < rows.length; at++) {
    const slot = (at & 3) * width + (codes[rows[at] as number] as number);
    counts[slot] = (counts[slot] as number) + 1;
  }
};

/** How many of these rows have each of `width` numbers. */
export function countRows(codes: Numbers, rows: Uint32Array, width: number): Uint32Array {
  const counts = new Uint32Array(width * 4);
  if (codes instanceof Uint8Array) countBytes(codes, rows, counts, width);
  else if (codes instanceof Uint16Array) countWords(codes, rows, counts, width);
  else countLongs(codes, rows, counts, width);
  const total = counts.subarray(0, width);
  for (let code = 0; code < width; code++) {
    const others =
      (counts[code + width] as number) + (counts[code + 2 * width] as number) + (counts[code + 3 * width] as number);
    total[code] = (total[code] as number) + others;
  }
  return total;
}

type Mark<T> = (codes: T, rows: Uint32Array, mask: Uint8Array, marks: Uint8Array) => void;

const markBytes: Mark<Uint8Array> = (codes, rows, mask, marks) => {
  for (let at = 0; at < rows.length; at++)
    marks[at] = (marks[at] as number) | (mask[codes[rows[at] as number] as number] as number);
};
const markWords: Mark<Uint16Array> = (codes, rows, mask, marks) => {
  for (let at = 0; at < rows.length; at++)
    marks[at] = (marks[at] as number) | (mask[codes[rows[at] as number] as number] as number);
};
const markLongs: Mark<Uint32Array> = (codes, rows, mask, marks) => {
  for (let at = 0; at < rows.length; at++)
    marks[at] = (marks[at] as number) | (mask[codes[rows[at] as number] as number] as number);
};

/** Marks the rows whose number the mask has. */
export function markRows(codes: Numbers, rows: Uint32Array, mask: Uint8Array, marks: Uint8Array): void {
  if (codes instanceof Uint8Array) markBytes(codes, rows, mask, marks);
  else if (codes instanceof Uint16Array) markWords(codes, rows, mask, marks);
  else markLongs(codes, rows, mask, marks);
}

/** Puts the rows that are marked so to the front, and returns them. */
export function keepMarked(rows: Uint32Array, marks: Uint8Array, wanted: 0 | 1): Uint32Array {
  let next = 0;
  for (let at = 0; at < rows.length; at++) {
    rows[next] = rows[at] as number;
    // No branch: which rows are wanted is not to be foreseen.
    next += (marks[at] as number) === wanted ? 1 : 0;
  }
  return rows.subarray(0, next);
}

/** What is summed up of the rows that have the same number. */
export interface Totals {
  readonly counts: Uint32Array;
  readonly refused: Uint32Array;
  readonly bytes: Float64Array;
  /** 1 where bytes were counted at all. */
  readonly isCounted: Uint8Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
}

/** What of each row is summed up. */
export interface Summed {
  readonly verdicts: Uint8Array;
  /** Of each verdict, whether it is a refusal. */
  readonly refusal: Uint8Array;
  /** NaN where nothing was counted. */
  readonly bytes: Float64Array;
  readonly times: Float64Array;
}

type Sum<T> = (codes: T, rows: Uint32Array, summed: Summed, totals: Totals) => void;

const sumOf = (row: number, code: number, { verdicts, refusal, bytes, times }: Summed, totals: Totals): void => {
  const { counts, refused, first, last } = totals;
  counts[code] = (counts[code] as number) + 1;
  refused[code] = (refused[code] as number) + (refusal[verdicts[row] as number] as number);
  const amount = bytes[row] as number;
  if (amount >= 0) {
    totals.bytes[code] = (totals.bytes[code] as number) + amount;
    totals.isCounted[code] = 1;
  }
  const time = times[row] as number;
  if (time < (first[code] as number)) first[code] = time;
  if (time > (last[code] as number)) last[code] = time;
};
const sumBytes: Sum<Uint8Array> = (codes, rows, summed, totals) => {
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    sumOf(row, codes[row] as number, summed, totals);
  }
};
const sumWords: Sum<Uint16Array> = (codes, rows, summed, totals) => {
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    sumOf(row, codes[row] as number, summed, totals);
  }
};
const sumLongs: Sum<Uint32Array> = (codes, rows, summed, totals) => {
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    sumOf(row, codes[row] as number, summed, totals);
  }
};

/** Sums up these rows by each of `width` numbers. */
export function sumRows(codes: Numbers, rows: Uint32Array, width: number, summed: Summed): Totals {
  const totals: Totals = {
    counts: new Uint32Array(width),
    refused: new Uint32Array(width),
    bytes: new Float64Array(width),
    isCounted: new Uint8Array(width),
    first: new Float64Array(width).fill(Number.POSITIVE_INFINITY),
    last: new Float64Array(width),
  };
  if (codes instanceof Uint8Array) sumBytes(codes, rows, summed, totals);
  else if (codes instanceof Uint16Array) sumWords(codes, rows, summed, totals);
  else sumLongs(codes, rows, summed, totals);
  return totals;
}
