// Builds the flat file from the entries of all lists, each name stored once.
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
  maxLists,
} from './layout.ts';
import { type EntryKind, entryKinds } from './line.ts';
import { Pieces } from './pieces.ts';
import { type ListReport, readList } from './read.ts';

const encoder = new TextEncoder();

export class ListBuilder {
  readonly #seed: number;
  readonly #rows: ListRow[] = [];
  readonly #pieces = new Pieces();
  /** Names behind each other, each with a byte for its length. */
  #names = new Uint8Array(1 << 20);
  #length = 0;
  /** By name: its place in `#names`, and the newest of its postings. */
  #places = new Uint32Array(1 << 16);
  #newest = new Int32Array(1 << 16);
  #count = 0;
  /** Of each posting: list << 2 | kind, and the one before it of the same name. */
  #postings = new Uint32Array(1 << 16);
  #before = new Int32Array(1 << 16);
  #posted = 0;
  /** Place of a name plus 1, by hash. */
  #slots = new Uint32Array(1 << 17);

  /** `seed`: a number of chance, so that nobody can write a list whose names share a hash. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /** At most 256 lists; throws beyond. `off`: names that do not count, as they stand in the list. */
  add(name: string, bytes: Uint8Array, off: ReadonlySet<string> = new Set()): ListReport {
    const list = this.#rows.length;
    if (list === maxLists) throw new RangeError(`more than ${maxLists} lists`);
    const report = readList(bytes, {
      name: (one, kind) => {
        if (off.size === 0 || !off.has(one)) this.#add(one, list, kind);
      },
      range: (range) => this.#pieces.add(range, list),
    });
    this.#rows.push({ name, names: report.names, addresses: report.addresses });
    return report;
  }

  #add(name: string, list: number, kind: EntryKind): void {
    const index = this.#indexOf(name);
    const value = (list << 2) | entryKinds.indexOf(kind);
    const newest = this.#newest[index] as number;
    for (let at = newest; at >= 0; at = this.#before[at] as number) if (this.#postings[at] === value) return;
    if (this.#posted === this.#postings.length) {
      this.#postings = grown(this.#postings);
      this.#before = grown(this.#before);
    }
    this.#postings[this.#posted] = value;
    this.#before[this.#posted] = newest;
    this.#newest[index] = this.#posted++;
  }

  #indexOf(name: string): number {
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hash = hashStart(this.#seed);
    for (let at = name.length - 1; at >= 0; at--) hash = hashStep(hash, name.charCodeAt(at));
    for (let slot = hashEnd(hash) & mask; ; slot = (slot + 1) & mask) {
      const taken = slots[slot] as number;
      if (taken === 0) {
        const index = this.#append(name);
        slots[slot] = index + 1;
        return index;
      }
      if (this.#isAt(this.#places[taken - 1] as number, name)) return taken - 1;
    }
  }

  #append(name: string): number {
    while (this.#length + name.length + 1 > this.#names.length) this.#names = grown(this.#names);
    if (this.#count === this.#places.length) {
      this.#places = grown(this.#places);
      this.#newest = grown(this.#newest);
    }
    this.#places[this.#count] = this.#length;
    this.#newest[this.#count] = -1;
    this.#names[this.#length++] = name.length;
    for (let at = 0; at < name.length; at++) this.#names[this.#length++] = name.charCodeAt(at);
    return this.#count++;
  }

  #isAt(place: number, name: string): boolean {
    const names = this.#names;
    if (names[place] !== name.length) return false;
    for (let at = 0; at < name.length; at++) if (names[place + 1 + at] !== name.charCodeAt(at)) return false;
    return true;
  }

  #hashAt(place: number): number {
    const names = this.#names;
    let hash = hashStart(this.#seed);
    for (let at = place + (names[place] as number); at > place; at--) hash = hashStep(hash, names[at] as number);
    return hashEnd(hash);
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#count; index++) {
      let slot = this.#hashAt(this.#places[index] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }

  /** The bytes of the flat file. */
  finish(): Uint8Array {
    const slotCount = Math.max(16, Math.ceil(this.#count * 1.4));
    const nameBytes = this.#length - this.#count + this.#posted * 2;
    const { v4, v6, sets } = this.#pieces.finish();
    const table = encoder.encode(JSON.stringify(this.#rows));
    const words = (bytes: number) => (bytes + 3) >>> 2;
    const total =
      headerWords + slotCount + words(nameBytes) + v4.length + v6.length + sets.length + words(table.length);
    const file = new Uint32Array(total);
    file.set([
      listMagic,
      listVersion,
      total * 4,
      0,
      this.#seed,
      slotCount,
      nameBytes,
      v4.length,
      v6.length,
      sets.length,
      table.length,
    ]);
    let at = headerWords + slotCount;
    this.#writeNames(file.subarray(headerWords, at), new Uint8Array(file.buffer, at * 4, nameBytes));
    at += words(nameBytes);
    for (const part of [v4, v6, sets]) {
      file.set(part, at);
      at += part.length;
    }
    new Uint8Array(file.buffer, at * 4).set(table);
    file[3] = checksum(file.subarray(4));
    return new Uint8Array(file.buffer);
  }

  #writeNames(slots: Uint32Array, bytes: Uint8Array): void {
    let at = 0;
    for (let index = 0; index < this.#count; index++) {
      const place = this.#places[index] as number;
      const length = this.#names[place] as number;
      let slot = this.#hashAt(place) % slots.length;
      while (slots[slot] !== 0) slot = slot + 1 === slots.length ? 0 : slot + 1;
      slots[slot] = at + 1;
      bytes.set(this.#names.subarray(place + 1, place + 1 + length), at);
      at += length;
      for (let posting = this.#newest[index] as number; posting >= 0; ) {
        const value = this.#postings[posting] as number;
        posting = this.#before[posting] as number;
        bytes[at++] = lastBits.entry | (posting >= 0 ? lastBits.more : 0) | (value & lastBits.kind);
        bytes[at++] = value >>> 2;
      }
    }
  }
}

function grown<T extends Uint8Array | Uint32Array | Int32Array>(old: T): T {
  const larger = new (old.constructor as new (length: number) => T)(old.length * 2);
  larger.set(old);
  return larger;
}
