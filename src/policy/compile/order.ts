// The order of rules: priority, app, destination, number of conditions, stricter action, name. Files play no part.
import type { Action } from '#model/rule.ts';
import type { Clause, CompiledRule } from './clause.ts';

/** Stricter first; `log` decides nothing and stands wherever it is. */
const strictness: readonly Action[] = ['drop', 'reject', 'ask', 'allow', 'log'];

export function compareClauses(a: Clause, b: Clause): number {
  return (
    b.rule.priority - a.rule.priority ||
    b.app - a.app ||
    b.far - a.far ||
    b.near - a.near ||
    b.count - a.count ||
    strictness.indexOf(a.rule.action) - strictness.indexOf(b.rule.action) ||
    compareNames(a.rule.name, b.rule.name)
  );
}

/** By code unit: the same on every machine, whatever its language. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * All clauses in the order of evaluation. Answers stand after every rule of a file or of the command line, because they
 * never outrank these, and before the built-in rules (`answers.ts` says when they decide).
 */
export function orderClauses(rules: readonly CompiledRule[]): Clause[] {
  const active = rules.filter((rule) => rule.enabled).flatMap((rule) => rule.clauses);
  const answers = active.filter(({ rule }) => rule.origin === 'answer').sort(compareClauses);
  const others = active.filter(({ rule }) => rule.origin !== 'answer').sort(compareClauses);
  const after = others.findLastIndex(({ rule }) => rule.origin !== 'builtin') + 1;
  const ordered = [...others.slice(0, after), ...answers, ...others.slice(after)];
  ordered.forEach((clause, rank) => {
    clause.rank = rank;
  });
  return ordered;
}
