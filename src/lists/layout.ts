// The flat file of all lists: words of 32 bits, one part behind another. What is written here is read by flat.ts.
//
//   magic, version, bytes, checksum, seed, count of slots, bytes of names, starts of IPv4, starts of IPv6, words of sets, bytes of the table
//   slots        for each hash the place of a name in `names` plus 1; 0 is free, and a taken slot's neighbour comes next
//   names        each name in ASCII, then for each list that has it a byte 0x80 | kind (0x40: another list follows) and the list's number
//   v4           first addresses of pieces, and for each the place of its lists in `sets`; each piece reaches to the next
//   v6           the same, with four words a start
//   sets         each a count and that many numbers of lists; the set at 0 is empty
//   table        the lists' names and how many entries they have, as JSON

export const listMagic = 0x54534c50; // "PLST"
export const listVersion = 1;
export const headerWords = 11;
export const maxLists = 256;
/** Of a list's byte. */
export const lastBits = { entry: 0x80, more: 0x40, kind: 0x03 } as const;
/** A hash that met so many taken slots finds nothing: with a seed of chance it never comes to that. */
export const maxProbes = 512;

export interface ListRow {
  readonly name: string;
  readonly names: number;
  readonly addresses: number;
}

/** Of the words behind it: each step is one to one, so that a change of a single word is always found. */
export function checksum(words: Uint32Array): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < words.length; at++) {
    sum = Math.imul(sum ^ (words[at] as number), 0x9e3779b1);
    sum ^= sum >>> 15;
  }
  return sum >>> 0;
}

/** The hash of a name grows from its end, so that one pass gives those of all domains that it lies in. */
export function hashStart(seed: number): number {
  return (seed ^ 0x811c9dc5) >>> 0;
}

export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193) >>> 0;
}

export function hashEnd(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
