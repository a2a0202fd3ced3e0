// Rules as text, and tried before they are kept: what a text says, where it would stand, what it would decide. Nothing is changed.
import type { Served } from '#api/services.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import type { AttemptWords, RuleTrial, RuleYaml, TryRule } from '#model/shown/ruletext.ts';
import {
  attemptFromConditions,
  type CompileContext,
  compilePolicy,
  completeAccounts,
  exceptionPriority,
  formatRule,
  judgingGuests,
  type Policy,
  runRuleTests,
  untilTime,
} from '#policy/index.ts';
import { fail, ok } from '#std/result.ts';
import type { RuleStore } from '#store/rulestore.ts';
import { readRuleText } from '#store/ruletext.ts';
import type { PolicyKeeper } from '../policykeeper.ts';

/** What of a trial rests on the compiled rules. */
type Found = Pick<
  RuleTrial,
  'place' | 'of' | 'priority' | 'needsPriority' | 'shadowedBy' | 'decision' | 'attemptProblem' | 'tests'
>;

export class RuleTrials {
  readonly #store: RuleStore;
  readonly #keeper: PolicyKeeper;
  readonly #now: () => number;

  constructor(parts: { readonly store: RuleStore; readonly keeper: PolicyKeeper; readonly now: () => number }) {
    this.#store = parts.store;
    this.#keeper = parts.keeper;
    this.#now = parts.now;
  }

  /** The rule as it stands in its file; one that stands in none, as it would. */
  text(name: string): Served<RuleYaml> {
    const record = this.#keeper.records.find(({ rule }) => rule.name === name);
    if (record === undefined) {
      return fail({ code: 'not-found', message: `there is no rule "${name}"`, hint: 'postern rules lists them' });
    }
    const { source, rule } = record;
    const found = source === undefined ? undefined : this.#store.ruleText(source.file, name);
    return ok({
      name,
      text: found?.text ?? this.#store.writtenRule(rule),
      file: source?.file ?? null,
      line: found?.line ?? source?.line ?? null,
      locked: whyLocked(record),
    });
  }

  try({ text, replaces, attempt }: TryRule): RuleTrial {
    const read = text === undefined ? { rule: undefined, problems: [] } : readRuleText(text);
    const { rule } = read;
    const before = this.#keeper.records;
    const old = before.find((record) => record.rule.name === replaces);
    const tried = rule && this.#record(rule, old);
    const records = tried === undefined ? [...before] : [...before.filter((record) => record !== old), tried];
    const context = this.#keeper.contextFor(records);
    const { policy, problems } = compilePolicy(records, { ...context, revision: 0, now: this.#now() });
    const ofRule = tried === undefined ? [] : problems.filter(({ file, line }) => isAt(tried, file, line));
    const wrong = [
      ...read.problems,
      ...ofRule.map(({ severity, message }) => ({ line: 1, column: 1, severity, message })),
    ];
    const found = this.#find(judgingGuests(policy), records, { ...context, revision: 0 }, tried, attempt);
    return { problems: wrong, rule: rule ?? null, sentence: rule === undefined ? null : formatRule(rule), ...found };
  }

  /** It stands where no file has a line, so that what is said of it is known by that. */
  #record(rule: RuleText, old: RuleRecord | undefined): RuleRecord {
    const { origin = 'local', lifetime, subject, expires } = old ?? {};
    const until = rule.until === undefined ? expires : untilTime(rule.until);
    return {
      rule,
      origin,
      source: { file: 'rule', line: 0, column: 0 },
      ...(until !== undefined && { expires: until }),
      ...(lifetime !== undefined && { lifetime }),
      ...(subject !== undefined && { subject }),
    };
  }

  #find(
    policy: Policy,
    records: readonly RuleRecord[],
    context: CompileContext,
    tried: RuleRecord | undefined,
    words: AttemptWords | undefined,
  ): Found {
    const at = policy.ordered.findIndex(({ rule }) => rule === tried?.rule);
    const view = policy.ordered[at];
    const made =
      words === undefined ? undefined : attemptFromConditions(words, completeAccounts(context.accounts, [], [words]));
    const others = records.filter((record) => record !== tried);
    return {
      place: view === undefined ? null : at + 1,
      of: policy.ordered.length,
      priority: view?.priority ?? null,
      needsPriority:
        tried === undefined ? null : (exceptionPriority(tried.rule, others, context.accounts, context.places) ?? null),
      shadowedBy: [...(view?.shadowedBy ?? [])],
      decision: made?.ok === true ? ({ ...policy.explain(made.value, this.#now()) } as RuleTrial['decision']) : null,
      attemptProblem: made?.ok === false ? made.error : null,
      tests: tried === undefined ? null : this.#tests(records, context, tried),
    };
  }

  #tests(records: readonly RuleRecord[], context: CompileContext, tried: RuleRecord): RuleTrial['tests'] {
    // Only its own: those of the others are their authors'.
    const own = records.map((record) => {
      const { tests: _, ...rule } = record.rule;
      return record === tried ? record : { ...record, rule };
    });
    const { passed, failed } = runRuleTests(own, { ...context, now: this.#now() });
    return { passed, failed: failed.map((failure) => ({ ...failure, place: null })) } as RuleTrial['tests'];
  }
}

const isAt = ({ source }: RuleRecord, file: string, line: number) => source?.file === file && source.line === line;

/** Why the pages and the command line do not change this rule. */
function whyLocked({ origin, source }: RuleRecord): string | null {
  if (origin === 'builtin') return 'It comes with Postern: it can be switched off, or a stricter rule made.';
  if (origin !== 'file') return null;
  return `It stands in ${source?.file ?? 'a file'}, which an administrator writes: change it there, or switch it off here.`;
}
