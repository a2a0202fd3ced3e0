// Builds the flat file from the entries of all lists, each name stored once.
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
import { Pieces } from './pieces.ts';
import { type ListReport, readList } from './read.ts';

const encoder = new TextEncoder();

/** Slots for each name: seven of ten are taken. */
const slotsForName = 1.4;

export class ListBuilder {
  readonly #key: HashKey;
  readonly #rows: ListRow[] = [];
  readonly #pieces = new Pieces();
  readonly #domains = new DomainHashes();
  /** Names behind each other, each with a byte for its length. */
  #names = new Uint8Array(1 << 20);
  #length = 0;
  /** By name: its hash, its place in `#names`, and the newest of its postings. */
  #hashes = new Uint32Array(1 << 16);
  #places = new Uint32Array(1 << 16);
  #newest = new Int32Array(1 << 16);
  #count = 0;
  /** Of each posting: list << 2 | kind, and the one before it of the same name. */
  #postings = new Uint32Array(1 << 16);
  #before = new Int32Array(1 << 16);
  #posted = 0;
  /** Number of a name plus 1, by hash; at most half of them are taken. */
  #slots = new Uint32Array(1 << 17);

  /** `key`: of chance, so that nobody can write a list whose names share a hash. */
  constructor([low, high]: HashKey) {
    this.#key = [low >>> 0, high >>> 0];
  }

  /** At most 256 lists; throws beyond. `off`: names and ranges that do not count, as they stand in the list. */
  add(name: string, bytes: Uint8Array, off: ReadonlySet<string> = new Set()): ListReport {
    const list = this.#rows.length;
    if (list === maxLists) throw new RangeError(`more than ${maxLists} lists`);
    const report = readList(bytes, {
      name: (one, length, kind) => {
        if (off.size === 0 || !off.has(String.fromCharCode(...one.subarray(0, length)))) {
          this.#add(one, length, list, kind);
        }
      },
      range: (range, text) => {
        if (!off.has(text)) this.#pieces.add(range, list);
      },
    });
    this.#rows.push({ name, names: report.names, addresses: report.addresses });
    return report;
  }

  #add(name: Uint8Array, length: number, list: number, kind: EntryKind): void {
    const index = this.#indexOf(name, length);
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

  #indexOf(name: Uint8Array, length: number): number {
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    this.#domains.fill(name, length, this.#key, true);
    const hash = this.#domains.hashes[0] as number;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const taken = slots[slot] as number;
      if (taken === 0) {
        const index = this.#append(name, length, hash);
        slots[slot] = index + 1;
        return index;
      }
      if (this.#hashes[taken - 1] === hash && this.#isAt(this.#places[taken - 1] as number, name, length)) {
        return taken - 1;
      }
    }
  }

  #append(name: Uint8Array, length: number, hash: number): number {
    while (this.#length + length + 1 > this.#names.length) this.#names = grown(this.#names);
    if (this.#count === this.#places.length) {
      this.#hashes = grown(this.#hashes);
      this.#places = grown(this.#places);
      this.#newest = grown(this.#newest);
    }
    this.#hashes[this.#count] = hash;
    this.#places[this.#count] = this.#length;
    this.#newest[this.#count] = -1;
    this.#names[this.#length++] = length;
    for (let at = 0; at < length; at++) this.#names[this.#length++] = name[at] as number;
    return this.#count++;
  }

  #isAt(place: number, name: Uint8Array, length: number): boolean {
    const names = this.#names;
    if (names[place] !== length) return false;
    for (let at = 0; at < length; at++) if (names[place + 1 + at] !== name[at]) return false;
    return true;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#count; index++) {
      let slot = (this.#hashes[index] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }

  /** The bytes of the flat file. */
  finish(): Uint8Array {
    const slotCount = Math.max(16, Math.ceil(this.#count * slotsForName));
    const nameBytes = this.#length - this.#count + this.#posted * 2;
    const { v4, v6, sets } = this.#pieces.finish();
    const table = encoder.encode(JSON.stringify(this.#rows));
    const words = (bytes: number) => (bytes + 3) >>> 2;
    const head = headerWords + words(slotCount) + slotCount;
    const total = head + words(nameBytes) + v4.length + v6.length + sets.length + words(table.length);
    const file = new Uint32Array(total);
    const counts = [slotCount, nameBytes, v4.length, v6.length, sets.length, table.length];
    file.set([listMagic, listVersion, total * 4, 0, ...this.#key, ...counts]);
    this.#writeNames(
      new Uint8Array(file.buffer, headerWords * 4, slotCount),
      file.subarray(headerWords + words(slotCount), head),
      new Uint8Array(file.buffer, head * 4, nameBytes),
    );
    let at = head + words(nameBytes);
    for (const part of [v4, v6, sets]) {
      file.set(part, at);
      at += part.length;
    }
    new Uint8Array(file.buffer, at * 4).set(table);
    file[3] = checksum(file.subarray(4));
    return new Uint8Array(file.buffer);
  }

  #writeNames(marks: Uint8Array, slots: Uint32Array, bytes: Uint8Array): void {
    const names = this.#names;
    let at = 0;
    for (let index = 0; index < this.#count; index++) {
      const place = this.#places[index] as number;
      const length = names[place] as number;
      const hash = this.#hashes[index] as number;
      let slot = slotOf(hash, slots.length);
      let probes = 1;
      for (; marks[slot] !== 0; probes++) slot = slot + 1 === slots.length ? 0 : slot + 1;
      // A name that no look-up finds would be one that passes in silence.
      if (probes > maxProbes) throw new Error(`${probes} names of the lists share a hash`);
      marks[slot] = markOf(hash);
      slots[slot] = at;
      for (let next = place + 1; next <= place + length; next++) bytes[at++] = names[next] as number;
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
