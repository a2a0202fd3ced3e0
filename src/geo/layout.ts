// The file of a country table, `geo.bin`: what is written by build.ts and read by flat.ts. All numbers are little-endian.
//
//   u32 magic, u32 version, u32 bytes of the whole file, u32 checksum of what follows
//   the countries, then the networks, each: u32 0 when it has none; else
//     u32 1, four texts (name, date, licence and file of the source)
//     u32 count, u32 values in ascending order                  countries: two letters; networks: AS numbers
//     only networks: u32 count of bytes, u32 where the name of each value ends, the names one after another
//     three tables: IPv4 (1 word), IPv6 by upper halves (2 words), what is finer than /64 (4 words), each:
//       u32 count, the starts in ascending order, then for each the number of its value (1, 2 or 4 bytes)
//   A text is u32 bytes and UTF-8. Each part is filled up to a multiple of four bytes with zeros.
//
// A value's number is its place from 1; 0 is "nothing known". In the third table 0 is "see the second one", and one more than
// there are values is "nothing known": it holds the blocks of /64 that are not all of one value, and only these.

/** "PGEO" */
export const geoMagic = 0x4f454750;
export const geoVersion = 1;

/** Whether it says that it is one; not whether it is sound. */
export function isGeo(bytes: Uint8Array): boolean {
  return [0x50, 0x47, 0x45, 0x4f].every((byte, index) => bytes[index] === byte);
}

/** Bytes that the number of a value takes, one of 1, 2, 4, so that `values` + 1 fits. */
export function numberWidth(values: number): 1 | 2 | 4 {
  return values < 0xff ? 1 : values < 0xffff ? 2 : 4;
}

/** FNV-1a over words, for damage and not against malice: a change of one word always changes it. */
export function checksum(words: Uint32Array): number {
  let sum = 0x811c9dc5;
  for (let index = 0; index < words.length; index++) sum = Math.imul(sum ^ (words[index] as number), 0x01000193);
  return sum >>> 0;
}

/** Two letters as a value; 0 when they are none. */
export function packCountry(code: string): number {
  if (!/^[A-Z]{2}$/.test(code)) return 0;
  return (code.charCodeAt(0) << 8) | code.charCodeAt(1);
}

/** Undefined when the value is not two capital letters. */
export function unpackCountry(value: number): string | undefined {
  if (value > 0xffff) return undefined;
  const code = String.fromCharCode(value >> 8, value & 0xff);
  return /^[A-Z]{2}$/.test(code) ? code : undefined;
}
