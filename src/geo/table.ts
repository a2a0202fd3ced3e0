// A sorted table of starts, as it lies in the file, and the search in it.
import { compareWords, type Stride } from './words.ts';

/** Each start holds up to the next one; `numbers` are the numbers of values (layout.ts). */
export interface Table {
  readonly stride: Stride;
  readonly starts: Uint32Array;
  readonly numbers: Uint8Array | Uint16Array | Uint32Array;
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
  const index = findIndex(table.starts, table.stride, table.numbers.length, w0, w1, w2, w3);
  return index < 0 ? 0 : (table.numbers[index] as number);
}

/** Where the last of `length` ascending starts stands that is not after the address; −1 when all are. */
export function findIndex(
  starts: Uint32Array,
  stride: Stride,
  length: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  let low = 0;
  let high = length;
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
