// Bytes that come in pieces, in any order and more than once, put together from the first one on; what differs is told.

/** `conflict`: a piece says something else than an earlier one did; `too-long`: it goes beyond the limit. */
export type GatheringError = 'conflict' | 'too-long';

/** Holds at most twice `limit` bytes. */
export class Gathering {
  readonly #limit: number;
  #bytes = new Uint8Array(0);
  /** 1 where the byte is there. */
  #there = new Uint8Array(0);
  #length = 0;
  /** Behind the last byte that is there. */
  #reach = 0;

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many bytes follow on without a gap from the first one. */
  get length(): number {
    return this.#length;
  }

  /** These bytes; a view, which later pieces do not change. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** `offset` counts from the first byte, 0 or more. The first copy of a byte stays. After an error nothing of it is to be trusted. */
  add(offset: number, piece: Uint8Array): GatheringError | undefined {
    const end = offset + piece.length;
    if (end > this.#limit) return 'too-long';
    if (end > this.#bytes.length) this.#grow(end);
    if (offset >= this.#reach) {
      this.#bytes.set(piece, offset);
      this.#there.fill(1, offset, end);
    } else {
      const problem = this.#merge(offset, piece);
      if (problem !== undefined) return problem;
    }
    this.#reach = Math.max(this.#reach, end);
    // Mostly the next piece in order, and all of it is new.
    if (offset === this.#length && this.#reach === end) this.#length = end;
    while (this.#there[this.#length] === 1) this.#length++;
    return undefined;
  }

  #merge(offset: number, piece: Uint8Array): GatheringError | undefined {
    for (let at = 0; at < piece.length; at++) {
      const place = offset + at;
      const byte = piece[at] as number;
      if (this.#there[place] === 0) {
        this.#bytes[place] = byte;
        this.#there[place] = 1;
      } else if (this.#bytes[place] !== byte) {
        return 'conflict';
      }
    }
    return undefined;
  }

  #grow(end: number): void {
    const size = Math.min(Math.max(end, 2 * this.#bytes.length, 2048), this.#limit);
    const [bytes, there] = [new Uint8Array(size), new Uint8Array(size)];
    bytes.set(this.#bytes);
    there.set(this.#there);
    this.#bytes = bytes;
    this.#there = there;
  }
}
