// The `tests:` of rules: what their authors mean, tried against the whole policy.
import type { DecidedAction, Explanation } from '#model/decision.ts';
import type { Whereabouts } from '#model/net/network.ts';
import type { RuleRecord, RuleTest, SourcePlace } from '#model/rule.ts';
import { completeAccounts } from '../accounts.ts';
import { judgingGuests } from '../guest.ts';
import { type CompileContext, compilePolicy, type Policy } from '../policy.ts';
import { attemptFromConditions, whereOf } from './attempt.ts';

export interface FailedRuleTest {
  readonly rule: string;
  /** Which of the rule's tests, from 0. */
  readonly index: number;
  readonly test: RuleTest;
  /** Where the rule stands. */
  readonly place: SourcePlace | null;
  readonly expected: DecidedAction;
  /** Null when no attempt could be made of the test; `message` says why. */
  readonly got: DecidedAction | null;
  readonly explanation: Explanation | null;
  /** A sentence for people. */
  readonly message: string;
}

export interface RuleTestContext extends CompileContext {
  /** Milliseconds since 1970, for rules that expire. */
  readonly now: number;
}

/** Users and groups that this machine does not have get stand-in ids, so that tests run anywhere. */
export function runRuleTests(
  records: readonly RuleRecord[],
  context: RuleTestContext,
): { readonly passed: number; readonly failed: readonly FailedRuleTest[] } {
  const accounts = completeAccounts(context.accounts, records);
  const policies = new Map<string, Policy>();
  /** The policy on the network that a test speaks of. */
  const policyAt = (where: Whereabouts): Policy => {
    const key = JSON.stringify(where);
    const known = policies.get(key) ?? judgingGuests(compilePolicy(records, { ...context, accounts, where }).policy);
    policies.set(key, known);
    return known;
  };
  const failed: FailedRuleTest[] = [];
  let passed = 0;
  for (const { rule, source } of records) {
    (rule.tests ?? []).forEach((test, index) => {
      const common = { rule: rule.name, index, test, place: source ?? null, expected: test.expect };
      const attempt = attemptFromConditions(test, accounts);
      if (!attempt.ok) {
        const message = `test ${index + 1} of rule "${rule.name}" cannot be tried: ${attempt.error}`;
        failed.push({ ...common, got: null, explanation: null, message });
        return;
      }
      const policy = policyAt(whereOf(test));
      const explanation = policy.explain(attempt.value, context.now);
      if (explanation.action === test.expect) {
        passed++;
        return;
      }
      const by = explanation.rule === null ? `the mode (${policy.mode})` : `rule "${explanation.rule}"`;
      const message = `test ${index + 1} of rule "${rule.name}" expects ${test.expect}, and ${by} says ${explanation.action}`;
      failed.push({ ...common, got: explanation.action, explanation, message });
    });
  }
  return { passed, failed };
}
