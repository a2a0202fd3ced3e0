// The flat file of all lists: words of 32 bits, one part behind another. What is written here is read by flat.ts.
//
//   magic, version, bytes, checksum, key (2), count of slots, bytes of names, words of IPv4, of IPv6, of sets, bytes of the table
//   marks        a byte for each slot: 0 is free, else 8 bits of the hash of the name that it holds
//   slots        for each hash the place of a name in `names`; a taken slot's neighbour comes next
//   names        each name in ASCII, then for each list that has it a byte 0x80 | kind (0x40: another list follows) and the list's number
//   v4           first addresses of pieces, and for each the place of its lists in `sets`; each piece reaches to the next
//   v6           the same, with four words a start
//   sets         each a count and that many numbers of lists; the set at 0 is empty
//   table        the lists' names and how many entries they have, as JSON

export const listMagic = 0x54534c50; // "PLST"
export const listVersion = 2;
export const headerWords = 12;
export const maxLists = 256;
/** Of a list's byte. */
export const lastBits = { entry: 0x80, more: 0x40, kind: 0x03 } as const;
/** No look-up goes further, and no file is written that would need it: seven of ten slots are taken, and runs of five million names stay below 350. */
export const maxProbes = 512;

export interface ListRow {
  readonly name: string;
  readonly names: number;
  readonly addresses: number;
}

/** Of the words behind it: each step is one to one, so that a change of a single word is always found. */
export function checksum(words: Uint32Array): number {
  let sum = 0x811c9dc5;
  // Many calls and not one long loop, which V8 might interpret to its end: a gate that reads its lists waits for this.
  for (let at = 0; at < words.length; at += 1024) sum = foldWords(words, at, Math.min(at + 1024, words.length), sum);
  return sum >>> 0;
}

function foldWords(words: Uint32Array, start: number, end: number, before: number): number {
  let sum = before;
  for (let at = start; at < end; at++) {
    sum = Math.imul(sum ^ (words[at] as number), 0x9e3779b1);
    sum ^= sum >>> 15;
  }
  return sum;
}

/** Where the search for a hash begins: by its upper bits, since its lower eight are the mark. */
export function slotOf(hash: number, slotCount: number): number {
  return Math.floor((hash * slotCount) / 0x1_0000_0000);
}

/** 1–255. */
export function markOf(hash: number): number {
  return hash & 0xff || 0xff;
}
