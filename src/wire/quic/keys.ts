// The keys that protect a client's Initial packets (RFC 9001 5.2): anybody who sees the packet can have them.
import type { QuicCrypto } from './crypto.ts';
import type { QuicVersion } from './numbers.ts';

export interface InitialKeys {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
  /** 16 bytes, of the header's protection. */
  readonly hp: Uint8Array;
}

/** `connectionId` is the destination's, of the first Initial or of the first after a Retry. */
export function clientInitialKeys(ciphers: QuicCrypto, version: QuicVersion, connectionId: Uint8Array): InitialKeys {
  const initial = ciphers.hmac(version.salt, connectionId);
  const client = expandLabel(ciphers, initial, 'client in', 32);
  return {
    key: expandLabel(ciphers, client, `${version.label}key`, 16),
    iv: expandLabel(ciphers, client, `${version.label}iv`, 12),
    hp: expandLabel(ciphers, client, `${version.label}hp`, 16),
  };
}

/** HKDF-Expand-Label without context (RFC 8446 7.1); up to 32 bytes, which are one block of HKDF-Expand (RFC 5869 2.3). */
function expandLabel(ciphers: QuicCrypto, secret: Uint8Array, label: string, length: number): Uint8Array {
  const full = new TextEncoder().encode(`tls13 ${label}`);
  return ciphers.hmac(secret, Uint8Array.of(0, length, full.length, ...full, 0, 1)).subarray(0, length);
}
