// Addresses and endpoints as keys of maps: short texts that are quick to make, different for different values, and not for people.
import type { Endpoint } from '#model/flow.ts';
import type { Address } from '#model/net/address.ts';

/** Two characters for IPv4, eight for IPv6. */
export function keyOfAddress({ family, w0, w1, w2, w3 }: Address): string {
  if (family === 4) return String.fromCharCode(w3 >>> 16, w3 & 0xffff);
  return String.fromCharCode(
    w0 >>> 16,
    w0 & 0xffff,
    w1 >>> 16,
    w1 & 0xffff,
    w2 >>> 16,
    w2 & 0xffff,
    w3 >>> 16,
    w3 & 0xffff,
  );
}

/** One character more. */
export function keyOfEndpoint({ address, port }: Endpoint): string {
  return String.fromCharCode(port) + keyOfAddress(address);
}
