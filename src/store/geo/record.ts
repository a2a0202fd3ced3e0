// What a record of a MaxMind DB file says, in the shapes that its makers use: MaxMind, DB-IP, IPinfo.
import { isCountryCode } from '#geo/countries.ts';
import { packCountry } from '#geo/layout.ts';
import type { MmdbData } from './mmdbdata.ts';

/** AS numbers in use: 0 and the last one never are (RFC 7607, RFC 7300). */
export const isNetworkNumber = (number: number): boolean =>
  Number.isInteger(number) && number > 0 && number < 0xffffffff;

/** Where it is, or else where it is registered, as a value of `packCountry`; 0 when it does not say or names no country (EU, A1). */
export function countryOf(data: MmdbData, record: number): number {
  const [country = -1, code = -1, registered = -1] = data.members(record, [
    'country',
    'country_code',
    'registered_country',
  ]);
  const candidates = [
    () => isoCode(data, country),
    // IPinfo has the code here, or the name here and the code beside it.
    () => data.text(country),
    () => data.text(code),
    () => isoCode(data, registered),
  ];
  for (const candidate of candidates) {
    const text = candidate()?.toUpperCase() ?? '';
    // The first that has a code at all: what is nowhere is not where it was registered.
    if (/^[A-Z][A-Z0-9]$/.test(text)) return isCountryCode(text) ? packCountry(text) : 0;
  }
  return 0;
}

function isoCode(data: MmdbData, place: number): string | undefined {
  return place < 0 ? undefined : data.text(data.members(place, ['iso_code'])[0] ?? -1);
}

export interface NetworkRecord {
  readonly number: number;
  readonly name: string;
}

const networkKeys = ['autonomous_system_number', 'asn', 'autonomous_system_organization', 'as_name', 'name', 'traits'];

/** Undefined when the record names no network. */
export function networkOf(data: MmdbData, record: number, nested = false): NetworkRecord | undefined {
  const [number = -1, asn = -1, organisation = -1, asName = -1, name = -1, traits = -1] = data.members(
    record,
    networkKeys,
  );
  const found = data.number(number) ?? data.number(asn) ?? numberIn(data.text(asn));
  if (found !== undefined && isNetworkNumber(found)) {
    return { number: found, name: data.text(organisation) ?? data.text(asName) ?? data.text(name) ?? '' };
  }
  // GeoIP2 Enterprise has it one level down.
  return nested || traits < 0 ? undefined : networkOf(data, traits, true);
}

/** `AS13335` or `13335`. */
function numberIn(text: string | undefined): number | undefined {
  const digits = /^(?:AS)?(\d{1,10})$/i.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
