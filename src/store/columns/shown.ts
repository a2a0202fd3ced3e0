// What is shown for the texts of a column where that is another text, which several may share: the domain of a name.
import type { Codes } from './codes.ts';
import type { Totals } from './loops.ts';

export class Shown {
  readonly #of: ((value: string) => string) | undefined;
  readonly #known = new Map<string, number>();
  /** For each number of the column, that of what is shown. */
  #numbers = new Uint32Array(0);
  #followed = 0;
  /** What is shown, each once. */
  values: readonly string[] = [];

  /** `of`: undefined where each text is shown as it is. */
  constructor(of: ((value: string) => string) | undefined) {
    this.#of = of;
  }

  /** Of all texts that the column has by now, which only become more. */
  follow(codes: Codes): this {
    if (this.#of === undefined) {
      this.values = codes.values;
      return this;
    }
    const values = this.values as string[];
    const { length } = codes.values;
    if (length > this.#numbers.length) {
      const more = new Uint32Array(Math.ceil(length * 1.5));
      more.set(this.#numbers);
      this.#numbers = more;
    }
    for (; this.#followed < length; this.#followed++) {
      const value = this.#of(codes.values[this.#followed] as string);
      let number = this.#known.get(value);
      if (number === undefined) {
        number = values.push(value) - 1;
        this.#known.set(value, number);
      }
      this.#numbers[this.#followed] = number;
    }
    return this;
  }

  value(code: number): string {
    return this.values[this.#of === undefined ? code : (this.#numbers[code] as number)] as string;
  }

  /** Counts by the texts of the column as counts by what is shown. */
  fold(counts: Uint32Array): Uint32Array {
    if (this.#of === undefined) return counts;
    const folded = new Uint32Array(this.values.length);
    for (let code = 0; code < counts.length; code++) {
      const number = this.#numbers[code] as number;
      folded[number] = (folded[number] as number) + (counts[code] as number);
    }
    return folded;
  }

  foldTotals(totals: Totals): Totals {
    if (this.#of === undefined) return totals;
    const width = this.values.length;
    const bytes = new Float64Array(width);
    const isCounted = new Uint8Array(width);
    const first = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
    const last = new Float64Array(width);
    for (let code = 0; code < totals.counts.length; code++) {
      if (totals.counts[code] === 0) continue;
      const number = this.#numbers[code] as number;
      bytes[number] = (bytes[number] as number) + (totals.bytes[code] as number);
      isCounted[number] = (isCounted[number] as number) | (totals.isCounted[code] as number);
      first[number] = Math.min(first[number] as number, totals.first[code] as number);
      last[number] = Math.max(last[number] as number, totals.last[code] as number);
    }
    return { counts: this.fold(totals.counts), refused: this.fold(totals.refused), bytes, isCounted, first, last };
  }
}
