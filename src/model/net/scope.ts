// The scope of an address: how far away it is, in the words that rules use.
import { type Address, type Prefix, parsePrefix, prefixHolds } from './address.ts';

export const scopes = ['loopback', 'lan', 'internet', 'multicast'] as const;
export type Scope = (typeof scopes)[number];

function table(...texts: string[]): readonly Prefix[] {
  return texts.map((text) => {
    const prefix = parsePrefix(text);
    if ('error' in prefix) throw new Error(prefix.error);
    return prefix;
  });
}

/** The address blocks of each scope; `internet` is what is in none of them. Limited broadcast counts as multicast. */
export const scopePrefixes: Readonly<Record<Exclude<Scope, 'internet'>, readonly Prefix[]>> = {
  // RFC 1122 3.2.1.3, RFC 4291 2.5.3
  loopback: table('127.0.0.0/8', '::1/128'),
  // RFC 1918, RFC 3927, RFC 6598, RFC 4193, RFC 4291 2.5.6, and "this host" of RFC 1122
  lan: table(
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '169.254.0.0/16',
    '100.64.0.0/10',
    '0.0.0.0/8',
    'fc00::/7',
    'fe80::/10',
    '::/128',
  ),
  // RFC 5771, RFC 919, RFC 4291 2.7
  multicast: table('224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'),
};

export function scopeOf(address: Address): Scope {
  for (const scope of ['loopback', 'lan', 'multicast'] as const) {
    for (const prefix of scopePrefixes[scope]) if (prefixHolds(prefix, address)) return scope;
  }
  return 'internet';
}
