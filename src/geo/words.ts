// Addresses as runs of 32-bit words in typed arrays: one word for IPv4, four for IPv6, two for the upper half of an IPv6 address.

/** Words that one address takes in an array. */
export type Stride = 1 | 2 | 4;

/** Compares the `stride` words at `i` of `a` with those at `j` of `b`; offsets are in words. */
export function compareWords(a: Uint32Array, i: number, b: Uint32Array, j: number, stride: Stride): number {
  for (let word = 0; word < stride; word++) {
    const x = a[i + word] as number;
    const y = b[j + word] as number;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Makes the address at `to` the one after that at `from`; false when that was the last there is. */
export function nextAddress(from: Uint32Array, at: number, to: Uint32Array, stride: Stride): boolean {
  let carry = 1;
  for (let word = stride - 1; word >= 0; word--) {
    const sum = (from[at + word] as number) + carry;
    carry = sum > 0xffffffff ? 1 : 0;
    to[word] = sum;
  }
  return carry === 0;
}
