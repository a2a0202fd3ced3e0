// Ranges of addresses with a value each, as a source has them: in any order, one within another, many.
import { compareWords, nextAddress } from './words.ts';

const firstCapacity = 16;

/** More than any source has: GeoIP2 City has seven million networks. */
const maxRanges = 1 << 24;

/** A value is a country's two letters or an AS number, as layout.ts has them; 0 is "nothing known", and 0xffffffff none (RFC 7300). */
export class Ranges {
  /** Words of an address: 1 for IPv4, 4 for IPv6. */
  readonly stride: 1 | 4;
  starts: Uint32Array;
  /** The last address, itself within. */
  ends: Uint32Array;
  values: Uint32Array;
  length = 0;
  /** Ranges that were not taken: backwards ones, those of no value, and what is beyond the bound. */
  refused = 0;
  readonly #next = new Uint32Array(4);

  constructor(stride: 1 | 4) {
    this.stride = stride;
    this.starts = new Uint32Array(firstCapacity * stride);
    this.ends = new Uint32Array(firstCapacity * stride);
    this.values = new Uint32Array(firstCapacity);
  }

  /** From the first to the last address, each `stride` words of its array. */
  add(start: Uint32Array, end: Uint32Array, value: number): void {
    const { stride, length } = this;
    if (value === 0xffffffff || length >= maxRanges || compareWords(start, 0, end, 0, stride) > 0) {
      this.refused += 1;
      return;
    }
    if (length === this.values.length) this.#grow();
    for (let word = 0; word < stride; word++) {
      this.starts[length * stride + word] = start[word] as number;
      this.ends[length * stride + word] = end[word] as number;
    }
    this.values[length] = value;
    this.length = length + 1;
  }

  /** As `add`, for a source whose ranges never overlap: what goes on where the last one ended, with the same value, becomes a part of it. */
  append(start: Uint32Array, end: Uint32Array, value: number): void {
    const { stride } = this;
    const last = this.length - 1;
    if (
      last >= 0 &&
      this.values[last] === value &&
      nextAddress(this.ends, last * stride, this.#next, stride) &&
      compareWords(this.#next, 0, start, 0, stride) === 0 &&
      compareWords(start, 0, end, 0, stride) <= 0
    ) {
      for (let word = 0; word < stride; word++) this.ends[last * stride + word] = end[word] as number;
    } else this.add(start, end, value);
  }

  #grow(): void {
    const larger = (old: Uint32Array) => {
      const grown = new Uint32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.starts = larger(this.starts);
    this.ends = larger(this.ends);
    this.values = larger(this.values);
  }
}
