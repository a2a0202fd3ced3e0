// A range of addresses as the fewest prefixes that hold exactly these.
import { addressFromBytes, addressToBytes, type Prefix, parseAddress, prefixOf } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';

/** `10.0.0.1-10.0.0.9`. */
export function rangePrefixes(text: string): Result<Prefix[]> {
  const [first, last, more] = text.split('-').map((part) => parseAddress(part.trim()));
  if (first === undefined || last === undefined || more !== undefined || first.family !== last.family) {
    return fail(`"${text}" is no range of addresses`);
  }
  const [from, to] = [first, last].map((address) =>
    addressToBytes(address).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n),
  );
  if (from === undefined || to === undefined || from > to) return fail(`"${text}" ends before it begins`);
  const full = first.family === 4 ? 32 : 128;
  const found: Prefix[] = [];
  for (let at = from; at <= to; ) {
    let bits = 0;
    while (bits < full && at % 2n ** BigInt(bits + 1) === 0n && at + 2n ** BigInt(bits + 1) - 1n <= to) bits += 1;
    const bytes = Array.from({ length: full / 8 }, (_, index) => Number((at >> BigInt(full - 8 - index * 8)) & 255n));
    const address = addressFromBytes(bytes);
    // Addresses that stand for IPv4 ones are none of a range of IPv6.
    if (address === undefined || address.family !== first.family) return fail(`"${text}" holds addresses of two kinds`);
    found.push(prefixOf(address, full - bits));
    at += 2n ** BigInt(bits);
  }
  return ok(found);
}
