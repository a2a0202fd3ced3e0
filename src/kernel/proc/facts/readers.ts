// Whose turn it is to have a file read: users take turns, and large files use one place of two, so that neither many files
// of one user nor a file of gigabytes keeps others waiting.

export interface Reading {
  readonly uid: number;
  /** Bytes. */
  readonly size: number;
}

const places = 2;
const large = 64 * 1024 * 1024;

export class ReadingTurns<T extends Reading> {
  readonly #lines = new Map<number, T[]>();
  #reading = 0;
  #readingLarge = 0;

  add(item: T): void {
    const line = this.#lines.get(item.uid);
    if (line === undefined) this.#lines.set(item.uid, [item]);
    else line.push(item);
  }

  /** The file to read now, until `finished`; undefined when none waits or all places are taken. */
  next(): T | undefined {
    if (this.#reading >= places) return undefined;
    for (const [uid, line] of this.#lines) {
      const at = this.#readingLarge > 0 ? line.findIndex(({ size }) => size <= large) : 0;
      if (at < 0) continue;
      const [item] = line.splice(at, 1) as [T];
      this.#lines.delete(uid);
      if (line.length > 0) this.#lines.set(uid, line);
      this.#reading += 1;
      if (item.size > large) this.#readingLarge += 1;
      return item;
    }
    return undefined;
  }

  finished({ size }: Pick<Reading, 'size'>): void {
    this.#reading -= 1;
    if (size > large) this.#readingLarge -= 1;
  }
}
