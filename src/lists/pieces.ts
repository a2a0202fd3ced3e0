// The ranges of all lists, cut at each of their ends: each piece of the address space belongs to one set of lists.
import type { Address } from '#model/net/address.ts';
import type { Range } from './range.ts';

/** An edge of an IPv4 range as one number below 2^42, since many lists have hundreds of thousands: address, list, and whether it opens. */
const edge4 = (at: number, list: number, opens: boolean) => (at * 256 + list) * 2 + (opens ? 1 : 0);

interface Edge<T> {
  readonly at: T;
  readonly list: number;
  readonly opens: boolean;
}

const end4 = 2 ** 32;
const end6 = 1n << 128n;

export class Pieces {
  #v4 = new Float64Array(1024);
  #count4 = 0;
  readonly #v6: Edge<bigint>[] = [];
  readonly #sets = new Map<string, number>();
  readonly #words: number[] = [0];

  add({ first, last }: Range, list: number): void {
    if (first.family === 6) {
      this.#v6.push({ at: numberOf(first), list, opens: true }, { at: numberOf(last) + 1n, list, opens: false });
      return;
    }
    if (this.#count4 + 2 > this.#v4.length) {
      const larger = new Float64Array(this.#v4.length * 2);
      larger.set(this.#v4);
      this.#v4 = larger;
    }
    this.#v4[this.#count4++] = edge4(first.w3, list, true);
    this.#v4[this.#count4++] = edge4(last.w3 + 1, list, false);
  }

  finish(): { readonly v4: Uint32Array; readonly v6: Uint32Array; readonly sets: Uint32Array } {
    const v4 = this.#cut(this.#edges4(), end4, (at) => [at]);
    const v6 = this.#cut(this.#edges6(), end6, (at) =>
      [96n, 64n, 32n, 0n].map((shift) => Number((at >> shift) & 0xffffffffn)),
    );
    return { v4, v6, sets: Uint32Array.from(this.#words) };
  }

  *#edges4(): Generator<Edge<number>> {
    const sorted = this.#v4.subarray(0, this.#count4).sort();
    for (const edge of sorted) {
      const rest = Math.floor(edge / 2);
      yield { at: Math.floor(rest / 256), list: rest % 256, opens: edge % 2 === 1 };
    }
  }

  #edges6(): readonly Edge<bigint>[] {
    return this.#v6.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  /** All starts, then all places of their sets. */
  #cut<T extends number | bigint>(edges: Iterable<Edge<T>>, end: T, wordsOf: (at: T) => number[]): Uint32Array {
    const starts: number[] = [];
    const places: number[] = [];
    /** How many ranges of each list hold the address. */
    const open = new Map<number, number>();
    const put = (at: T) => {
      const place = this.#setOf([...open.keys()].sort((a, b) => a - b));
      if (at === end || place === (places.at(-1) ?? 0)) return;
      for (const word of wordsOf(at)) starts.push(word);
      places.push(place);
    };
    let from: T | undefined;
    for (const { at, list, opens } of edges) {
      if (from !== undefined && at !== from) put(from);
      from = at;
      const count = (open.get(list) ?? 0) + (opens ? 1 : -1);
      if (count === 0) open.delete(list);
      else open.set(list, count);
    }
    if (from !== undefined) put(from);
    return Uint32Array.from(starts.concat(places));
  }

  #setOf(lists: readonly number[]): number {
    if (lists.length === 0) return 0;
    const key = lists.join();
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const place = this.#words.length;
    this.#words.push(lists.length, ...lists);
    this.#sets.set(key, place);
    return place;
  }
}

function numberOf({ family, w0, w1, w2, w3 }: Address): bigint {
  if (family === 4) return BigInt(w3);
  return (BigInt(w0) << 96n) | (BigInt(w1) << 64n) | (BigInt(w2) << 32n) | BigInt(w3);
}
