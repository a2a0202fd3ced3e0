// What ends when: a binary heap whose entries know their place, so that a deadline can be moved and taken back.

/** Belongs to at most one `Deadlines`, which alone writes `place`. */
export interface Ending {
  /** Milliseconds; changed only through `move`. */
  until: number;
  /** −1: in none. */
  place: number;
}

/** Holds exactly what was added and not yet removed. All but `next` are O(log n). */
export class Deadlines<T extends Ending> {
  readonly #heap: T[] = [];

  /** What ends first. */
  next(): T | undefined {
    return this.#heap[0];
  }

  add(entry: T): void {
    this.#up(entry, this.#heap.length);
  }

  move(entry: T, until: number): void {
    entry.until = until;
    this.#settle(entry, entry.place);
  }

  remove(entry: T): void {
    const { place } = entry;
    const last = this.#heap.pop();
    entry.place = -1;
    if (last !== undefined && last !== entry) this.#settle(last, place);
  }

  #settle(entry: T, place: number): void {
    const above = this.#heap[(place - 1) >> 1];
    if (place > 0 && above !== undefined && above.until > entry.until) this.#up(entry, place);
    else this.#down(entry, place);
  }

  #up(entry: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = this.#heap[(place - 1) >> 1] as T;
      if (above.until <= entry.until) break;
      this.#put(above, place);
      place = (place - 1) >> 1;
    }
    this.#put(entry, place);
  }

  #down(entry: T, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const below = left !== undefined && right !== undefined && right.until < left.until ? right : left;
      if (below === undefined || below.until >= entry.until) break;
      const { place: free } = below;
      this.#put(below, place);
      place = free;
    }
    this.#put(entry, place);
  }

  #put(entry: T, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}
