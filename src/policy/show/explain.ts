// Why a decision is what it is: the trace of the rules above the deciding one, and the fields the decision depends on.
import type { Attempt } from '#model/attempt.ts';
import type { Decision, Explanation, Field, TraceStep } from '#model/decision.ts';
import { directions } from '#model/flow.ts';
import type { AppCondition } from '#model/rule.ts';
import { several } from '../accounts.ts';
import { answerDecides, answersMayDecide } from '../compile/answers.ts';
import type { Clause, CompiledRule } from '../compile/clause.ts';
import { type Criterion, fieldsOf, fulfils } from '../compile/criterion.ts';
import type { View } from '../compile/view.ts';
import { actualText } from './words.ts';

/** `clauses` in the order of evaluation; `view` holds the attempt. */
export function explainWith(
  decision: Decision,
  clauses: readonly Clause[],
  view: View,
  attempt: Attempt,
  now: number,
): Explanation {
  const depends = new Set<Field>();
  const trace: TraceStep[] = [];
  const traced = new Set<CompiledRule>();
  const step = (rule: CompiledRule, why: string) => {
    if (traced.has(rule)) return;
    traced.add(rule);
    trace.push({ rule: rule.name, why });
  };
  /** Walks down until a clause matches; each clause passed by rests on one of its fields. */
  const firstOf = (wanted: (clause: Clause) => boolean): Clause | undefined => {
    for (const clause of clauses) {
      if (!wanted(clause) || clause.rule.action === 'log') continue;
      if (matchesNoting(clause, view, now, depends)) return clause;
    }
    return undefined;
  };
  const own = firstOf(({ rule }) => rule.origin !== 'answer');
  let winner = own;
  if (answersMayDecide(own)) {
    const answer = firstOf(({ rule }) => rule.origin === 'answer');
    if (answer !== undefined && answerDecides(own, answer)) winner = answer;
  }
  for (const rule of new Set(clauses.map((clause) => clause.rule))) {
    if (rule.action !== 'log') continue;
    if (rule.clauses.some((clause) => matchesNoting(clause, view, now, depends))) {
      step(rule, 'It matches, and only records.');
    }
  }
  const replied = own !== undefined && winner !== own && own.rule.action === 'ask';
  for (const { rule, rank } of clauses) {
    if (rule.action === 'log' || rank > (winner?.rank ?? Infinity)) continue;
    if (replied && rule === own.rule) step(rule, `It matches and asks; the answer "${winner?.rule.name}" has replied.`);
    else if (rule === winner?.rule || (replied && rank > own.rank && rule.origin !== 'answer')) continue;
    else step(rule, whyNot(rule, view, attempt, now));
  }
  if (winner !== undefined) step(winner.rule, `It matches: ${decision.action}.`);
  return { ...decision, depends: [...depends].sort(), trace };
}

/** Whether the clause matches; notes the fields that settle it, rather one already noted than a new one. */
function matchesNoting(clause: Clause, view: View, now: number, depends: Set<Field>): boolean {
  if (clause.rule.expires <= now) return false;
  depends.add('flow.direction');
  if (clause.direction !== view.direction) return false;
  const failing = clause.tests.filter((test) => !fulfils(test, view));
  const [first] = failing;
  if (first === undefined) {
    for (const test of clause.tests) for (const field of fieldsOf(test, view)) depends.add(field);
    return true;
  }
  const noted = (test: Criterion) => fieldsOf(test, view).every((field) => depends.has(field));
  if (!failing.some(noted)) for (const field of fieldsOf(first, view)) depends.add(field);
  return false;
}

/** One sentence: the first condition that does not hold, with what it asks for and what there is. */
function whyNot(rule: CompiledRule, view: View, attempt: Attempt, now: number): string {
  if (rule.expires <= now) return `It expired at ${new Date(rule.expires).toISOString()}.`;
  const conditions = rule.conditions.get(view.direction);
  const direction = directions[view.direction];
  if (conditions === undefined) {
    const asked = [...rule.conditions.keys()].map((index) => directions[index]).join(' or ');
    return `direction is ${direction}, and the rule asks for ${asked}.`;
  }
  for (const { key, wanted, alternatives } of conditions) {
    if (alternatives.some((tests) => tests.every((test) => fulfils(test, view)))) continue;
    const app = key === 'app' ? several<AppCondition>(rule.record.rule.app)[0] : undefined;
    return `${key} is ${actualText(attempt, key, app)}, and the rule asks for ${wanted}.`;
  }
  return 'It matches, and comes later.';
}
