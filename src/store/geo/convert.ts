// An administrator's files become `geo.bin`: read whole, converted, read back, and put in place by renaming.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { compileGeo, type GeoHalf, type NetworkHalf } from '#geo/build.ts';
import { type GeoTable, parseGeo, parseHalves, type StoredHalf } from '#geo/flat.ts';
import { isGeo } from '#geo/layout.ts';
import type { GeoSource } from '#geo/source.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { writeAtomically } from '../atomicfile.ts';
import { isLibloc, parseLibloc } from './libloc.ts';
import { parseMmdb } from './mmdb.ts';

/** Bytes that a file may have. */
const maxBytes = 512 * 1024 * 1024;

/** Files in the MaxMind DB format, IPFire's location.db, or a `geo.bin` that was made before; both may be the same one. */
export interface GeoFiles {
  /** Where the countries come from; without it there are none. */
  readonly countries?: string;
  readonly networks?: string;
}

/** What was written. */
export interface GeoSummary {
  readonly bytes: number;
  readonly countrySource: GeoSource | undefined;
  readonly networkSource: GeoSource | undefined;
}

/** Writes `output` anew; on any error it stays as it was. Takes seconds and memory: for worker.ts. The error is a sentence. */
export function convertGeo(files: GeoFiles, output: string): Result<GeoSummary> {
  const countries = wantedHalf(files.countries, 'countries');
  if (!countries.ok) return countries;
  const networks = wantedHalf(files.networks, 'networks');
  if (!networks.ok) return networks;
  return writeGeo(compileGeo(countries.value, networks.value), output);
}

/** Writes a table that was made, after reading it back. */
export function writeGeo(bytes: Uint8Array, output: string): Result<GeoSummary> {
  const table = parseGeo(bytes);
  if (!table.ok) throw new Error(`a country table was made wrong: ${table.error}`);
  try {
    writeAtomically(output, bytes);
  } catch (error) {
    return fail(`The country table cannot be written: ${reason(error)}.`);
  }
  const { countrySource, networkSource } = table.value;
  return ok({ bytes: bytes.length, countrySource, networkSource });
}

/** The table in a file that was made here. The error is a sentence. */
export function loadGeo(file: string): Result<GeoTable> {
  const bytes = readBounded(file);
  if (!bytes.ok) return bytes;
  const table = parseGeo(bytes.value);
  return table.ok ? table : fail(`${escapeText(file)} cannot be used: ${table.error}. Make it anew.`);
}

interface Halves {
  readonly countries: GeoHalf | StoredHalf | undefined;
  readonly networks: NetworkHalf | StoredHalf | undefined;
}

/** What a file has. */
export interface HalvesThere {
  readonly countries: boolean;
  readonly networks: boolean;
}

/** Reads the file without converting it; one with neither half is an error, which is a sentence. For worker.ts, as `convertGeo`. */
export function halvesThere(file: string): Result<HalvesThere> {
  const halves = readHalves(file);
  if (!halves.ok) return halves;
  const there = { countries: halves.value.countries !== undefined, networks: halves.value.networks !== undefined };
  return there.countries || there.networks ? ok(there) : lacks(file, 'countries');
}

function wantedHalf<Kind extends keyof Halves>(file: string | undefined, kind: Kind): Result<Halves[Kind]> {
  if (file === undefined) return ok(undefined);
  const halves = readHalves(file);
  if (!halves.ok) return halves;
  const half = halves.value[kind];
  return half === undefined ? lacks(file, kind) : ok(half);
}

function lacks(file: string, kind: keyof Halves) {
  const what = kind === 'countries' ? 'no country' : 'no network number (AS)';
  return fail(`${escapeText(file)} cannot be used: it names ${what}. Is it the file for something else?`);
}

function readHalves(file: string): Result<Halves> {
  const bytes = readBounded(file);
  if (!bytes.ok) return bytes;
  const halves = parseHalvesOf(bytes.value, basename(file));
  return halves.ok ? halves : fail(`${escapeText(file)} cannot be used: ${halves.error}.`);
}

function parseHalvesOf(bytes: Uint8Array, name: string): Result<Halves> {
  if (isGeo(bytes)) return parseHalves(bytes);
  return isLibloc(bytes) ? parseLibloc(bytes, name) : parseMmdb(bytes, name);
}

function readBounded(file: string): Result<Uint8Array> {
  let fd: number | undefined;
  try {
    // A pipe would be waited for.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return fail(`${escapeText(file)} cannot be used: it is not a regular file.`);
    if (stat.size > maxBytes) return fail(`${escapeText(file)} cannot be used: it has more than 512 MB.`);
    return ok(readFileSync(fd));
  } catch (error) {
    return fail(`${escapeText(file)} cannot be read: ${reason(error)}.`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function reason(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error));
}
