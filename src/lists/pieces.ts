// The ranges of all lists, cut at each of their ends: each piece of the address space belongs to one set of lists.
import type { Address } from '#model/net/address.ts';
import type { Range } from './range.ts';

interface Edge {
  readonly at: bigint;
  readonly list: number;
  readonly opens: boolean;
}

const end4 = 1n << 32n;
const end6 = 1n << 128n;

export class Pieces {
  readonly #v4: Edge[] = [];
  readonly #v6: Edge[] = [];
  readonly #sets = new Map<string, number>();
  readonly #words: number[] = [0];

  add({ first, last }: Range, list: number): void {
    const edges = first.family === 4 ? this.#v4 : this.#v6;
    edges.push({ at: numberOf(first), list, opens: true }, { at: numberOf(last) + 1n, list, opens: false });
  }

  finish(): { readonly v4: Uint32Array; readonly v6: Uint32Array; readonly sets: Uint32Array } {
    const v4 = this.#cut(this.#v4, end4, (at) => [Number(at)]);
    const v6 = this.#cut(this.#v6, end6, (at) =>
      [96n, 64n, 32n, 0n].map((shift) => Number((at >> shift) & 0xffffffffn)),
    );
    return { v4, v6, sets: Uint32Array.from(this.#words) };
  }

  /** All starts, then all places of their sets. */
  #cut(edges: Edge[], end: bigint, wordsOf: (at: bigint) => number[]): Uint32Array {
    edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const starts: number[] = [];
    const places: number[] = [];
    const open = new Map<number, number>();
    for (let index = 0; index < edges.length; ) {
      const { at } = edges[index] as Edge;
      for (; edges[index]?.at === at; index++) {
        const { list, opens } = edges[index] as Edge;
        const count = (open.get(list) ?? 0) + (opens ? 1 : -1);
        if (count === 0) open.delete(list);
        else open.set(list, count);
      }
      const place = this.#setOf([...open.keys()].sort((a, b) => a - b));
      if (at === end || place === places.at(-1)) continue;
      starts.push(...wordsOf(at));
      places.push(place);
    }
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
