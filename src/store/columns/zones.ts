// Between which moments the rows of each stretch began. Rows lie in the order in which they were written, nearly that of their time,
// so that of a question about a day only that day's stretches are looked at.

const bits = 12;

export class Zones {
  #first = new Float64Array(16).fill(Number.POSITIVE_INFINITY);
  #last = new Float64Array(16).fill(Number.NEGATIVE_INFINITY);
  #count = 0;

  /** The row comes behind all that are there. */
  add(row: number, time: number): void {
    const zone = row >>> bits;
    if (zone >= this.#first.length) this.#makeRoom();
    this.#count = zone + 1;
    this.#first[zone] = Math.min(this.#first[zone] as number, time);
    this.#last[zone] = Math.max(this.#last[zone] as number, time);
  }

  #makeRoom(): void {
    const { length } = this.#first;
    const [first, last] = [this.#first, this.#last];
    this.#first = new Float64Array(length * 2).fill(Number.POSITIVE_INFINITY);
    this.#last = new Float64Array(length * 2).fill(Number.NEGATIVE_INFINITY);
    this.#first.set(first);
    this.#last.set(last);
  }

  /** From one row to before another, of `size`: all that began in this time are among these. */
  within(since: number, until: number, size: number): readonly [from: number, to: number] {
    const holds = (zone: number) => (this.#last[zone] as number) >= since && (this.#first[zone] as number) <= until;
    let [low, high] = [0, this.#count];
    while (low < high && !holds(low)) low += 1;
    while (high > low && !holds(high - 1)) high -= 1;
    return [low << bits, Math.min(size, high << bits)];
  }
}
