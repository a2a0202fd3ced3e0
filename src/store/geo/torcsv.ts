// The country files of Debian's tor-geoipdb: lines of first address, last address, country; made from IPFire's location database.
import { isCountryCode } from '#geo/countries.ts';
import { packCountry } from '#geo/layout.ts';
import type { Ranges } from '#geo/ranges.ts';
import { dayOf, type GeoSource } from '#geo/source.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { Collected, type SourceHalves } from './halves.ts';

/** Bytes of a line; the longest that can be right has 82. */
const maxLine = 256;

/** Of `geoip`, whose addresses are numbers, and `geoip6`, whose addresses are written out. The error names file and line. */
export function parseTorCsv(geoip: Uint8Array, geoip6: Uint8Array): Result<SourceHalves> {
  const found = new Collected();
  const { v4, v6 } = found.countries;
  const notes = { generated: '', vendor: '', licence: '' };
  const problem =
    readLines(geoip, 'geoip', v4, notes, numberedAddress) ?? readLines(geoip6, 'geoip6', v6, notes, writtenAddress);
  if (problem !== undefined) return fail(problem);
  if (found.refused > 0) return fail('its ranges are backwards, or more than anyone needs');
  const source: GeoSource = {
    name: `${notes.vendor || 'tor-geoipdb'} location database`,
    date: dayOf(Math.floor(Date.parse(notes.generated) / 1000)),
    licence: notes.licence,
    file: 'geoip, geoip6',
  };
  return ok(found.halves(source));
}

type Notes = { generated: string; vendor: string; licence: string };

function readLines(
  bytes: Uint8Array,
  file: string,
  ranges: Ranges,
  notes: Notes,
  address: (text: string) => Uint32Array | undefined,
): string | undefined {
  for (let at = 0, line = 1; at < bytes.length; line++) {
    const feed = bytes.indexOf(10, at);
    const end = feed < 0 ? bytes.length : feed;
    if (end - at > maxLine) return `line ${line} of ${file} is too long`;
    const text = decoder.decode(bytes.subarray(at, end));
    at = end + 1;
    if (text.startsWith('#')) note(text, notes);
    else if (text !== '') {
      const [first = '', last = '', code = '', ...more] = text.split(',');
      const start = address(first);
      const stop = address(last);
      if (start === undefined || stop === undefined || more.length > 0) {
        return `line ${line} of ${file} is not made of two addresses and a country`;
      }
      ranges.add(start, stop, isCountryCode(code) ? packCountry(code) : 0);
    }
  }
  return undefined;
}

// Latin-1, so that whatever is no text is at least no error; all that counts is ASCII.
const decoder = new TextDecoder('latin1');

function note(text: string, notes: Notes): void {
  const [, key, value = ''] = /^# (Generated|Vendor|License): +(.+)$/.exec(text) ?? [];
  if (key === 'Generated') notes.generated = value;
  else if (key === 'Vendor') notes.vendor = value;
  else if (key === 'License') notes.licence = value;
}

function numberedAddress(text: string): Uint32Array | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff ? Uint32Array.of(Number(text)) : undefined;
}

/** RFC 4291 2.2, without an IPv4 address in it. Six hundred thousand are read at a time, which a general parser takes half a minute for. */
export function writtenAddress(text: string): Uint32Array | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const words = new Uint32Array(4);
  const put = (group: string, place: number) => {
    if (!/^[\da-f]{1,4}$/i.test(group)) return false;
    words[place >> 1] = (words[place >> 1] as number) | (Number.parseInt(group, 16) << (place & 1 ? 0 : 16));
    return true;
  };
  const all =
    before.every((group, index) => put(group, index)) &&
    after.every((group, index) => put(group, before.length + missing + index));
  return all ? words : undefined;
}
