// A sorted table of starts, as it lies in the file, and the search in it.
import { compareWords, type Stride } from './words.ts';

/** Each start holds up to the next one; `numbers` are the numbers of values (layout.ts). */
export interface Table {
  readonly stride: Stride;
  readonly starts: Uint32Array;
  readonly numbers: Uint8Array | Uint16Array | Uint32Array;
  /** Every 64th start: few enough to stay in the processor's cache, which the table itself is too large for. */
  readonly marks: Uint32Array;
}

const markEvery = 64;

export function tableOf(stride: Stride, starts: Uint32Array, numbers: Table['numbers']): Table {
  const marks = new Uint32Array(Math.ceil(numbers.length / markEvery) * stride);
  for (let at = 0; at < marks.length; at++) {
    marks[at] = starts[Math.floor(at / stride) * markEvery * stride + (at % stride)] as number;
  }
  return { stride, starts, numbers, marks };
}

/** Whether each start is after the one before it; without that a search goes astray. */
export function isAscending(starts: Uint32Array, stride: Stride): boolean {
  for (let at = stride; at < starts.length; at += stride) {
    if (compareWords(starts, at - stride, starts, at, stride) >= 0) return false;
  }
  return true;
}

/** The number at the last start that is not after the address; 0 before the first. Of the words only `stride` are looked at. */
export function findNumber(table: Table, w0: number, w1: number, w2: number, w3: number): number {
  const { stride, starts, numbers, marks } = table;
  const mark = findIndex(marks, stride, 0, marks.length / stride, w0, w1, w2, w3);
  if (mark < 0) return 0;
  const from = mark * markEvery;
  const index = findIndex(starts, stride, from, Math.min(from + markEvery, numbers.length), w0, w1, w2, w3);
  return numbers[index] as number;
}

/** Where the last of the ascending starts `from` to before `end` stands that is not after the address; one before `from` when all are. */
export function findIndex(
  starts: Uint32Array,
  stride: Stride,
  from: number,
  end: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * stride;
    const s0 = starts[at] as number;
    let after = s0 > w0;
    if (s0 === w0 && stride > 1) {
      const s1 = starts[at + 1] as number;
      after = s1 > w1;
      if (s1 === w1 && stride > 2) {
        const s2 = starts[at + 2] as number;
        after = s2 > w2 || (s2 === w2 && (starts[at + 3] as number) > w3);
      }
    }
    if (after) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}
