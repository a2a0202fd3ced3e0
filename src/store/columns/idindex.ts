// Finds the row of a connection by its id: open addressing over the rows, which hold the parts of the id themselves.

/** `mb0k3-17` as its beginning and its number; undefined for what is no id. */
export function splitId(id: string): readonly [start: string, number: number] | undefined {
  const dash = id.lastIndexOf('-');
  const number = Number(id.slice(dash + 1));
  return dash > 0 && Number.isSafeInteger(number) ? [id.slice(0, dash), number] : undefined;
}

const hash = (start: number, number: number): number =>
  (Math.imul(number | 0, 0x9e3779b1) ^ Math.imul(start + 1, 0x85ebca6b)) >>> 0;

export class IdIndex {
  /** The row and 1; 0: free. */
  #slots = new Uint32Array(1024);
  #used = 0;
  readonly #partsOf: (row: number) => readonly [start: number, number: number];

  constructor(partsOf: (row: number) => readonly [start: number, number: number]) {
    this.#partsOf = partsOf;
  }

  #slotOf(start: number, number: number): number {
    const mask = this.#slots.length - 1;
    let slot = (hash(start, number) >>> 7) & mask;
    for (;;) {
      const row = this.#slots[slot] as number;
      if (row === 0) return slot;
      const [knownStart, knownNumber] = this.#partsOf(row - 1);
      if (knownStart === start && knownNumber === number) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Puts the row of this id in, and returns the one that had it. */
  replace(start: number, number: number, row: number): number | undefined {
    if (this.#used * 2 >= this.#slots.length) this.#grow();
    const slot = this.#slotOf(start, number);
    const before = this.#slots[slot] as number;
    this.#slots[slot] = row + 1;
    if (before !== 0) return before - 1;
    this.#used += 1;
    return undefined;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (const entry of old) {
      if (entry === 0) continue;
      const [start, number] = this.#partsOf(entry - 1);
      this.#slots[this.#slotOf(start, number)] = entry;
    }
  }
}
