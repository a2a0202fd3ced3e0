// The address that a name below in-addr.arpa or ip6.arpa stands for.
import { type Address, addressFromBytes } from '#model/net/address.ts';

/** RFC 1035 3.5 and RFC 3596 2.5; undefined where it is not one whole address. `name` as `readName` gives it. */
export function parseReverseName(name: string): Address | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const labels = name.slice(0, -'.in-addr.arpa'.length).split('.');
    const right = labels.length === 4 && labels.every((label) => /^(0|[1-9]\d{0,2})$/.test(label) && +label < 256);
    return right ? addressFromBytes(labels.map(Number).reverse()) : undefined;
  }
  const digits = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const text = digits.split('.').reverse().join('');
  return addressFromBytes(Array.from({ length: 16 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)));
}
