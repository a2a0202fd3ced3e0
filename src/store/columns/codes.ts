// One column of texts as small numbers: each text once, for each row which of them it is, and how many rows have each.

import type { Numbers } from './loops.ts';

export class Codes {
  readonly values: string[] = [];
  readonly #codes = new Map<string, number>();
  rows: Numbers = new Uint8Array(0);
  /** Of each text, the rows that have it and are there; as many as there are texts, and room. */
  times = new Uint32Array(16);

  /** The number of a text, which gets one where it has none. */
  codeOf(value: string): number {
    const known = this.#codes.get(value);
    if (known !== undefined) return known;
    const code = this.values.length;
    this.values.push(value);
    this.#codes.set(value, code);
    if (code === this.times.length) {
      const more = new Uint32Array(code * 2);
      more.set(this.times);
      this.times = more;
    }
    if (code === 0x100) this.rows = Uint16Array.from(this.rows);
    else if (code === 0x10000) this.rows = Uint32Array.from(this.rows);
    return code;
  }

  /** Within what `resize` made room for. */
  put(row: number, value: string): void {
    const code = this.codeOf(value);
    this.rows[row] = code;
    this.times[code] = (this.times[code] as number) + 1;
  }

  /** The row is there no more. */
  drop(row: number): void {
    const code = this.rows[row] as number;
    this.times[code] = (this.times[code] as number) - 1;
  }

  resize(capacity: number): void {
    const { rows } = this;
    const size = rows.BYTES_PER_ELEMENT;
    const larger =
      size === 1 ? new Uint8Array(capacity) : size === 2 ? new Uint16Array(capacity) : new Uint32Array(capacity);
    larger.set(rows.subarray(0, Math.min(rows.length, capacity)));
    this.rows = larger;
  }

  /** For each text, whether the test holds: 1 or 0. Of texts that no row has it is not asked. */
  mask(test: (value: string, code: number) => boolean): Uint8Array {
    const mask = new Uint8Array(this.values.length);
    for (let code = 0; code < mask.length; code++) {
      mask[code] = this.times[code] !== 0 && test(this.values[code] as string, code) ? 1 : 0;
    }
    return mask;
  }

  /** Only these rows, in this order, with room for more; texts that none of them has are forgotten. */
  keep(kept: Uint32Array, capacity: number): Codes {
    const made = new Codes();
    made.resize(capacity);
    const moved = new Int32Array(this.values.length).fill(-1);
    for (let at = 0; at < kept.length; at++) {
      const old = this.rows[kept[at] as number] as number;
      let code = moved[old] as number;
      if (code === -1) {
        code = made.codeOf(this.values[old] as string);
        moved[old] = code;
      }
      made.rows[at] = code;
      made.times[code] = (made.times[code] as number) + 1;
    }
    return made;
  }
}
