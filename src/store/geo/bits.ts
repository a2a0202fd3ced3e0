// The prefix that a walk through a tree of address bits has come to.

/** One word for IPv4, four for IPv6; the bits below `depth` are zero. */
export class BitPath {
  readonly start: Uint32Array;
  readonly #end: Uint32Array;

  constructor(stride: 1 | 4) {
    this.start = new Uint32Array(stride);
    this.#end = new Uint32Array(stride);
  }

  /** Sets or clears the bit at this depth, 0 the highest. */
  turn(depth: number, right: boolean): void {
    const mask = 1 << (31 - (depth & 31));
    const word = this.start[depth >> 5] as number;
    this.start[depth >> 5] = right ? word | mask : word & ~mask;
  }

  /** The last address of the prefix of this length; overwritten by the next call. */
  end(depth: number): Uint32Array {
    for (let word = 0; word < this.start.length; word++) {
      const fixed = depth - word * 32;
      const free = fixed <= 0 ? 0xffffffff : fixed >= 32 ? 0 : 0xffffffff >>> fixed;
      this.#end[word] = (this.start[word] as number) | free;
    }
    return this.#end;
  }
}
