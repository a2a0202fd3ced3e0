// The hashes of a name and of every domain that it lies in, in one pass from its end. They are HalfSipHash-1-3 (Aumasson and
// Bernstein, of 32-bit words), because a list comes from outside: whoever does not know the key cannot write names that share a hash.

/** RFC 1035 2.3.4, as text without the dot at the end. */
export const maxNameBytes = 253;

/** 64 bits of chance, as two unsigned words. */
export type HashKey = readonly [low: number, high: number];

/** Filled again and again by its owner; nothing is allocated. */
export class DomainHashes {
  /** The shortest domain first, which has two labels; the whole name last. */
  count = 0;
  /** Where in the bytes each domain begins. */
  readonly starts = new Uint16Array(256);
  /** Unsigned. */
  readonly hashes = new Uint32Array(256);

  /**
   * Of the name that the bytes are up to `end`, at most 256. The last label alone is no domain, since no list has it.
   * `wholeOnly`: for who does not ask for the others.
   */
  fill(bytes: Uint8Array, end: number, key: HashKey, wholeOnly = false): void {
    const { starts, hashes } = this;
    let v0 = key[0] | 0;
    let v1 = key[1] | 0;
    let v2 = v0 ^ 0x6c796765;
    let v3 = v1 ^ 0x74656462;
    let word = 0;
    let shift = 0;
    let labels = 0;
    let count = 0;
    for (let at = end - 1; at >= 0; at--) {
      word |= (bytes[at] as number) << shift;
      shift += 8;
      if (shift === 32) {
        v3 ^= word;
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
        v0 ^= word;
        word = 0;
        shift = 0;
      }
      if (at !== 0 && bytes[at - 1] !== 0x2e) continue;
      labels += 1;
      if (labels === 1 || (wholeOnly && at !== 0)) continue;
      starts[count] = at;
      hashes[count++] = ended(v0, v1, v2, v3, word | ((end - at) << 24));
    }
    this.count = count;
  }
}

/** The last word, with the length in its upper byte, then three rounds. */
function ended(a: number, b: number, c: number, d: number, word: number): number {
  let v0 = a;
  let v1 = b;
  let v2 = c;
  let v3 = d ^ word;
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round !== 0) continue;
    v0 ^= word;
    v2 ^= 0xff;
  }
  return (v1 ^ v3) >>> 0;
}
