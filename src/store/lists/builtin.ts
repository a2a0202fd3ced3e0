// The lists that come with Postern: they are there without being added, and a rule asks for them as for any other.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListBuilder } from '#lists/build.ts';
import { parseLists } from '#lists/flat.ts';
import type { Address } from '#model/net/address.ts';
import { encryptedDnsList, type ListDefinition } from '#model/net/list.ts';
import { fail, ok, type Result } from '#std/result.ts';

const encryptedDnsFile = join(import.meta.dirname, '../../../data/lists/encrypted-dns.txt');

/** By name; where each is read from is ours to say, so that a package may move. */
export const builtinLists: ReadonlyMap<string, ListDefinition> = new Map([
  [encryptedDnsList, { source: encryptedDnsFile }],
]);

/** What stands as the source in lists.d/NAME.yaml, where one of these is switched off or has entries that are. */
export const builtinSource = 'builtin';

/** The public resolvers of the list as it came, whatever of it is switched off for rules. */
export interface KnownResolvers {
  /** `name` in lower case. */
  hasName(name: string): boolean;
  hasAddress(address: Address): boolean;
}

export function readKnownResolvers(file = encryptedDnsFile): Result<KnownResolvers> {
  try {
    const builder = new ListBuilder([randomInt(2 ** 32), randomInt(2 ** 32)]);
    builder.add(encryptedDnsList, readFileSync(file));
    const parsed = parseLists(builder.finish());
    if (!parsed.ok) return parsed;
    const set = parsed.value;
    return ok({ hasName: (name) => set.has(0, name), hasAddress: (address) => set.hasAddress(0, address) });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}
