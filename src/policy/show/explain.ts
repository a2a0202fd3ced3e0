// Why a decision is what it is: the trace of the rules above the deciding one.
import type { Attempt, DestinationName } from '#model/attempt.ts';
import type { TraceStep } from '#model/decision.ts';
import { directions } from '#model/flow.ts';
import type { Whereabouts } from '#model/net/network.ts';
import type { AppCondition } from '#model/rule.ts';
import { several } from '../accounts.ts';
import type { Clause, CompiledRule } from '../compile/clause.ts';
import { type Criterion, fulfils } from '../compile/criterion.ts';
import type { View } from '../compile/view.ts';
import type { Winners } from '../consult/consult.ts';
import { nameMatches } from '../match/name.ts';
import { actualText, evidenceText, printable, whereText } from './words.ts';

interface Asked {
  readonly attempt: Attempt;
  readonly where: Whereabouts;
  readonly now: number;
}

/** `clauses` in the order of evaluation; `view` holds the attempt, and `own` and `winner` are what decided. */
export function traceOf(
  { own, winner }: Winners,
  clauses: readonly Clause[],
  view: View,
  asked: Asked,
): readonly TraceStep[] {
  const { attempt, now } = asked;
  const trace: TraceStep[] = [];
  const traced = new Set<CompiledRule>();
  const step = (rule: CompiledRule, why: string) => {
    if (traced.has(rule)) return;
    traced.add(rule);
    trace.push({ rule: rule.name, why });
  };
  for (const clause of clauses) {
    if (clause.rule.action === 'log' && matches(clause, view, now)) step(clause.rule, 'It matches, and only records.');
  }
  const replied = own !== undefined && winner !== own && own.rule.action === 'ask';
  for (const { rule, rank } of clauses) {
    if (rule.action === 'log' || rank > (winner?.rank ?? Infinity)) continue;
    if (replied && rule === own.rule) step(rule, `It matches and asks; the answer "${winner?.rule.name}" has replied.`);
    else if (rule === winner?.rule || (replied && rank > own.rank && rule.origin !== 'answer')) continue;
    else step(rule, whyNot(rule, view, asked));
  }
  if (winner !== undefined) {
    const by = evidence(winner.rule, view, attempt, now);
    step(winner.rule, `It matches${by === undefined ? '' : ` by ${by}`}: ${winner.rule.action}.`);
  }
  return trace;
}

function matches({ rule, direction, tests }: Clause, view: View, now: number): boolean {
  return rule.expires > now && direction === view.direction && tests.every((test) => fulfils(test, view));
}

/** What of the far end a rule that matches asks for beside its address: the name, and the list that has it. */
function evidence(rule: CompiledRule, view: View, { names }: Attempt, now: number): string | undefined {
  const met = (rule.conditions.get(view.direction) ?? []).flatMap(
    ({ alternatives }) => alternatives.find((tests) => tests.every((test) => fulfils(test, view))) ?? [],
  );
  for (const test of met) {
    if (test.kind !== 'name' && test.kind !== 'list') continue;
    const found = names.find((one) => isAskedFor(test, one));
    if (found === undefined) return test.kind === 'list' ? `the address, which list:${test.name} has` : undefined;
    const name = `the name ${printable(found.name)} (${evidenceText(found, now)})`;
    return test.kind === 'list' ? `${name}, which list:${test.name} has` : name;
  }
  return undefined;
}

function isAskedFor(test: Criterion & { readonly kind: 'name' | 'list' }, { name, from }: DestinationName): boolean {
  if (test.sources?.has(from) === false) return false;
  if (test.kind === 'name') return nameMatches(test.pattern, name);
  return test.list >= 0 && test.places?.listHasName(test.list, name) === true;
}

/** One sentence: the first condition that does not hold, with what it asks for and what there is. */
function whyNot(rule: CompiledRule, view: View, { attempt, where, now }: Asked): string {
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
    return `${key} is ${whereText(where, key) ?? actualText(attempt, key, now, app)}, and the rule asks for ${wanted}.`;
  }
  return 'It matches, and comes later.';
}
