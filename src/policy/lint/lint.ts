// Finds what is worth a look in rules that are right. Built-in rules are not looked at.
import type { Accounts } from '#model/messages.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import type { LintFinding } from '#model/shown/lint.ts';
import { several } from '../accounts.ts';
import { exceptionPriority } from '../exception.ts';
import type { Places } from '../match/places.ts';
import type { Policy } from '../policy.ts';
import type { OrderedRule } from '../show/ordered.ts';
import { orList, printable } from '../show/words.ts';
import type { Usage } from './usage.ts';

const dayMs = 86_400_000;
/** A rule for anywhere that reached no more places than so many is wider than it need be. */
const narrowPlaces = 2;
/** Of less than so much history nothing is said of use. */
const leastHistoryMs = 7 * dayMs;

export interface LintContext {
  readonly accounts: Accounts;
  readonly places?: Places | undefined;
  readonly now: number;
  /** Recorded connections under these rules; left out: nothing is said of their use. */
  readonly usage?: Usage | undefined;
}

/** In the order in which the rules are tried. */
export function lintRules(policy: Policy, records: readonly RuleRecord[], context: LintContext): LintFinding[] {
  const own = policy.ordered.filter(({ origin, enabled }) => origin !== 'builtin' && enabled);
  const twins = new Map<string, string>();
  return own.flatMap((rule) => {
    const found = (kind: LintFinding['kind'], message: string): LintFinding[] => [
      { rule: rule.name, kind, place: rule.source, message },
    ];
    if (rule.expires !== null && rule.expires <= context.now) {
      return found('ended', 'It has ended and matches nothing; remove it, or give it another day.');
    }
    const meaning = meaningOf(rule);
    const twin = twins.get(meaning);
    twins.set(meaning, twin ?? rule.name);
    if (twin !== undefined) return found('duplicate', `It says the same as "${printable(twin)}"; remove one of them.`);
    const others = records.filter((record) => record.rule.name !== rule.name);
    const needed = exceptionPriority(rule.rule, others, context.accounts, context.places);
    if (needed !== undefined) {
      const text = `A fence of priority ${needed} refuses all that it is for, so that it can never win; give it priority ${needed}, or remove it.`;
      return found('exception', text);
    }
    if (rule.shadowedBy.length > 0) {
      const before = orList(rule.shadowedBy.map((name) => `"${printable(name)}"`)).replaceAll(' or ', ' and ');
      return found(
        'shadowed',
        `It never decides: ${before} ${rule.shadowedBy.length === 1 ? 'comes' : 'come'} before it for all that it matches.`,
      );
    }
    return findUnused(rule, context).flatMap(([kind, message]) => found(kind, message));
  });
}

/** Action and conditions, without names, notes and tests; in whatever order they were written. */
function meaningOf({ rule, action, priority }: OrderedRule): string {
  const { name: _, note: __, tests: ___, log, enabled: ____, priority: _____, action: ______, ...conditions } = rule;
  const entries = Object.entries(conditions).map(([key, value]) => {
    const values = several(value as string | readonly string[]).map((one) => JSON.stringify(one));
    return [key, values.sort()] as const;
  });
  return JSON.stringify([action, priority, log === true, entries.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function findUnused(rule: OrderedRule, { usage, now }: LintContext): [LintFinding['kind'], string][] {
  if (usage?.since == null || now - usage.since < leastHistoryMs) return [];
  const days = Math.round((now - usage.since) / dayMs);
  const used = usage.of(rule.name);
  if (used === undefined) {
    // What refuses may well wait for its day.
    if (rule.action !== 'allow') return [];
    return [['unused', `Nothing came under it in the last ${days} days; is it needed still?`]];
  }
  if (rule.action !== 'allow' || !isForAnywhere(rule.rule) || used.places.size > narrowPlaces) return [];
  const places = [...used.places].map(printable);
  const whom = several(rule.rule.direction).includes('in') ? 'from' : 'to';
  const text = `It is for anywhere, and in the last ${days} days ${used.times === 1 ? 'one connection' : `${used.times} connections`} under it went to ${orList(places).replace(' or ', ' and ')} alone; narrow it with ${whom}: ${places.length === 1 ? places[0] : `[${places.join(', ')}]`}`;
  return [['wide', text]];
}

const wideWords: ReadonlySet<string> = new Set(['any', 'internet', '0.0.0.0/0', '::/0']);

function isForAnywhere({ to, from, direction }: RuleText): boolean {
  const far = several(direction).includes('in') ? from : to;
  return far === undefined || several(far).every((place) => wideWords.has(place));
}
