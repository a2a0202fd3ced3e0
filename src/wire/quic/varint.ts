// Integers of variable length (RFC 9000 16).
import type { Reader } from '../reader.ts';

/** Up to 2^53 − 1; what is larger fails as `bad-length`, for nothing here is. */
export function readVarint(reader: Reader): number {
  const first = reader.u8();
  let value = first & 0x3f;
  for (let more = (1 << (first >> 6)) - 1; more > 0; more--) value = value * 256 + reader.u8();
  if (value > Number.MAX_SAFE_INTEGER) {
    reader.fail('bad-length');
    return 0;
  }
  return value;
}
