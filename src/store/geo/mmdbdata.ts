// The data section of a MaxMind DB file: maps, texts and numbers, read strictly and only where something is wanted.
// Format: https://maxmind.github.io/MaxMind-DB/ (version 2.0), "Output Data Section".

/** The types of a value that mean something here; of the others only the size matters. */
const POINTER = 1;
const TEXT = 2;
const MAP = 7;
const ARRAY = 11;
const BOOLEAN = 14;
const unsigned: readonly number[] = [5, 6, 9];

/** Bytes of a text that are read. */
const maxText = 256;

/**
 * Values between `start` and `end` of the bytes, named by their offset in them. Nothing throws: what is wrong sets `problem`,
 * after which all is undefined. Values that are not wanted are stepped over and their pointers not followed, so that the
 * work is bounded by the bytes passed, and in all by `steps`.
 */
export class MmdbData {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  /** The first thing that was wrong. */
  problem: string | undefined;
  /** Values that may still be looked at. */
  steps: number;
  // The value that #open found: its type, its size (members of a map, elements of an array), and where its bytes begin.
  #type = 0;
  #size = 0;
  #at = 0;

  constructor(bytes: Uint8Array, start: number, end: number, steps: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.steps = steps;
  }

  /** Where the values of these keys stand in the map; −1 for a key that it does not have, and all −1 when it is no map. */
  members(offset: number, keys: readonly string[]): number[] {
    const found = keys.map(() => -1);
    if (!this.#follow(offset) || this.#type !== MAP) return found;
    let at = this.#at;
    for (let left = this.#size; left > 0 && this.problem === undefined; left--) {
      const value = this.#after(at);
      const key = this.#keyAt(at, keys);
      if (key >= 0 && found[key] === -1) found[key] = value;
      at = this.#after(value);
    }
    return found;
  }

  /** At most 256 bytes of it; undefined when it is no text. */
  text(offset: number): string | undefined {
    if (offset < 0 || !this.#follow(offset) || this.#type !== TEXT) return undefined;
    return decoder.decode(this.#bytes.subarray(this.#at, this.#at + Math.min(this.#size, maxText)));
  }

  /** Undefined when it is no unsigned number of at most 64 bits; above 2^53 it is rounded. */
  number(offset: number): number | undefined {
    if (offset < 0 || !this.#follow(offset) || !unsigned.includes(this.#type) || this.#size > 8) return undefined;
    let value = 0;
    for (let index = 0; index < this.#size; index++) value = value * 256 + (this.#bytes[this.#at + index] as number);
    return value;
  }

  #fail(problem: string): false {
    this.problem ??= problem;
    return false;
  }

  /** Opens the value there, or the one that it points to. */
  #follow(offset: number): boolean {
    if (!this.#open(offset)) return false;
    if (this.#type !== POINTER) return true;
    if (!this.#open(this.#start + this.#size)) return false;
    return this.#type !== POINTER || this.#fail('a pointer in it leads to another pointer');
  }

  /** The offset after the value, with all that is in it. */
  #after(offset: number): number {
    let at = offset;
    for (let left = 1; left > 0; left--) {
      if (!this.#open(at)) return this.#end;
      if (this.#type === MAP) left += 2 * this.#size;
      else if (this.#type === ARRAY) left += this.#size;
      at = this.#at + this.#length();
    }
    return at;
  }

  /** Bytes of the opened value itself. */
  #length(): number {
    return this.#type === MAP || this.#type === ARRAY || this.#type === BOOLEAN || this.#type === POINTER
      ? 0
      : this.#size;
  }

  /** Which of the keys stands there; −1 when it is none of them. */
  #keyAt(offset: number, keys: readonly string[]): number {
    if (!this.#follow(offset)) return -1;
    if (this.#type !== TEXT) this.#fail('a key in it is no text');
    const from = this.#at;
    const size = this.#size;
    return keys.findIndex((key) => {
      if (key.length !== size) return false;
      for (let index = 0; index < size; index++) {
        if (this.#bytes[from + index] !== key.charCodeAt(index)) return false;
      }
      return true;
    });
  }

  /** Reads the control bytes of the value; of a pointer the size is where it leads, from the start. */
  #open(offset: number): boolean {
    if (this.problem !== undefined) return false;
    if (--this.steps < 0) return this.#fail('there is more in it than anyone needs');
    const bytes = this.#bytes;
    let at = offset;
    if (at < this.#start || at >= this.#end) return this.#fail('a value in it is beyond its end');
    const control = bytes[at++] as number;
    this.#type = control >> 5;
    if (this.#type === POINTER) {
      const size = (control >> 3) & 3;
      if (at + size + 1 > this.#end) return this.#fail('a pointer in it is beyond its end');
      // Of the longest kind the three bits of the control byte do not count.
      let target = size === 3 ? 0 : control & 7;
      for (let index = 0; index <= size; index++) target = target * 256 + (bytes[at++] as number);
      this.#size = target + (size === 1 ? 2048 : size === 2 ? 526336 : 0);
      this.#at = at;
      return true;
    }
    if (this.#type === 0) {
      if (at >= this.#end) return this.#fail('a value in it is beyond its end');
      this.#type = (bytes[at++] as number) + 7;
      if (this.#type < 8 || this.#type > 15)
        return this.#fail(`a value in it has the type ${this.#type}, which there is not`);
    }
    this.#size = control & 31;
    if (this.#size >= 29) {
      const more = this.#size - 28;
      const base = [29, 285, 65821][more - 1] as number;
      if (at + more > this.#end) return this.#fail('a value in it is beyond its end');
      let size = 0;
      for (let index = 0; index < more; index++) size = size * 256 + (bytes[at++] as number);
      this.#size = base + size;
    }
    this.#at = at;
    return at + this.#length() <= this.#end || this.#fail('a value in it is beyond its end');
  }
}

const decoder = new TextDecoder();
