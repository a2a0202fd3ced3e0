// The lists as they are used: the bytes of the flat file, checked once, then searched where they lie.
import type { Address } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import {
  checksum,
  hashEnd,
  hashStart,
  hashStep,
  headerWords,
  type ListRow,
  lastBits,
  listMagic,
  listVersion,
  maxProbes,
} from './layout.ts';
import { type EntryKind, entryKinds } from './line.ts';

/** An entry that covers a name. */
export interface Covering {
  readonly list: number;
  /** As it stands in the list: the name asked for, or a domain that it lies in. */
  readonly entry: string;
  readonly kind: EntryKind;
}

interface Parts {
  readonly seed: number;
  readonly slots: Uint32Array;
  readonly names: Uint8Array;
  readonly v4: Uint32Array;
  readonly v6: Uint32Array;
  readonly sets: Uint32Array;
  readonly rows: readonly ListRow[];
}

/** Keeps the bytes, which must not change any more. The error is a clause: "it is damaged: …". */
export function parseLists(bytes: Uint8Array): Result<ListSet> {
  if (bytes.length < headerWords * 4 || bytes.length % 4 !== 0) return fail('it is no file of lists, or cut off');
  const whole = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.length / 4);
  const [magic, version, length, sum, seed = 0, slotCount = 0, nameBytes = 0, v4 = 0, v6 = 0, sets = 0, table = 0] =
    words;
  if (magic !== listMagic) return fail('it is no file of lists');
  if (version !== listVersion) return fail(`it has version ${version} of the format, and ${listVersion} is wanted`);
  if (length !== whole.length) return fail(`it is damaged: it should have ${length} bytes, not ${whole.length}`);
  const padded = (count: number) => Math.ceil(count / 4);
  const total = headerWords + slotCount + padded(nameBytes) + v4 + v6 + sets + padded(table);
  if (total !== words.length || slotCount === 0 || v4 % 2 !== 0 || v6 % 5 !== 0 || sets === 0) {
    return fail('it is damaged: its parts do not make the whole');
  }
  if (sum !== checksum(words.subarray(4))) return fail('it is damaged: its checksum is wrong');
  let at = headerWords;
  const part = (count: number) => {
    at += count;
    return words.subarray(at - count, at);
  };
  const slots = part(slotCount);
  const names = new Uint8Array(
    part(padded(nameBytes)).buffer,
    whole.byteOffset + (headerWords + slotCount) * 4,
    nameBytes,
  );
  const parts = { seed, slots, names, v4: part(v4), v6: part(v6), sets: part(sets) };
  const rows = readTable(new Uint8Array(whole.buffer, whole.byteOffset + at * 4, table));
  return rows === undefined ? fail('it is damaged: its table cannot be read') : ok(new ListSet({ ...parts, rows }));
}

function readTable(bytes: Uint8Array): readonly ListRow[] | undefined {
  try {
    const rows: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(rows) && rows.every((row) => typeof row?.name === 'string') ? (rows as ListRow[]) : undefined;
  } catch {
    return undefined;
  }
}

