// Who counts as one on the network: an IPv4 address, or the /64 of an IPv6 address, all of which one machine may have.
import { formatAddress, formatPrefix, parseAddress, prefixOf } from '#model/net/address.ts';

/** As a socket says it: with the interface behind a %, and an IPv4 address within IPv6. */
const addressOf = (text: string) => parseAddress(text.replace(/%.*$/, ''));

/** The address as people write it. */
export function plainAddress(text: string): string {
  const address = addressOf(text);
  return address === undefined ? text : formatAddress(address);
}

export function neighbourhoodOf(text: string): string {
  const address = addressOf(text);
  return address === undefined ? 'unknown' : formatPrefix(prefixOf(address, address.family === 4 ? 32 : 64));
}
