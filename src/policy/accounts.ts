// Accounts: user and group names and patterns as ids of this machine, and stand-in ids for names of other machines.
import type { Accounts } from '#model/messages.ts';
import type { RuleRecord } from '#model/rule.ts';
import { ok, type Result } from '#std/result.ts';
import { compilePattern, patternMatches } from './match/pattern.ts';
import type { AttemptConditions } from './trial/attempt.ts';

/** Stand-in ids begin here; useradd, systemd and containers give none this high, and −1 (4294967295) is not reached. */
export const firstStandIn = 4_294_000_000;
const lastId = 0xfffffffe;

export interface AccountIds {
  readonly ids: ReadonlySet<number>;
  /** Names, ids and patterns that stand for nobody here. */
  readonly unknown: readonly string[];
}

/** Ids, names, globs and regular expressions to the ids they stand for here. The error is a pattern's. */
export function resolveAccounts(
  values: readonly (string | number)[],
  table: Readonly<Record<string, number>>,
): Result<AccountIds> {
  const ids = new Set<number>();
  const unknown: string[] = [];
  for (const value of values) {
    const id = typeof value === 'number' ? value : idOf(value, table);
    if (id !== undefined) {
      ids.add(id);
      continue;
    }
    const pattern = compilePattern(String(value), 'plain');
    if (!pattern.ok) return pattern;
    const before = ids.size;
    if (pattern.value.type !== 'exact') {
      for (const [name, known] of Object.entries(table)) if (patternMatches(pattern.value, name)) ids.add(known);
    }
    if (ids.size === before) unknown.push(String(value));
  }
  return ok({ ids, unknown });
}

/** A name of the table, or an id in digits. */
export function idOf(value: string, table: Readonly<Record<string, number>>): number | undefined {
  if (Object.hasOwn(table, value)) return table[value];
  return /^\d{1,10}$/.test(value) && Number(value) <= lastId ? Number(value) : undefined;
}

/**
 * The accounts, and a stand-in id for every other user and group that the rules, their tests and these conditions name,
 * so that a policy can be tested away from its machine. Never for a policy that is enforced.
 */
export function completeAccounts(
  accounts: Accounts,
  records: readonly RuleRecord[],
  conditions: readonly AttemptConditions[] = [],
): Accounts {
  const users: (string | number)[] = [];
  const groups: (string | number)[] = [];
  const all = [...conditions, ...records.flatMap(({ rule }) => [rule, ...(rule.tests ?? [])])];
  for (const words of all) {
    users.push(...several<string | number>(words.user));
    groups.push(...several<string | number>(words.group));
    groups.push(...several<string | number>(words['supplementary-group']));
  }
  return { users: withStandIns(accounts.users, users), groups: withStandIns(accounts.groups, groups) };
}

function withStandIns(
  table: Readonly<Record<string, number>>,
  names: readonly (string | number)[],
): Record<string, number> {
  const strangers = new Set<string>();
  for (const name of names) {
    if (typeof name === 'number' || idOf(name, table) !== undefined) continue;
    const pattern = compilePattern(name, 'plain');
    if (pattern.ok && pattern.value.type === 'exact') strangers.add(name);
  }
  // fromEntries: a name such as "__proto__" becomes a key of its own.
  const standIns = [...strangers].sort().map((name, index) => [name, firstStandIn + index] as const);
  return Object.fromEntries([...Object.entries(table), ...standIns]);
}

export function several<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
