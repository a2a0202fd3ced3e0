// Where the data of a country table comes from: shown wherever a country or network is, because it is only as good as its source.

export interface GeoSource {
  /** Who made it, such as `IPFire Location database`. */
  readonly name: string;
  /** The day it was made, `2026-10-28`; empty when the source does not say. */
  readonly date: string;
  /** The terms it may be used under; empty when the source does not say. */
  readonly licence: string;
  /** The file it was read from, without its folder. */
  readonly file: string;
}

/** Bytes of UTF-8 that each text of a source may have. */
export const maxSourceText = 512;

/** `IPFire Location database of 2026-10-28 (geoip, CC BY-SA 4.0)`; its texts are from outside and made safe before they are stored. */
export function formatSource({ name, date, licence, file }: GeoSource): string {
  const more = [file, licence].filter((text) => text !== '').join(', ');
  return `${name}${date === '' ? '' : ` of ${date}`}${more === '' ? '' : ` (${more})`}`;
}

/** The day of a time in seconds since 1970; empty for a time that no source was made at. */
export function dayOf(seconds: number): string {
  if (!(seconds > 0) || seconds > 0xffffffff) return '';
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
