// The specificity tables of DESIGN section 4, as numbers: greater is more specific.
import type { RuleText } from '#model/rule.ts';
import type { DestinationCondition } from '../match/destination.ts';

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
const prefixRank = 100;
const addressRank = 300;

export function destinationRank(place: DestinationCondition['place']): number {
  if (place.type === 'any') return 0;
  if (place.type === 'scope') return scopeRank;
  const { address, length } = place.prefix;
  return length === (address.family === 4 ? 32 : 128) ? addressRank : prefixRank + length;
}

export function formatDestinationRank(rank: number): string {
  if (rank === 0) return 'any destination';
  if (rank === scopeRank) return 'scope';
  return rank === addressRank ? 'exact address' : `prefix of ${rank - prefixRank} bits`;
}

const fencePriority = 10;
const builtinPriority = -10;

/** A refusal whose only subject is a user, a group, a cgroup, or whatever ran before Postern. */
export function isFence(rule: RuleText): boolean {
  if (rule.action !== 'reject' && rule.action !== 'drop') return false;
  const subject = rule.user ?? rule.group ?? rule['supplementary-group'] ?? rule.cgroup ?? rule.seeded;
  const program = rule.app ?? rule.ancestor ?? rule.args ?? rule.label;
  return subject !== undefined && program === undefined;
}

export function defaultPriority(rule: RuleText, origin: string): number {
  if (origin === 'builtin') return builtinPriority;
  return isFence(rule) ? fencePriority : 0;
}
