// From ranges to the file of a country table.
import { escapeText } from '#std/text.ts';
import type { StoredHalf } from './flat.ts';
import { checksum, geoMagic, geoVersion, numberWidth } from './layout.ts';
import type { Ranges } from './ranges.ts';
import { flatten, maskOut, Segments } from './segments.ts';
import { type GeoSource, maxSourceText } from './source.ts';
import { specialSegments } from './special.ts';
import { nextAddress } from './words.ts';

/** One source's half: countries (values of `packCountry`), or networks (AS numbers). */
export interface GeoHalf {
  readonly source: GeoSource;
  readonly v4: Ranges;
  readonly v6: Ranges;
}

export interface NetworkHalf extends GeoHalf {
  /** By AS number; text from outside. */
  readonly names: ReadonlyMap<number, string>;
}

/** UTF-8 bytes that are kept of a network's name. */
const maxName = 128;

/**
 * The bytes of `geo.bin`. Special addresses are left out; of overlapping ranges the more specific wins (segments.ts). A half
 * that another file has already is taken as it is.
 */
export function compileGeo(
  countries: GeoHalf | StoredHalf | undefined,
  networks: NetworkHalf | StoredHalf | undefined,
): Uint8Array {
  const parts: Part[] = [Uint32Array.of(geoMagic, geoVersion, 0, 0)];
  for (const half of [countries, networks]) {
    if (half === undefined) parts.push(Uint32Array.of(0));
    else if ('words' in half) parts.push(half.words);
    else putHalf(parts, half);
  }
  const length = parts.reduce((sum, part) => sum + padded(part.byteLength), 0);
  const words = new Uint32Array(length / 4);
  const bytes = new Uint8Array(words.buffer);
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += padded(part.byteLength);
  }
  words[2] = length;
  words[3] = checksum(words.subarray(4));
  return bytes;
}

type Part = Uint8Array | Uint16Array | Uint32Array;

const padded = (bytes: number) => (bytes + 3) & ~3;
const encoder = new TextEncoder();

function putHalf(parts: Part[], half: GeoHalf | NetworkHalf): void {
  parts.push(Uint32Array.of(1));
  const { name, date, licence, file } = half.source;
  for (const text of [name, date, licence, file]) {
    const bytes = cutText(text, maxSourceText);
    parts.push(Uint32Array.of(bytes.length), bytes);
  }
  const v4 = maskOut(flatten(half.v4), specialSegments(1));
  const v6 = maskOut(flatten(half.v6), specialSegments(4));
  const values = distinct(v4, v6);
  parts.push(Uint32Array.of(values.length), values);
  if ('names' in half) putNames(parts, values, half.names);
  const { wide, fine } = splitBlocks(v6);
  const numberOf = new Map([...values].map((value, index) => [value, index + 1]));
  const width = numberWidth(values.length);
  // The number of `stated` is found in the third table alone.
  numberOf.set(stated, values.length + 1);
  const number = (value: number) => numberOf.get(value) ?? 0;
  for (const table of [v4, wide, fine]) putTable(parts, table, width, number);
}

/** Ascending, without 0. */
function distinct(...tables: readonly Segments[]): Uint32Array {
  const found = new Set<number>();
  for (const { values, length } of tables)
    for (let index = 0; index < length; index++) found.add(values[index] as number);
  found.delete(0);
  found.delete(stated);
  return Uint32Array.from(found).sort();
}

function putNames(parts: Part[], values: Uint32Array, names: ReadonlyMap<number, string>): void {
  const texts = Array.from(values, (value) => cutText(names.get(value) ?? '', maxName));
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + text.length, 0));
  let end = 0;
  const ends = Uint32Array.from(texts, (text) => {
    bytes.set(text, end);
    end += text.length;
    return end;
  });
  parts.push(Uint32Array.of(end), ends, bytes);
}

function putTable(parts: Part[], table: Segments, width: 1 | 2 | 4, number: (value: number) => number): void {
  const { length, stride } = table;
  const numbers =
    width === 1 ? new Uint8Array(length) : width === 2 ? new Uint16Array(length) : new Uint32Array(length);
  for (let index = 0; index < length; index++) numbers[index] = number(table.values[index] as number);
  parts.push(Uint32Array.of(length), table.starts.subarray(0, length * stride), numbers);
}

/** Safe to print, and at most so many bytes, cut between characters. */
function cutText(text: string, limit: number): Uint8Array {
  const whole = escapeText(text.slice(0, limit));
  const bytes = new Uint8Array(limit);
  return bytes.slice(0, encoder.encodeInto(whole, bytes).written);
}

/** "Nothing known" where 0 means something else; no letters and, as RFC 7300 reserves it, no network. */
const stated = 0xffffffff;

/** IPv6 by upper halves, with the value of the first address of each block of /64, and the blocks that are not all of one value. */
function splitBlocks(segments: Segments): { readonly wide: Segments; readonly fine: Segments } {
  const { starts, values, length } = segments;
  const wide = new Segments(2, 2 * length);
  const fine = new Segments(4, 3 * length);
  const block = new Uint32Array(4);
  const next = new Uint32Array(2);
  let open = false;
  let value = 0;
  const close = () => {
    open = false;
    if (!nextAddress(block, 0, next, 2)) return;
    wide.put(next, 0, value);
    fine.put(Uint32Array.of(next[0] as number, next[1] as number, 0, 0), 0, 0);
  };
  for (let at = 0; at < length * 4; at += 4) {
    if (open && (starts[at] !== block[0] || starts[at + 1] !== block[1])) close();
    const here = values[at / 4] as number;
    if (starts[at + 2] === 0 && starts[at + 3] === 0) wide.put(starts, at, here);
    else {
      if (!open) {
        open = true;
        block.set(starts.subarray(at, at + 2));
        fine.put(block, 0, value === 0 ? stated : value);
      }
      fine.put(starts, at, here === 0 ? stated : here);
    }
    value = here;
  }
  if (open) close();
  return { wide, fine };
}
