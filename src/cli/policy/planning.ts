// A plan: what would become of the rules, of their tests and of what happened lately, if a folder took their place.
import type { Mode } from '#model/mode.ts';
import type { LintFinding } from '#model/shown/lint.ts';
import type { PolicyPlan } from '#model/shown/policyfiles.ts';
import type { ReplayReport } from '#model/shown/replay.ts';
import { judgingGuests, lintRules, type Policy, Replay, runRuleTests } from '#policy/index.ts';
import type { Places } from '#policy/match/places.ts';
import { readRows } from '#store/replay/rows.ts';
import { stateOf } from '#store/versions/ruletexts.ts';
import { compileRules, readAliases, readLocalAccounts } from '../rulesdir.ts';
import { differenceBetween, type Side } from './folders.ts';

export interface PlanContext {
  readonly mode: Mode;
  readonly places: Places;
  readonly now: number;
  /** Recorded connections since then; or why none is looked at. */
  readonly history: { readonly journal: string; readonly since: number } | { readonly none: string };
}

const jsonGroups = 1000;

export function makePlan(before: Side, after: Side, context: PlanContext): PolicyPlan {
  const { mode, places, now } = context;
  const difference = differenceBetween(before, after);
  const [old, young] = [before, after].map(({ rules }) => compileRules(rules, { mode, places, now }, true)) as [
    Compiled,
    Compiled,
  ];
  const broken = young.problems.some(({ severity }) => severity === 'error');
  const tests = broken ? { passed: 0, failed: [] } : testsOf(after, context);
  const same = difference.files.length === 0;
  return {
    state: stateOf(before.texts),
    wanted: stateOf(after.texts),
    same,
    ok: !broken && tests.failed.length === 0,
    ...difference,
    problems: [...young.problems],
    tests: { passed: tests.passed, failed: [...tests.failed] } as PolicyPlan['tests'],
    lint: broken ? [] : newFindings(before, old, after, young, context),
    ...(broken ? unlooked('the rules are wrong') : same ? unlooked('nothing changes') : replay(old, young, context)),
  };
}

type Compiled = ReturnType<typeof compileRules>;

function testsOf({ rules: { records, disabled } }: Side, { mode, places, now }: PlanContext) {
  const accounts = readLocalAccounts();
  return runRuleTests(records, { revision: 0, mode, places, accounts, disabled, aliases: readAliases(records), now });
}

/** Where a rule stands may change; what is said of it is what counts. */
function newFindings(before: Side, old: Compiled, after: Side, young: Compiled, { places, now }: PlanContext) {
  const of = ({ rules }: Side, { policy, accounts }: Compiled) =>
    lintRules(policy, rules.records, { accounts, places, now });
  const key = ({ rule, kind, message }: LintFinding) => JSON.stringify([rule, kind, message]);
  const known = new Set(of(before, old).map(key));
  return of(after, young).filter((finding) => !known.has(key(finding)));
}

const unlooked = (why: string): Pick<PolicyPlan, 'replay' | 'unlooked'> => ({ replay: null, unlooked: why });

function replay(
  old: Compiled,
  young: Compiled,
  { history, now }: PlanContext,
): Pick<PolicyPlan, 'replay' | 'unlooked'> {
  if ('none' in history) return unlooked(history.none);
  if (old.problems.some(({ severity }) => severity === 'error'))
    return unlooked('the rules that there are have an error');
  const judging = ({ policy }: Compiled): Policy => judgingGuests(policy);
  const trial = new Replay(judging(young), now, judging(old));
  try {
    for (const connection of readRows(history.journal, history.since)) trial.add(connection);
  } catch (error) {
    return unlooked(error instanceof Error ? error.message : String(error));
  }
  const report: ReplayReport = trial.report(jsonGroups);
  return { replay: report, unlooked: null };
}
