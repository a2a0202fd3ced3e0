// Exceptions to fences: a fence stands at priority 10, so a rule that is meant as its exception must stand there too.
import type { Accounts } from '#model/messages.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { completeAccounts } from './accounts.ts';
import { lowerRule } from './compile/lower.ts';
import { covers } from './compile/overlap.ts';
import { newVocabulary } from './compile/view.ts';
import type { Places } from './match/places.ts';

/**
 * The priority that a new rule needs because fences among `records` cover everything it matches: without it, it could
 * never win. Undefined where it needs none, or says its own. For rules that the command line and the pages write.
 */
export function exceptionPriority(
  rule: RuleText,
  records: readonly RuleRecord[],
  accounts: Accounts,
  places?: Places,
): number | undefined {
  if (rule.priority !== undefined || (rule.action !== 'allow' && rule.action !== 'ask')) return undefined;
  const record: RuleRecord = { rule, origin: 'local' };
  const context = {
    accounts: completeAccounts(accounts, [record, ...records]),
    vocabulary: newVocabulary(),
    aliases: {},
    disabled: new Set<string>(),
    places,
  };
  const exception = lowerRule(record, context).rule;
  let needed: number | undefined;
  for (const other of records) {
    if (other.rule.action !== 'reject' && other.rule.action !== 'drop') continue;
    const fence = lowerRule(other, context).rule;
    if (!fence.enabled || fence.priority <= (needed ?? exception.priority)) continue;
    const covered = exception.clauses.every((clause) => fence.clauses.some((outer) => covers(outer, clause)));
    if (covered && exception.clauses.length > 0) needed = fence.priority;
  }
  return needed;
}
