// So many at once, and so many in time: what goes beyond waits, or is turned away.

/** Fills up by itself; each take needs one. */
export class Bucket {
  readonly #size: number;
  readonly #everyMs: number;
  #left: number;
  #filled: number | undefined;

  /** `size` at once, and one more each `everyMs`. */
  constructor(size: number, everyMs: number) {
    this.#size = size;
    this.#everyMs = everyMs;
    this.#left = size;
  }

  /** Milliseconds until there is one, which is not taken then; 0: it was taken. */
  take(now: number): number {
    this.#filled ??= now;
    this.#left = Math.min(this.#size, this.#left + (now - this.#filled) / this.#everyMs);
    this.#filled = now;
    if (this.#left < 1) return Math.ceil((1 - this.#left) * this.#everyMs);
    this.#left -= 1;
    return 0;
  }
}
