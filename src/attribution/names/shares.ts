// Bounded room that many askers share: when it is full, what leaves is of whoever has most, so that a flood only washes away its own.

export interface ShareLimits {
  /** Items in all. */
  readonly total: number;
  /** Items of one owner. */
  readonly perOwner: number;
  /** Items of no known owner, which are everybody's: no other owner takes their room. Below `total`. */
  readonly unowned: number;
}

type Owner = string | undefined;

/** Items by their owner, least recently added or renewed first. All operations are O(1). */
export class Shares<T> {
  readonly #limits: ShareLimits;
  readonly #items = new Map<Owner, Set<T>>();
  /** Known owners by how many items they have, in the order in which they came to have as many. */
  readonly #byCount: (Set<string> | undefined)[] = [];
  #most = 0;
  #size = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  of(owner: Owner): ReadonlySet<T> {
    return this.#items.get(owner) ?? nothing;
  }

  /** Adds what is not in it yet. Returns what had to leave for it: of the owner itself, or of the one that has most. */
  add(owner: Owner, item: T): T | undefined {
    const left = this.#makeRoom(owner);
    const items = this.#items.get(owner) ?? new Set<T>();
    this.#items.set(owner, items);
    items.add(item);
    this.#size += 1;
    this.#counted(owner, items.size - 1, items.size);
    return left;
  }

  /** The item is the owner's newest again. */
  renew(owner: Owner, item: T): void {
    const items = this.#items.get(owner);
    if (items?.delete(item)) items.add(item);
  }

  remove(owner: Owner, item: T): void {
    const items = this.#items.get(owner);
    if (items === undefined || !items.delete(item)) return;
    this.#size -= 1;
    if (items.size === 0) this.#items.delete(owner);
    this.#counted(owner, items.size + 1, items.size);
  }

  #makeRoom(owner: Owner): T | undefined {
    const { total, perOwner, unowned } = this.#limits;
    const full = this.of(owner).size >= (owner === undefined ? unowned : perOwner);
    if (!full && this.#size < total) return undefined;
    const victim = full ? owner : first(this.#byCount[this.#most]);
    const oldest = first(this.of(victim));
    if (oldest !== undefined) this.remove(victim, oldest);
    return oldest;
  }

  #counted(owner: Owner, before: number, after: number): void {
    if (owner === undefined) return;
    this.#byCount[before]?.delete(owner);
    if (after > 0) {
      this.#byCount[after] ??= new Set();
      this.#byCount[after]?.add(owner);
    }
    // Counts change by one, so that the next lower is somebody's when the highest is nobody's any more.
    if (after > this.#most) this.#most = after;
    else if (before === this.#most && this.#byCount[before]?.size === 0) this.#most = after;
  }
}

const nothing: ReadonlySet<never> = new Set();

function first<T>(items: ReadonlySet<T> | undefined): T | undefined {
  return items?.values().next().value;
}
