// Rules that can never win, because earlier rules match everything they match.
import type { Clause, CompiledRule } from '../compile/clause.ts';
import { covers } from '../compile/overlap.ts';

/** Pairs looked at for one policy; beyond it nothing more is claimed. */
const budget = 5_000_000;

/** For each shadowed rule the rules that stand before all of its clauses. `clauses` in the order of evaluation. */
export function shadowsOf(clauses: readonly Clause[]): ReadonlyMap<CompiledRule, readonly string[]> {
  const earlier = new Map<string, Clause[]>();
  const covered = new Map<CompiledRule, { clauses: number; by: Set<string> }>();
  let left = budget;
  for (const clause of clauses) {
    if (clause.rule.action === 'log') continue;
    const key = appKey(clause);
    const candidates = key === '' ? [earlier.get('')] : [earlier.get(''), earlier.get(key)];
    let by: Clause | undefined;
    for (const list of candidates) {
      if (by !== undefined || list === undefined || left < list.length) continue;
      left -= list.length;
      by = list.find((other) => standsBefore(other, clause) && covers(other, clause));
    }
    if (by !== undefined) {
      const entry = covered.get(clause.rule) ?? { clauses: 0, by: new Set<string>() };
      covered.set(clause.rule, entry);
      entry.clauses++;
      entry.by.add(by.rule.name);
    }
    const list = earlier.get(key);
    if (list === undefined) earlier.set(key, [clause]);
    else list.push(clause);
  }
  const shadows = new Map<CompiledRule, readonly string[]>();
  for (const [rule, { clauses: number, by }] of covered) {
    if (number === rule.clauses.length) shadows.set(rule, [...by]);
  }
  return shadows;
}

function standsBefore({ rule: before }: Clause, { rule }: Clause): boolean {
  if (before === rule || before.expires < rule.expires) return false;
  return before.action !== 'ask' || rule.origin !== 'answer';
}

/** What two clauses of the same program have in common; empty where any program will do. */
function appKey(clause: Clause): string {
  const parts: string[] = [];
  for (const test of clause.tests) {
    if (test.kind === 'text') parts.push(`${test.field}.${test.set}`);
    if (test.kind === 'process') parts.push(`p${test.pid}`);
  }
  return parts.sort().join();
}
