// The country table as it is used: the bytes of `geo.bin`, checked once, then searched where they lie.
import type { Address } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { checksum, geoMagic, geoVersion, numberWidth, unpackCountry } from './layout.ts';
import { type GeoSource, maxSourceText } from './source.ts';
import { embeddedIpv4 } from './special.ts';
import { findIndex, findNumber, isAscending, type Table, tableOf } from './table.ts';

export interface GeoTable {
  /** Undefined when the table knows no countries, or no networks. */
  readonly countrySource: GeoSource | undefined;
  readonly networkSource: GeoSource | undefined;
  /** Two capital letters; undefined when it is not known, and for special addresses. */
  country(address: Address): string | undefined;
  /** The AS number, 1 to 4294967294; undefined when it is not known. */
  network(address: Address): number | undefined;
  /** What the source calls the network; undefined when it does not say. */
  networkName(number: number): string | undefined;
}

/** Where there is no table: nothing is known of any address. */
export const noGeo: GeoTable = {
  countrySource: undefined,
  networkSource: undefined,
  country: () => undefined,
  network: () => undefined,
  networkName: () => undefined,
};

/** Keeps the bytes, which must not change any more. The error is a clause about the file: "it is damaged: …". */
export function parseGeo(bytes: Uint8Array): Result<GeoTable> {
  const halves = parseHalves(bytes);
  return halves.ok ? ok(geoTable(halves.value.countries, halves.value.networks)) : halves;
}

/** One half as it stands in a file that is sound, for build.ts to put into another. */
export interface StoredHalf {
  readonly words: Uint32Array;
  readonly source: GeoSource;
}

/** The halves of the file, undefined where it has none. Errors as of `parseGeo`. */
export function parseHalves(
  bytes: Uint8Array,
): Result<{ readonly countries: Half | undefined; readonly networks: Half | undefined }> {
  if (bytes.length < 16 || bytes.length % 4 !== 0) return fail('it is no country table, or cut off');
  // What a file was read into may begin anywhere in its memory; words may not.
  const whole = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.length / 4);
  if (words[0] !== geoMagic) return fail('it is no country table');
  if (words[1] !== geoVersion) return fail(`it has version ${words[1]} of the format, and ${geoVersion} is wanted`);
  if (words[2] !== whole.length) return fail(`it is damaged: it should have ${words[2]} bytes, not ${whole.length}`);
  if (words[3] !== checksum(words.subarray(4))) return fail('it is damaged: its checksum is wrong');
  const parts = new Parts(words);
  const countries = readHalf(parts, false);
  const networks = readHalf(parts, true);
  if (parts.problem === undefined && parts.at !== words.length) parts.problem = 'it goes on after its end';
  return parts.problem === undefined ? ok({ countries, networks }) : fail(`it is damaged: ${parts.problem}`);
}

interface Half extends StoredHalf {
  readonly values: Uint32Array;
  /** Only of networks. */
  readonly nameEnds: Uint32Array;
  readonly names: Uint8Array;
  readonly v4: Table;
  readonly wide: Table;
  readonly fine: Table;
}

function geoTable(countries: Half | undefined, networks: Half | undefined): GeoTable {
  // By number, so that a look-up makes no text: 0 and the number after the last value are "nothing known".
  const codes = [undefined, ...[...(countries?.values ?? [])].map(unpackCountry)];
  return {
    countrySource: countries?.source,
    networkSource: networks?.source,
    country: (address) => (countries === undefined ? undefined : codes[numberOf(countries, address)]),
    network(address) {
      const number = networks === undefined ? 0 : numberOf(networks, address);
      return number === 0 ? undefined : networks?.values[number - 1];
    },
    networkName: (number) => (networks === undefined ? undefined : nameOf(networks, number)),
  };
}

function numberOf({ v4, wide, fine }: Half, address: Address): number {
  const { family, w0, w1, w2, w3 } = embeddedIpv4(address);
  if (family === 4) return findNumber(v4, w3, 0, 0, 0);
  return findNumber(fine, w0, w1, w2, w3) || findNumber(wide, w0, w1, 0, 0);
}

const decoder = new TextDecoder();

function nameOf({ values, nameEnds, names }: Half, number: number): string | undefined {
  const index = findIndex(values, 1, 0, values.length, number, 0, 0, 0);
  if (index < 0 || values[index] !== number) return undefined;
  const name = decoder.decode(names.subarray(index === 0 ? 0 : nameEnds[index - 1], nameEnds[index]));
  return name === '' ? undefined : name;
}

/** The parts of the file one after another; a part that does not fit is empty, and `problem` says so. */
class Parts {
  readonly #words: Uint32Array;
  at = 4;
  problem: string | undefined;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  /** All words from there to where it stands. */
  since(from: number): Uint32Array {
    return this.#words.subarray(from, this.at);
  }

  word(): number {
    return this.words(1)[0] ?? 0;
  }

  words(count: number): Uint32Array {
    if (count > this.#words.length - this.at) {
      this.problem ??= 'a part of it goes beyond its end';
      return new Uint32Array(0);
    }
    this.at += count;
    return this.#words.subarray(this.at - count, this.at);
  }

  bytes(count: number): Uint8Array {
    const words = this.words(Math.ceil(count / 4));
    return new Uint8Array(words.buffer, words.byteOffset, words.length === 0 ? 0 : count);
  }

  text(): string {
    const length = this.word();
    if (length > maxSourceText) this.problem ??= 'a text of its source is too long';
    return this.problem === undefined ? decoder.decode(this.bytes(length)) : '';
  }
}

function readHalf(parts: Parts, named: boolean): Half | undefined {
  const from = parts.at;
  const present = parts.word();
  if (present > 1) parts.problem ??= 'it does not say which halves it has';
  if (present === 0) return undefined;
  const source = { name: parts.text(), date: parts.text(), licence: parts.text(), file: parts.text() };
  const values = parts.words(parts.word());
  if (!isAscending(values, 1) || values[0] === 0) parts.problem ??= 'its values are out of order';
  if (!named && !values.every((value) => unpackCountry(value) !== undefined)) {
    parts.problem ??= 'a country in it is no two letters';
  }
  const nameBytes = named ? parts.word() : 0;
  const nameEnds = parts.words(named ? values.length : 0);
  const names = parts.bytes(nameBytes);
  if (!nameEnds.every((end, index) => end <= names.length && end >= (nameEnds[index - 1] ?? 0))) {
    parts.problem ??= 'the names in it are out of order';
  }
  const v4 = readTable(parts, 1, values.length);
  const wide = readTable(parts, 2, values.length);
  const fine = readTable(parts, 4, values.length);
  return { words: parts.since(from), source, values, nameEnds, names, v4, wide, fine };
}

function readTable(parts: Parts, stride: Table['stride'], values: number): Table {
  const count = parts.word();
  const starts = parts.words(count * stride);
  const width = numberWidth(values);
  const raw = parts.bytes(count * width);
  const { buffer, byteOffset } = raw;
  const numbers =
    width === 1
      ? raw
      : width === 2
        ? new Uint16Array(buffer, byteOffset, raw.length / 2)
        : new Uint32Array(buffer, byteOffset, raw.length / 4);
  // Only where it is finer than /64 "nothing known" has a number of its own.
  const limit = stride === 4 ? values + 1 : values;
  const fits = starts.length === numbers.length * stride && numbers.every((number: number) => number <= limit);
  if (!fits || !isAscending(starts, stride)) parts.problem ??= 'a table in it is out of order';
  return tableOf(stride, fits ? starts : new Uint32Array(0), fits ? numbers : new Uint8Array(0));
}
