// What can be asked about each connection of the journal, column by column in memory, so that a million are counted in a few
// milliseconds whatever is asked. It follows the journal: rows come behind, a changed one takes a new place, and some leave.
import type { FieldName } from '#model/query/fields.ts';
import { Codes } from './codes.ts';
import { IdIndex, splitId } from './idindex.ts';
import { Zones } from './zones.ts';

/** `domain` is no column: it follows from the name. */
export const storedFields = [
  ...(['app', 'verdict', 'user', 'name', 'address', 'port', 'proto', 'direction'] as const),
  ...(['country', 'as', 'rule', 'by', 'path', 'enforced', 'own'] as const),
] as const satisfies readonly FieldName[];
export type StoredField = (typeof storedFields)[number];

export interface Row extends Readonly<Record<StoredField, string>> {
  readonly sequence: number;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** NaN where nothing was counted. */
  readonly bytes: number;
}

const firstRoom = 4096;

export class Columns {
  #fields: Record<StoredField, Codes>;
  #starts = new Codes();
  #numbers = new Float64Array(firstRoom);
  #ids = this.#newIndex();
  /** Rows of all columns, those that are gone with them. Sequences only grow. */
  size = 0;
  #gone = 0;
  sequences = new Float64Array(firstRoom);
  times = new Float64Array(firstRoom);
  bytes = new Float64Array(firstRoom);
  zones = new Zones();
  /** 1 where the row is still there. */
  alive = new Uint8Array(firstRoom);

  constructor() {
    const fields = storedFields.map((name) => [name, new Codes()] as const);
    this.#fields = Object.fromEntries(fields) as Record<StoredField, Codes>;
    for (const codes of [...Object.values(this.#fields), this.#starts]) codes.resize(firstRoom);
  }

  #newIndex(): IdIndex {
    return new IdIndex((row) => [this.#starts.rows[row] as number, this.#numbers[row] as number]);
  }

  codes(field: StoredField): Codes {
    return this.#fields[field];
  }

  get last(): number {
    return this.size === 0 ? 0 : (this.sequences[this.size - 1] as number);
  }

  /** Rows that are there. */
  get count(): number {
    return this.size - this.#gone;
  }

  /** `row` comes after all that are there. */
  add(row: Row): void {
    const parts = splitId(row.id);
    if (parts === undefined) return;
    if (this.size === this.times.length) this.#makeRoom();
    const at = this.size;
    this.size += 1;
    for (const field of storedFields) this.#fields[field].put(at, row[field]);
    this.sequences[at] = row.sequence;
    this.times[at] = row.time;
    this.zones.add(at, row.time);
    this.bytes[at] = row.bytes;
    this.alive[at] = 1;
    const [start, number] = parts;
    this.#starts.put(at, start);
    this.#numbers[at] = number;
    const before = this.#ids.replace(this.#starts.rows[at] as number, number, at);
    if (before !== undefined) this.#kill(before);
  }

  /** The row of this place left the journal. */
  forget(sequence: number): void {
    const at = this.firstFrom(sequence);
    if (at < this.size && this.sequences[at] === sequence) this.#kill(at);
  }

  #kill(row: number): void {
    if (this.alive[row] === 0) return;
    this.alive[row] = 0;
    for (const field of storedFields) this.#fields[field].drop(row);
    this.#gone += 1;
  }

  /** The first row at or behind a place. */
  firstFrom(sequence: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sequences[middle] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Half as much again as there is, in the place of what is gone too. */
  #makeRoom(): void {
    const kept = new Uint32Array(this.count);
    let next = 0;
    for (let row = 0; row < this.size; row++) if (this.alive[row] === 1) kept[next++] = row;
    const room = Math.max(firstRoom, Math.ceil(kept.length * 1.5));
    const pick = (from: Float64Array<ArrayBuffer>) => {
      const made = new Float64Array(room);
      for (let at = 0; at < kept.length; at++) made[at] = from[kept[at] as number] as number;
      return made;
    };
    for (const field of storedFields) this.#fields[field] = this.#fields[field].keep(kept, room);
    this.#starts = this.#starts.keep(kept, room);
    this.#numbers = pick(this.#numbers);
    this.sequences = pick(this.sequences);
    this.times = pick(this.times);
    this.bytes = pick(this.bytes);
    this.alive = new Uint8Array(room).fill(1, 0, kept.length);
    this.size = kept.length;
    this.#gone = 0;
    this.#ids = this.#newIndex();
    this.zones = new Zones();
    for (let row = 0; row < this.size; row++) {
      this.zones.add(row, this.times[row] as number);
      this.#ids.replace(this.#starts.rows[row] as number, this.#numbers[row] as number, row);
    }
  }
}
