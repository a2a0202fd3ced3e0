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

type Pick<T> = (codes: T, rows: Uint32Array, picked: Uint32Array) => void;

const pickBytes: Pick<Uint8Array> = (codes, rows, picked) => {
  for (let at = 0; at < rows.length; at++) picked[at] = codes[rows[at] as number] as number;
};
const pickWords: Pick<Uint16Array> = (codes, rows, picked) => {
  for (let at = 0; at < rows.length; at++) picked[at] = codes[rows[at] as number] as number;
};
const pickLongs: Pick<Uint32Array> = (codes, rows, picked) => {
  for (let at = 0; at < rows.length; at++) picked[at] = codes[rows[at] as number] as number;
};

/** The numbers of these rows. */
export function pickRows(codes: Numbers, rows: Uint32Array): Uint32Array {
  const picked = new Uint32Array(rows.length);
  if (codes instanceof Uint8Array) pickBytes(codes, rows, picked);
  else if (codes instanceof Uint16Array) pickWords(codes, rows, picked);
  else pickLongs(codes, rows, picked);
  return picked;
}
