// Ranges made flat: each address has one value, said by the last segment that begins at it or before.
import type { Ranges } from './ranges.ts';
import { compareWords, nextAddress, type Stride } from './words.ts';

/** Segments in order, each up to the next one; neighbours differ, and before the first the value is 0. */
export class Segments {
  readonly stride: Stride;
  starts: Uint32Array;
  values: Uint32Array;
  length = 0;

  constructor(stride: Stride, capacity: number) {
    this.stride = stride;
    this.starts = new Uint32Array(capacity * stride);
    this.values = new Uint32Array(capacity);
  }

  /** From here on it is `value`. Starts must not go backwards; what began at the same address is replaced. */
  put(start: Uint32Array, at: number, value: number): void {
    const { stride } = this;
    if (this.length > 0 && compareWords(this.starts, (this.length - 1) * stride, start, at, stride) === 0) {
      this.length -= 1;
    }
    if (value === (this.length > 0 ? this.values[this.length - 1] : 0)) return;
    for (let word = 0; word < stride; word++) this.starts[this.length * stride + word] = start[at + word] as number;
    this.values[this.length] = value;
    this.length += 1;
  }
}

/**
 * Of ranges that overlap, the one that begins later wins while it lasts; of those that begin together the shorter, then the
 * one that was added later. So of two prefixes the longer wins, in whatever order they came.
 */
export function flatten(ranges: Ranges): Segments {
  const { stride, starts, ends, values, length } = ranges;
  const order = sorted(ranges);
  const segments = new Segments(stride, 2 * length);
  // Those that have begun, the winner last; what ended below another is taken away when it comes up.
  const open = new Uint32Array(length);
  let depth = 0;
  const next = new Uint32Array(4);
  const closeBefore = (range: number | undefined) => {
    while (depth > 0) {
      const top = open[depth - 1] as number;
      if (range !== undefined && compareWords(ends, top * stride, starts, range * stride, stride) >= 0) return;
      // The last address there is: nothing begins after it.
      if (!nextAddress(ends, top * stride, next, stride)) return;
      const covers = (other: number) => compareWords(ends, other * stride, next, 0, stride) >= 0;
      while (depth > 0 && !covers(open[depth - 1] as number)) depth -= 1;
      segments.put(next, 0, depth === 0 ? 0 : (values[open[depth - 1] as number] as number));
    }
  };
  for (const range of order) {
    closeBefore(range);
    segments.put(starts, range * stride, values[range] as number);
    open[depth++] = range;
  }
  closeBefore(undefined);
  return segments;
}

/** The numbers of the ranges, so that of two that overlap the winner comes later. */
function sorted({ stride, starts, ends, length }: Ranges): Uint32Array {
  const compare = (a: number, b: number) =>
    compareWords(starts, a * stride, starts, b * stride, stride) ||
    compareWords(ends, b * stride, ends, a * stride, stride) ||
    a - b;
  const order = Uint32Array.from({ length }, (_, index) => index);
  // Most sources are in order, and sorting a million is slow.
  for (let index = 1; index < length; index++) if (compare(index - 1, index) > 0) return order.sort(compare);
  return order;
}

/** The same without what `mask` covers: there it is 0. */
export function maskOut(segments: Segments, mask: Segments): Segments {
  const { stride } = segments;
  const rest = new Segments(stride, segments.length + mask.length);
  let value = 0;
  let masked = false;
  for (let i = 0, j = 0; i < segments.length || j < mask.length; ) {
    const first =
      i === segments.length
        ? 1
        : j === mask.length
          ? -1
          : compareWords(segments.starts, i * stride, mask.starts, j * stride, stride);
    const from = first <= 0 ? segments.starts : mask.starts;
    const at = (first <= 0 ? i : j) * stride;
    if (first <= 0) value = segments.values[i++] as number;
    if (first >= 0) masked = mask.values[j++] !== 0;
    rest.put(from, at, masked ? 0 : value);
  }
  return rest;
}
