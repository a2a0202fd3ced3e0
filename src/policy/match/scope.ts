// The scope of an address by one look-up, and how much of the address settles a question about its scope.
import type { Address, Prefix } from '#model/net/address.ts';
import { type Scope, scopePrefixes, scopes } from '#model/net/scope.ts';
import { PrefixTable, prefixBits } from './prefix.ts';

const scopeTable = new PrefixTable<number>(
  Object.entries(scopePrefixes).flatMap(([name, prefixes]) =>
    prefixes.map((prefix): readonly [Prefix, number] => [prefix, scopes.indexOf(name as Scope)]),
  ),
);

const internet = scopes.indexOf('internet');

/** The place of the address's scope in the model's list of scopes. */
export function scopeIndex(address: Address): number {
  return scopeTable.find(address)?.value ?? internet;
}

/** How many leading bits of the address settle whether it is in this scope, given by its place in the list. */
export function scopeBits(scope: number, address: Address): number {
  const held = scopeTable.find(address);
  if (held?.value === scope) return held.prefix.length;
  if (scope === internet) return held?.prefix.length ?? scopeTable.bits(address);
  const name = scopes[scope] as Exclude<Scope, 'internet'>;
  return Math.max(...scopePrefixes[name].map((prefix) => prefixBits(prefix, address)));
}