export class ListSet {
  readonly #parts: Parts;
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#numbers = new Map(parts.rows.map(({ name }, number) => [name, number]));
  }

  get rows(): readonly ListRow[] {
    return this.#parts.rows;
  }

  /** Undefined where there is no such list. */
  number(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /** Whether the list has the name: by an entry of its own or of a domain that it lies in, and no exception takes it out. */
  has(list: number, name: string): boolean {
    const { names, seed } = this.#parts;
    let found = false;
    let hash = hashStart(seed);
    let dots = 0;
    for (let at = name.length - 1; at >= 0; at--) {
      const code = name.charCodeAt(at);
      if (code >= 0x80) return false;
      hash = hashStep(hash, code);
      if (code === 0x2e) dots += 1;
      // No list has the last label alone.
      if (dots === 0 || (at !== 0 && name.charCodeAt(at - 1) !== 0x2e)) continue;
      let entry = this.#entry(name, at, hashEnd(hash));
      while (entry >= 0) {
        const bits = names[entry] as number;
        const kind = bits & lastBits.kind;
        if (names[entry + 1] === list && kind !== (at === 0 ? belowKind : exactKind)) {
          if (kind === exceptKind) return false;
          found = true;
        }
        entry = (bits & lastBits.more) === 0 ? -1 : entry + 2;
      }
    }
    return found;
  }

  /** All entries that cover the name, the longest first; with exceptions. */
  find(name: string): readonly Covering[] {
    const found: Covering[] = [];
    this.#walk(name, (list, kind, start) => found.push({ list, kind, entry: name.slice(start) }));
    return found.sort((a, b) => b.entry.length - a.entry.length);
  }

  /** Each entry that covers the name: its list, its kind, and where in the name it begins. */
  #walk(name: string, hear: (list: number, kind: EntryKind, start: number) => void): void {
    if (!asciiOnly.test(name)) return;
    const { names, seed } = this.#parts;
    let hash = hashStart(seed);
    for (let at = name.length - 1; at >= 0; at--) {
      hash = hashStep(hash, name.charCodeAt(at));
      if (at !== 0 && name.charCodeAt(at - 1) !== 0x2e) continue;
      let entry = this.#entry(name, at, hashEnd(hash));
      while (entry >= 0) {
        const bits = names[entry] as number;
        const kind = bits & lastBits.kind;
        // An entry of a name alone says nothing of what lies below, and one of what lies below nothing of the name.
        if (kind !== (at === 0 ? belowKind : exactKind))
          hear(names[entry + 1] as number, entryKinds[kind] as EntryKind, at);
        entry = (bits & lastBits.more) === 0 ? -1 : entry + 2;
      }
    }
  }

  /** Where the entries of the part of the name from `start` on stand; −1 where it has none. */
  #entry(name: string, start: number, hash: number): number {
    const { slots } = this.#parts;
    for (let probe = 0, slot = hash % slots.length; probe < maxProbes; probe++) {
      const taken = slots[slot] as number;
      if (taken === 0) return -1;
      const end = this.#endOf(taken - 1, name, start);
      if (end >= 0) return end;
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
    return -1;
  }

  /** Where the name that stands at `place` ends, if it is this one; else −1. */
  #endOf(place: number, name: string, start: number): number {
    const { names } = this.#parts;
    const length = name.length - start;
    for (let at = 0; at < length; at++) if (names[place + at] !== name.charCodeAt(start + at)) return -1;
    return ((names[place + length] ?? 0) & lastBits.entry) === 0 ? -1 : place + length;
  }

  hasAddress(list: number, address: Address): boolean {
    return this.findAddress(address).includes(list);
  }

  /** The lists that have the address. */
  findAddress(address: Address): readonly number[] {
    const { sets } = this.#parts;
    const place = address.family === 4 ? this.#place4(address.w3) : this.#place6(address);
    const count = place === 0 ? 0 : (sets[place] ?? 0);
    return count === 0 ? noLists : [...sets.subarray(place + 1, place + 1 + count)];
  }

  #place4(address: number): number {
    const { v4 } = this.#parts;
    const count = v4.length / 2;
    let low = -1;
    let high = count;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((v4[middle] as number) <= address) low = middle;
      else high = middle;
    }
    return low < 0 ? 0 : (v4[count + low] as number);
  }

  #place6(address: Address): number {
    const { v6 } = this.#parts;
    const count = v6.length / 5;
    let low = -1;
    let high = count;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (startsUpTo(v6, middle * 4, address)) low = middle;
      else high = middle;
    }
    return low < 0 ? 0 : (v6[count * 4 + low] as number);
  }

  /** How many names of the one list the other has too. */
  overlap(one: number, other: number): number {
    let both = 0;
    this.#each((_, lists) => {
      if (lists.includes(one) && lists.includes(other)) both += 1;
    });
    return both;
  }

  #each(hear: (name: string, lists: readonly number[]) => void): void {
    const { names } = this.#parts;
    let start = 0;
    const lists: number[] = [];
    for (let at = 0; at < names.length; ) {
      const byte = names[at] as number;
      if ((byte & lastBits.entry) === 0) {
        at += 1;
        continue;
      }
      const end = at;
      lists.length = 0;
      for (;;) {
        const bits = names[at] ?? 0;
        lists.push(names[at + 1] ?? 0);
        at += 2;
        if ((bits & lastBits.more) === 0) break;
      }
      hear(String.fromCharCode(...names.subarray(start, end)), lists);
      start = at;
    }
  }
}

const belowKind = entryKinds.indexOf('below');
const exactKind = entryKinds.indexOf('exact');
const exceptKind = entryKinds.indexOf('except');
const noLists: readonly number[] = [];
/** Other names are in no list, and their codes would pass for the bytes behind a name. */
const asciiOnly = /^[ -~]+$/;

function startsUpTo(v6: Uint32Array, at: number, { w0, w1, w2, w3 }: Address): boolean {
  const wanted = [w0, w1, w2, w3];
  for (let word = 0; word < 4; word++) {
    const start = v6[at + word] as number;
    if (start !== wanted[word]) return start < (wanted[word] as number);
  }
  return true;
}
