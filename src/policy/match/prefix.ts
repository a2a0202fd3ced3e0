// Prefix tests and a table of prefixes, without an object made per look-up.
import type { Address, Prefix } from '#model/address.ts';
import { type Scope, scopePrefixes, scopes } from '#model/scope.ts';

function mask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** The same as the model's `prefixHolds`. */
export function holds(prefix: Prefix, address: Address): boolean {
  const { address: base, length } = prefix;
  if (base.family !== address.family) return false;
  if (base.family === 4) return ((base.w3 ^ address.w3) & mask(length)) === 0;
  return (
    ((base.w0 ^ address.w0) & mask(length)) === 0 &&
    ((base.w1 ^ address.w1) & mask(length - 32)) === 0 &&
    ((base.w2 ^ address.w2) & mask(length - 64)) === 0 &&
    ((base.w3 ^ address.w3) & mask(length - 96)) === 0
  );
}

/** An entry of a table: its value, and the next wider prefix that holds it. */
export interface PrefixEntry<T> {
  readonly prefix: Prefix;
  readonly value: T;
  readonly wider: PrefixEntry<T> | undefined;
}

function number(address: Address): bigint {
  if (address.family === 4) return BigInt(address.w3);
  return (BigInt(address.w0) << 96n) | (BigInt(address.w1) << 64n) | (BigInt(address.w2) << 32n) | BigInt(address.w3);
}

/**
 * The prefixes of one family cut the address space into pieces; a binary search finds the piece, which knows the longest
 * prefix over it, and each prefix knows the next wider one.
 */
class FamilyTable<T> {
  readonly #starts: readonly Uint32Array[];
  readonly #owners: (PrefixEntry<T> | undefined)[] = [];

  constructor(family: 4 | 6, items: readonly (readonly [Prefix, T])[]) {
    const bits = family === 4 ? 32 : 128;
    const sorted = items
      .map(([prefix, value]) => {
        const start = number(prefix.address);
        return { prefix, value, start, end: start + (1n << BigInt(bits - prefix.length)) };
      })
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.prefix.length - b.prefix.length));
    const starts: bigint[] = [];
    const open: { entry: PrefixEntry<T>; end: bigint }[] = [];
    const beyond = 1n << BigInt(bits);
    const cut = (at: bigint, owner: PrefixEntry<T> | undefined) => {
      if (at === beyond) return;
      if (starts.at(-1) === at) this.#owners[starts.length - 1] = owner;
      else {
        starts.push(at);
        this.#owners.push(owner);
      }
    };
    const closeUpTo = (at: bigint) => {
      for (let top = open.at(-1); top !== undefined && top.end <= at; top = open.at(-1)) {
        open.pop();
        cut(top.end, open.at(-1)?.entry);
      }
    };
    cut(0n, undefined);
    for (const { prefix, value, start, end } of sorted) {
      closeUpTo(start);
      const entry: PrefixEntry<T> = { prefix, value, wider: open.at(-1)?.entry };
      open.push({ entry, end });
      cut(start, entry);
    }
    closeUpTo(beyond);
    const words = family === 4 ? [0n] : [96n, 64n, 32n, 0n];
    this.#starts = words.map((shift) => Uint32Array.from(starts, (start) => Number((start >> shift) & 0xffffffffn)));
  }

  find(address: Address): PrefixEntry<T> | undefined {
    let low = 0;
    let high = this.#owners.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#startsAfter(middle, address)) high = middle;
      else low = middle;
    }
    return this.#owners[low];
  }

  #startsAfter(at: number, address: Address): boolean {
    const [w0, w1, w2, w3] = this.#starts;
    if (w1 === undefined || w2 === undefined || w3 === undefined) return (w0?.[at] ?? 0) > address.w3;
    const a = w0?.[at] ?? 0;
    if (a !== address.w0) return a > address.w0;
    const b = w1[at] ?? 0;
    if (b !== address.w1) return b > address.w1;
    const c = w2[at] ?? 0;
    if (c !== address.w2) return c > address.w2;
    return (w3[at] ?? 0) > address.w3;
  }
}

export class PrefixTable<T> {
  readonly #four: FamilyTable<T>;
  readonly #six: FamilyTable<T>;

  /** Each prefix at most once. */
  constructor(items: readonly (readonly [Prefix, T])[]) {
    this.#four = new FamilyTable(
      4,
      items.filter(([prefix]) => prefix.address.family === 4),
    );
    this.#six = new FamilyTable(
      6,
      items.filter(([prefix]) => prefix.address.family === 6),
    );
  }

  /** The longest prefix that holds the address; follow `wider` for the others. */
  find(address: Address): PrefixEntry<T> | undefined {
    return address.family === 4 ? this.#four.find(address) : this.#six.find(address);
  }
}

const scopeTable = new PrefixTable<number>(
  Object.entries(scopePrefixes).flatMap(([name, prefixes]) =>
    prefixes.map((prefix): readonly [Prefix, number] => [prefix, scopes.indexOf(name as Scope)]),
  ),
);

const internet = scopes.indexOf('internet');

/** The place of the address's scope in the model's list of scopes. */
export function scopeIndex(address: Address): number {
  return scopeTable.find(address)?.value ?? internet;
}
