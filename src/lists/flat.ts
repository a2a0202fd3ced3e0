// The lists as they are used: the bytes of the flat file, checked once, then searched where they lie.
import type { Address } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { DomainHashes, type HashKey } from './hash.ts';
import {
  checksum,
  headerWords,
  type ListRow,
  lastBits,
  listMagic,
  listVersion,
  markOf,
  maxLists,
  maxProbes,
  slotOf,
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
  readonly key: HashKey;
  readonly marks: Uint8Array;
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
  const [magic, version, length, sum, low = 0, high = 0] = words;
  const [slotCount = 0, nameBytes = 0, v4 = 0, v6 = 0, sets = 0, table = 0] = words.subarray(6, headerWords);
  if (magic !== listMagic) return fail('it is no file of lists');
  if (version !== listVersion) return fail(`it has version ${version} of the format, and ${listVersion} is wanted`);
  if (length !== whole.length) return fail(`it is damaged: it should have ${length} bytes, not ${whole.length}`);
  const padded = (count: number) => Math.ceil(count / 4);
  const total = headerWords + padded(slotCount) + slotCount + padded(nameBytes) + v4 + v6 + sets + padded(table);
  if (total !== words.length || slotCount === 0 || v4 % 2 !== 0 || v6 % 5 !== 0 || sets === 0) {
    return fail('it is damaged: its parts do not make the whole');
  }
  if (sum !== checksum(words.subarray(4))) return fail('it is damaged: its checksum is wrong');
  let at = headerWords;
  const part = (count: number) => {
    at += count;
    return words.subarray(at - count, at);
  };
  const bytesOf = (count: number) => new Uint8Array(whole.buffer, part(padded(count)).byteOffset, count);
  const marks = bytesOf(slotCount);
  const slots = part(slotCount);
  const names = bytesOf(nameBytes);
  const parts = { key: [low, high] as const, marks, slots, names, v4: part(v4), v6: part(v6), sets: part(sets) };
  const rows = readTable(bytesOf(table));
  return rows === undefined ? fail('it is damaged: its table cannot be read') : ok(new ListSet({ ...parts, rows }));
}

function readTable(bytes: Uint8Array): readonly ListRow[] | undefined {
  try {
    const rows: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(rows) && rows.length <= maxLists && rows.every(isRow) ? rows : undefined;
  } catch {
    return undefined;
  }
}

function isRow(row: unknown): row is ListRow {
  if (typeof row !== 'object' || row === null) return false;
  const { name, names, addresses } = row as Partial<Record<keyof ListRow, unknown>>;
  return typeof name === 'string' && Number.isInteger(names) && Number.isInteger(addresses);
}

export class ListSet {
  readonly #parts: Parts;
  readonly #numbers: ReadonlyMap<string, number>;
  /** Of one look-up: the name, or the end of one that is too long for any list, and its domains. */
  readonly #asked = new Uint8Array(256);
  #askedLength = 0;
  readonly #domains = new DomainHashes();

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

  /** Whether the list has the name (lower case): by an entry of its own or of a domain that it lies in, and no exception takes it out. */
  has(list: number, name: string): boolean {
    const { names } = this.#parts;
    const { starts, hashes } = this.#domains;
    let found = false;
    this.#ask(name);
    for (let domain = 0; domain < this.#domains.count; domain++) {
      const start = starts[domain] as number;
      let entry = this.#entry(start, hashes[domain] as number);
      while (entry >= 0) {
        const bits = names[entry] as number;
        const kind = bits & lastBits.kind;
        // An entry of a name alone says nothing of what lies below, and one of what lies below nothing of the name.
        if (names[entry + 1] === list && kind !== (start === 0 ? belowKind : exactKind)) {
          if (kind === exceptKind) return false;
          found = true;
        }
        entry = (bits & lastBits.more) === 0 ? -1 : entry + 2;
      }
    }
    return found;
  }

  /** All entries that cover the name (lower case), the longest first; with exceptions. */
  find(name: string): readonly Covering[] {
    const { names } = this.#parts;
    const { starts, hashes } = this.#domains;
    const found: Covering[] = [];
    this.#ask(name);
    for (let domain = this.#domains.count - 1; domain >= 0; domain--) {
      const start = starts[domain] as number;
      let entry = this.#entry(start, hashes[domain] as number);
      while (entry >= 0) {
        const bits = names[entry] as number;
        const kind = bits & lastBits.kind;
        if (kind !== (start === 0 ? belowKind : exactKind)) {
          const text = name.slice(name.length - this.#askedLength + start);
          found.push({ list: names[entry + 1] as number, kind: entryKinds[kind] as EntryKind, entry: text });
        }
        entry = (bits & lastBits.more) === 0 ? -1 : entry + 2;
      }
    }
    return found;
  }

  /** Other names than ASCII are in no list, and their codes would pass for the bytes behind a name: they have no domains. */
  #ask(name: string): void {
    const asked = this.#asked;
    const length = Math.min(name.length, asked.length);
    const offset = name.length - length;
    let seen = 0;
    for (let at = 0; at < length; at++) {
      const code = name.charCodeAt(offset + at);
      seen |= code;
      asked[at] = code;
    }
    this.#askedLength = length;
    this.#domains.fill(asked, seen < 0x80 ? length : 0, this.#parts.key);
  }

  /** Where the entries of the part of the asked name from `start` on stand; −1 where it has none. */
  #entry(start: number, hash: number): number {
    const { marks, slots } = this.#parts;
    const mark = markOf(hash);
    for (let probe = 0, slot = slotOf(hash, slots.length); probe < maxProbes; probe++) {
      const taken = marks[slot];
      if (taken === 0) return -1;
      if (taken === mark) {
        const end = this.#endOf(slots[slot] as number, start);
        if (end >= 0) return end;
      }
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
    return -1;
  }

  /** Where the name that stands at `place` ends, if it is the asked one from `start` on; else −1. */
  #endOf(place: number, start: number): number {
    const { names } = this.#parts;
    const asked = this.#asked;
    const length = this.#askedLength - start;
    for (let at = 0; at < length; at++) if (names[place + at] !== asked[start + at]) return -1;
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

  /** How many names two lists have both, for each pair: at `one * rows + other`. Reads all names: about 100 ms a million. */
  overlaps(): Uint32Array {
    const { names, rows } = this.#parts;
    const both = new Uint32Array(rows.length * rows.length);
    const here: number[] = [];
    for (let at = 0; at < names.length; ) {
      here.length = 0;
      let more = ((names[at] as number) & lastBits.entry) !== 0;
      at += more ? 0 : 1;
      while (more) {
        const list = names[at + 1] as number;
        if (list < rows.length && !here.includes(list)) here.push(list);
        more = ((names[at] ?? 0) & lastBits.more) !== 0;
        at += 2;
      }
      if (here.length < 2) continue;
      for (const one of here) for (const other of here) (both[one * rows.length + other] as number) += 1;
    }
    return both;
  }
}

const belowKind = entryKinds.indexOf('below');
const exactKind = entryKinds.indexOf('exact');
const exceptKind = entryKinds.indexOf('except');
const noLists: readonly number[] = [];

function startsUpTo(v6: Uint32Array, at: number, { w0, w1, w2, w3 }: Address): boolean {
  const wanted = [w0, w1, w2, w3];
  for (let word = 0; word < 4; word++) {
    const start = v6[at + word] as number;
    if (start !== wanted[word]) return start < (wanted[word] as number);
  }
  return true;
}
