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

type Mark<T> = (codes: T, mask: Uint8Array, marks: Uint8Array, from: number, to: number) => void;

const keepBytes: Mark<Uint8Array> = (codes, mask, marks, from, to) => {
  for (let row = from; row < to; row++) marks[row] = (marks[row] as number) & (mask[codes[row] as number] as number);
};
const keepWords: Mark<Uint16Array> = (codes, mask, marks, from, to) => {
  for (let row = from; row < to; row++) marks[row] = (marks[row] as number) & (mask[codes[row] as number] as number);
};
const keepLongs: Mark<Uint32Array> = (codes, mask, marks, from, to) => {
  for (let row = from; row < to; row++) marks[row] = (marks[row] as number) & (mask[codes[row] as number] as number);
};

/** Takes the mark of each row whose number the mask has not. */
export function keepMarks(codes: Numbers, mask: Uint8Array, marks: Uint8Array, from: number, to: number): void {
  if (codes instanceof Uint8Array) keepBytes(codes, mask, marks, from, to);
  else if (codes instanceof Uint16Array) keepWords(codes, mask, marks, from, to);
  else keepLongs(codes, mask, marks, from, to);
}

const joinBytes: Mark<Uint8Array> = (codes, mask, marks, from, to) => {
  for (let row = from; row < to; row++) marks[row] = (marks[row] as number) | (mask[codes[row] as number] as number);
};
const joinWords: Mark<Uint16Array> = (codes, mask, marks, from, to) => {
  for (let row = from; row < to; row++) marks[row] = (marks[row] as number) | (mask[codes[row] as number] as number);
};
const joinLongs: Mark<Uint32Array> = (codes, mask, marks, from, to) => {
  for (let row = from; row < to; row++) marks[row] = (marks[row] as number) | (mask[codes[row] as number] as number);
};

/** Marks each row whose number the mask has. */
export function joinMarks(codes: Numbers, mask: Uint8Array, marks: Uint8Array, from: number, to: number): void {
  if (codes instanceof Uint8Array) joinBytes(codes, mask, marks, from, to);
  else if (codes instanceof Uint16Array) joinWords(codes, mask, marks, from, to);
  else joinLongs(codes, mask, marks, from, to);
}

/** Takes the mark of each row whose time is not within these. */
export function keepTimes(
  times: Float64Array,
  since: number,
  until: number,
  marks: Uint8Array,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) {
    const time = times[row] as number;
    marks[row] = time >= since && time <= until ? (marks[row] as number) : 0;
  }
}

export function countMarks(marks: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let row = from; row < to; row++) count += marks[row] as number;
  return count;
}

/** The rows that are marked, in `room`. */
export function collectRows(marks: Uint8Array, from: number, to: number, room: Uint32Array<ArrayBuffer>): Uint32Array {
  let next = 0;
  for (let row = from; row < to; row++) {
    room[next] = row;
    // No branch: which rows are marked is not to be foreseen.
    next += marks[row] as number;
  }
  return room.subarray(0, next);
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
