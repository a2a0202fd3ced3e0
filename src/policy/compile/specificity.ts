// The specificity tables of DESIGN section 4, as numbers: greater is more specific.
import type { RuleText } from '#model/rule.ts';
import { several } from '../accounts.ts';
import type { DestinationCondition } from '../match/destination.ts';
import type { NamePattern } from '../match/name.ts';

/** From the most general to the most specific; the place in this list is the rank. */
export const appKinds = ['any', 'ancestor', 'glob', 'package', 'sandbox', 'path', 'script', 'hash', 'process'] as const;
export type AppKind = (typeof appKinds)[number];

const kindNames: Readonly<Record<AppKind, string>> = {
  any: 'any app',
  ancestor: 'ancestor only',
  glob: 'path pattern',
  package: 'package',
  sandbox: 'Flatpak, Snap, AppImage, container, unit or kernel',
  path: 'exact path',
  script: 'script',
  hash: 'hash',
  process: 'this process',
};

/** Of the same kind, an exact value is more specific than a pattern. */
export function appRank(kind: AppKind, exact: boolean): number {
  return appKinds.indexOf(kind) * 2 + (exact ? 1 : 0);
}

export function formatAppRank(rank: number): string {
  return kindNames[appKinds[rank >> 1] ?? 'any'];
}

const scopeRank = 1;
const countryRank = 2;
const networkRank = 3;
const listRank = 4;
const prefixRank = 100;
/** Above every prefix, below an address. */
const domainRank = 230;
const addressRank = 400;

export function destinationRank(place: DestinationCondition['place']): number {
  switch (place.type) {
    case 'any':
      return 0;
    case 'scope':
      return scopeRank;
    case 'country':
      return countryRank;
    case 'as':
      return networkRank;
    case 'list':
      return listRank;
    case 'name':
      return nameRank(place.name);
    case 'prefix': {
      const { address, length } = place.prefix;
      return length === (address.family === 4 ? 32 : 128) ? addressRank : prefixRank + length;
    }
  }
}

/** The deeper the domain, the more specific; what is below it is less than that with the domain itself. */
function nameRank({ domain, reach }: NamePattern): number {
  if (reach === 'exact') return addressRank;
  const labels = Math.min(domain.split('.').length, 80);
  return domainRank + labels * 2 + (reach === 'below' ? 1 : 0);
}

export function formatDestinationRank(rank: number): string {
  if (rank === 0) return 'any destination';
  if (rank === scopeRank) return 'scope';
  if (rank === countryRank) return 'country';
  if (rank === networkRank) return 'network number';
  if (rank === listRank) return 'list';
  if (rank === addressRank) return 'exact name or address';
  const labels = (rank - domainRank) >> 1;
  if (labels > 0) return `domain of ${labels} label${labels === 1 ? '' : 's'}`;
  return `prefix of ${rank - prefixRank} bits`;
}

const fencePriority = 10;
const builtinPriority = -10;

/** A refusal whose only subject is a user, a group, a cgroup, or whatever ran before Postern; or whose far end is a list, country or network number. */
export function isFence(rule: RuleText): boolean {
  if (rule.action !== 'reject' && rule.action !== 'drop') return false;
  if (isOfPlaces(rule.to) || isOfPlaces(rule.from)) return true;
  const subject = rule.user ?? rule.group ?? rule['supplementary-group'] ?? rule.cgroup ?? rule.seeded;
  const program = rule.app ?? rule.ancestor ?? rule.args ?? rule.label;
  return subject !== undefined && program === undefined;
}

/** Whether all of these are lists, countries or network numbers. */
function isOfPlaces(destinations: RuleText['to']): boolean {
  return destinations !== undefined && several(destinations).every((text) => /^(list|country|as):/.test(text));
}

export function defaultPriority(rule: RuleText, origin: string): number {
  if (origin === 'builtin') return builtinPriority;
  return isFence(rule) ? fencePriority : 0;
}
