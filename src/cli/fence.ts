// An exception to a fence must stand at the fence's priority: found out by what the policy says of the rules there are.
import type { RuleView } from '#model/api.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { exceptionPriority as priorityFor } from '#policy/index.ts';
import { readLocalAccounts } from './rulesdir.ts';

/** The priority the rule needs because fences would otherwise overrule it; undefined when none would. */
export function exceptionPriority(rule: RuleText, rules: readonly RuleView[]): number | undefined {
  const records: RuleRecord[] = rules.map((view) => ({ rule: view.rule, origin: view.origin }));
  return priorityFor(rule, records, readLocalAccounts());
}
