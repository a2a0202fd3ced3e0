// An exception to a fence must stand at the fence's priority: found out by what the policy says of the rules there are.
import { ownPlaces } from '#kernel/places/placefiles.ts';
import type { RuleView } from '#model/api.ts';
import { formatAddress } from '#model/net/address.ts';
import type { ListHit } from '#model/net/list.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { exceptionPriority as priorityFor } from '#policy/index.ts';
import type { Places } from '#policy/match/places.ts';
import { readLocalAccounts } from './rulesdir.ts';

/** Destinations of one rule that are looked for in lists. */
const maxAsked = 32;

/**
 * The priority the rule needs because fences would otherwise overrule it; undefined when none would. `having` asks which
 * lists have a name or address.
 */
export async function exceptionPriority(
  rule: RuleText,
  rules: readonly RuleView[],
  having: (of: string) => Promise<readonly ListHit[]>,
): Promise<number | undefined> {
  const records: RuleRecord[] = rules.map((view) => ({ rule: view.rule, origin: view.origin }));
  const places = await placesFor(rule, records, having);
  return priorityFor(rule, records, readLocalAccounts(), places);
}

const ends = ({ to, from }: RuleText) => [to ?? [], from ?? []].flat();

/** What the lists that rules name have of the destinations of this rule; and the countries, as far as Postern came with them. */
async function placesFor(
  rule: RuleText,
  records: readonly RuleRecord[],
  having: (of: string) => Promise<readonly ListHit[]>,
): Promise<Places> {
  const asked = records.flatMap((record) => ends(record.rule).filter((text) => /^(list|country|as):/.test(text)));
  const lists = [...new Set(asked.filter((text) => text.startsWith('list:')).map((text) => text.split(':')[1] ?? ''))];
  const has = new Set<string>();
  if (lists.length > 0) {
    for (const text of ends(rule).slice(0, maxAsked)) {
      const of = text
        .replace(/^\[([^\]]*)\](:.*)?$/, '$1')
        .replace(/^([^:]*):[^:]*$/, '$1')
        .toLowerCase();
      for (const { list, excepted } of await having(of)) if (!excepted) has.add(`${list} ${of}`);
    }
  }
  const holds = (list: number, of: string) => has.has(`${lists[list]} ${of}`);
  const own = asked.length > lists.length ? ownPlaces() : undefined;
  return {
    listNumber: (name) => (lists.includes(name) ? lists.indexOf(name) : undefined),
    listHasName: holds,
    listHasAddress: (list, address) => holds(list, formatAddress(address)),
    country: (address) => own?.country(address),
    network: (address) => own?.network(address),
  };
}
