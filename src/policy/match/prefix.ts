// Prefix tests and a table of prefixes, without an object made per look-up.
import type { Address, Prefix } from '#model/net/address.ts';

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

/** How many leading bits two addresses of one family share, 0–32 or 0–128. */
function commonBits(a: Address, b: Address): number {
  if (a.family === 4) return Math.clz32(a.w3 ^ b.w3);
  if (a.w0 !== b.w0) return Math.clz32(a.w0 ^ b.w0);
  if (a.w1 !== b.w1) return 32 + Math.clz32(a.w1 ^ b.w1);
  if (a.w2 !== b.w2) return 64 + Math.clz32(a.w2 ^ b.w2);
  return 96 + Math.clz32(a.w3 ^ b.w3);
}

/**
 * How many leading bits of the address settle whether the prefix holds it: those of the prefix when it does, else those up
 * to the first that differs. The family is taken as known, so an address of the other one needs none.
 */
export function prefixBits(prefix: Prefix, address: Address): number {
  if (prefix.address.family !== address.family) return 0;
  return Math.min(prefix.length, commonBits(prefix.address, address) + 1);
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

/** The address right before this one, which is not the first. */
function before({ family, w0, w1, w2, w3 }: Address): Address {
  if (w3 !== 0) return { family, w0, w1, w2, w3: w3 - 1 };
  if (w2 !== 0) return { family, w0, w1, w2: w2 - 1, w3: 0xffffffff };
  if (w1 !== 0) return { family, w0, w1: w1 - 1, w2: 0xffffffff, w3: 0xffffffff };
  return { family, w0: w0 - 1, w1: 0xffffffff, w2: 0xffffffff, w3: 0xffffffff };
}

/**
 * The prefixes of one family cut the address space into pieces; a binary search finds the piece, which knows the longest
 * prefix over it, and each prefix knows the next wider one.
 */
class FamilyTable<T> {
  /** First addresses of the pieces, word by word; IPv4 has only the last word. */
  readonly #w0: Uint32Array;
  readonly #w1: Uint32Array;
  readonly #w2: Uint32Array;
  readonly #w3: Uint32Array;
  /** For each first byte of an IPv4 address the last piece that begins at or below the first address of that byte. */
  readonly #jump = new Uint32Array(257);
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
    const word = (shift: bigint) => Uint32Array.from(starts, (start) => Number((start >> shift) & 0xffffffffn));
    this.#w0 = word(96n);
    this.#w1 = word(64n);
    this.#w2 = word(32n);
    this.#w3 = word(0n);
    if (family === 6) return;
    for (let byte = 0, at = 0; byte <= 256; byte++) {
      while (at + 1 < starts.length && (this.#w3[at + 1] as number) <= byte * 0x1000000) at++;
      this.#jump[byte] = at;
    }
  }

  find4(address: number): PrefixEntry<T> | undefined {
    return this.#owners[this.#place4(address)];
  }

  find6(address: Address): PrefixEntry<T> | undefined {
    return this.#owners[this.#place6(address)];
  }

  /** How many leading bits tell the address's piece from its neighbours: those that share them lie in it as well. */
  bits(address: Address): number {
    const place = address.family === 4 ? this.#place4(address.w3) : this.#place6(address);
    const below = place === 0 ? 0 : commonBits(address, before(this.#start(place, address.family))) + 1;
    if (place + 1 === this.#owners.length) return below;
    return Math.max(below, commonBits(address, this.#start(place + 1, address.family)) + 1);
  }

  #start(place: number, family: 4 | 6): Address {
    const word = (words: Uint32Array) => words[place] as number;
    return { family, w0: word(this.#w0), w1: word(this.#w1), w2: word(this.#w2), w3: word(this.#w3) };
  }

  #place4(address: number): number {
    const starts = this.#w3;
    const byte = address >>> 24;
    let low = this.#jump[byte] as number;
    let high = (this.#jump[byte + 1] as number) + 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) > address) high = middle;
      else low = middle;
    }
    return low;
  }

  #place6(address: Address): number {
    let low = 0;
    let high = this.#owners.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#startsAfter(middle, address)) high = middle;
      else low = middle;
    }
    return low;
  }

  #startsAfter(at: number, address: Address): boolean {
    const w0 = this.#w0[at] as number;
    if (w0 !== address.w0) return w0 > address.w0;
    const w1 = this.#w1[at] as number;
    if (w1 !== address.w1) return w1 > address.w1;
    const w2 = this.#w2[at] as number;
    if (w2 !== address.w2) return w2 > address.w2;
    return (this.#w3[at] as number) > address.w3;
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
    return address.family === 4 ? this.#four.find4(address.w3) : this.#six.find6(address);
  }

  /** How many leading bits of the address settle which of the prefixes hold it, 0–32 or 0–128. */
  bits(address: Address): number {
    return address.family === 4 ? this.#four.bits(address) : this.#six.bits(address);
  }
}
