// Policy: all rules compiled, immutable, with a revision; the only thing that decides.
import type { Attempt, NameSource } from '#model/attempt.ts';
import type { DecidedAction, Decision, Explanation } from '#model/decision.ts';
import { directions } from '#model/flow.ts';
import type { Accounts } from '#model/messages.ts';
import type { Mode } from '#model/mode.ts';
import type { Whereabouts } from '#model/net/network.ts';
import type { Process } from '#model/process.ts';
import type { RuleRecord } from '#model/rule.ts';
import { unreachable } from '#std/result.ts';
import { answerDecides, answersMayDecide } from './compile/answers.ts';
import type { Aliases } from './compile/app.ts';
import type { Clause, CompiledRule } from './compile/clause.ts';
import { type Criterion, fulfils } from './compile/criterion.ts';
import { lowerRule } from './compile/lower.ts';
import { orderClauses } from './compile/order.ts';
import { buildTrees, entryMatches, FirstMatch, type Node, type Trees, type Walk, walk } from './compile/tree.ts';
import { newVocabulary, View } from './compile/view.ts';
import { noteReasons, type Winners } from './consult/consult.ts';
import type { Consulted } from './consult/consulted.ts';
import { type Diagnostic, ruleDiagnostic } from './diagnostic.ts';
import { type KernelRule, kernelRulesOf } from './kernel.ts';
import { noPlaces, type Places } from './match/places.ts';
import { traceOf } from './show/explain.ts';
import { type OrderedRule, orderedRules } from './show/ordered.ts';
import { type TouchingRule, touchingRules } from './show/touching.ts';

export interface CompileContext {
  readonly revision: number;
  readonly mode: Mode;
  readonly accounts: Accounts;
  /** Names of rules that are switched off. */
  readonly disabled?: ReadonlySet<string> | undefined;
  /** Exact paths in rules (see `pathsToResolve`) whose real path is another, by their symbolic links. */
  readonly aliases?: Aliases | undefined;
  /** Lists, countries and network numbers. Without them no rule that asks for one matches. */
  readonly places?: Places | undefined;
  /** The network that the machine is on; without it no rule that asks for one, or for a profile, matches. */
  readonly where?: Whereabouts | undefined;
  /** Milliseconds since 1970: rules that have ended by then get a warning. Without it no rule does. */
  readonly now?: number | undefined;
}

export interface ConsultedDecision {
  readonly decision: Decision;
  readonly consulted: Consulted;
}

export interface Policy {
  readonly revision: number;
  readonly mode: Mode;
  /** `now` in milliseconds since 1970. Same attempt, same revision, same instant: same decision. */
  decide(attempt: Attempt, now: number): Decision;
  /** The same decision with what it was made from; takes several times as long, however many rules there are. */
  decideConsulting(attempt: Attempt, now: number): ConsultedDecision;
  /**
   * Whether the name that the flow says in its first packets may make another decision of this one: an allowed flow that names
   * were looked at for, or one that is not allowed and that a rule before it would decide, which asks for what a flow says (`name-from`).
   */
  listens(attempt: Attempt, decision: Decision, now: number): boolean;
  /** The same decision with its reasons and the fields it depends on; takes as long as there are rules. */
  explain(attempt: Attempt, now: number): Explanation;
  /** The rules that can decide about this program, whatever it talks to, in the order of evaluation. */
  touching(process: Process, now: number): readonly TouchingRule[];
  /** All rules in the order of evaluation, a rule at the place of its most specific app and destination. */
  readonly ordered: readonly OrderedRule[];
  /** What nft can enforce alone, in the order of evaluation. */
  readonly kernelRules: readonly KernelRule[];
}

/** Clauses of one policy at most: room for 100,000 rules of ten pairs. */
const maxClauses = 1_000_000;

/**
 * Problems of severity `error` mean that the policy must not replace another: the rules they name match nothing.
 * Warnings are for people. Records may come in any order.
 */
export function compilePolicy(
  records: readonly RuleRecord[],
  context: CompileContext,
): { readonly policy: Policy; readonly problems: readonly Diagnostic[] } {
  const vocabulary = newVocabulary();
  const { accounts, disabled = new Set<string>(), aliases = {}, places, where = {}, now } = context;
  const problems: Diagnostic[] = [];
  const names = new Set<string>();
  const rules: CompiledRule[] = [];
  let clauses = 0;
  for (const record of records) {
    const { name } = record.rule;
    if (names.has(name)) problems.push(ruleDiagnostic(record, 'error', 'another rule has the same name'));
    names.add(name);
    const { rule, issues } = lowerRule(record, { accounts, vocabulary, aliases, disabled, places, where });
    for (const { severity, message } of issues) problems.push(ruleDiagnostic(record, severity, message));
    if (now !== undefined && rule.expires <= now) problems.push(ruleDiagnostic(record, 'warning', endedSince(rule)));
    clauses += rule.clauses.length;
    if (clauses > maxClauses) {
      problems.push(
        ruleDiagnostic(record, 'error', `the rules stand for more than ${maxClauses} pairs; this is one too many`),
      );
      break;
    }
    rules.push(rule);
  }
  const view = new View(vocabulary, places ?? noPlaces);
  return { policy: new IndexedPolicy(context, rules, view), problems };
}

function endedSince({ record: { rule }, expires }: CompiledRule): string {
  return `has ended (${rule.until ?? new Date(expires).toISOString()}) and matches nothing; remove it, or give it another day`;
}

const nothingLogged: readonly string[] = Object.freeze([]);

class IndexedPolicy implements Policy {
  readonly revision: number;
  readonly mode: Mode;
  readonly #rules: readonly CompiledRule[];
  readonly #clauses: readonly Clause[];
  readonly #trees: readonly Trees[];
  readonly #view: View;
  /** Those that ask for what a flow says, in the order of evaluation. */
  readonly #asking: readonly Clause[];
  readonly #first: FirstMatch;
  readonly #where: Whereabouts;
  readonly #byMode: Decision;
  #ordered: readonly OrderedRule[] | undefined;
  #kernelRules: readonly KernelRule[] | undefined;

  constructor(context: CompileContext, rules: readonly CompiledRule[], view: View) {
    this.revision = context.revision;
    this.mode = context.mode;
    this.#where = context.where ?? {};
    this.#rules = rules;
    this.#view = view;
    this.#first = new FirstMatch(view);
    this.#clauses = orderClauses(rules);
    this.#asking = this.#clauses.filter(
      ({ direction, rule, tests }) => directions[direction] === 'out' && rule.action !== 'log' && tests.some(isSaid),
    );
    this.#trees = directions.map((_, direction) => {
      return buildTrees(this.#clauses.filter((clause) => clause.direction === direction));
    });
    this.#byMode = this.#decisionOf(null);
    for (const rule of rules) {
      const decision = this.#decisionOf(rule);
      for (const clause of rule.clauses) clause.decision = decision;
    }
  }

  decide(attempt: Attempt, now: number): Decision {
    const view = this.#view;
    view.load(attempt);
    const trees = this.#trees[view.direction] as Trees;
    const own = this.#first.find(trees.own, now);
    const winner = trees.answers === undefined ? own : this.#withAnswers(own, trees.answers, now);
    return this.#decided(winner, trees, now);
  }

  /** An answer decides where nothing else does, where a rule asks, and before the built-in rules. */
  #withAnswers(own: Clause | undefined, answers: Node, now: number): Clause | undefined {
    if (!answersMayDecide(own)) return own;
    const answer = this.#first.find(answers, now);
    return answer !== undefined && answerDecides(own, answer) ? answer : own;
  }

  #decided(winner: Clause | undefined, { logs }: Trees, now: number): Decision {
    const decision = winner?.decision ?? this.#byMode;
    return logs === undefined ? decision : this.#logged(decision, logs, now);
  }

  #logged(decision: Decision, logs: Node, now: number): Decision {
    const names = new Set<string>();
    const view = this.#view;
    const collect: Walk = {
      limit: Infinity,
      visit(entries) {
        for (const entry of entries) if (entryMatches(entry, view, now)) names.add(entry.clause.rule.name);
      },
    };
    walk(logs, view, collect);
    if (names.size === 0) return decision;
    return { ...decision, logged: [...names].sort().concat(decision.logged) };
  }

  #decisionOf(rule: CompiledRule | null): Decision {
    const { revision } = this;
    if (rule === null) {
      return Object.freeze({ action: modeAction(this.mode), rule: null, by: 'mode', revision, logged: nothingLogged });
    }
    const logged = rule.record.rule.log === true ? Object.freeze([rule.name]) : nothingLogged;
    // Clauses of `log` rules are in a tree of their own and never decide.
    const action = rule.action === 'log' ? 'allow' : rule.action;
    const { errno } = rule.record.rule;
    const said = { action, rule: rule.name, by: 'rule', revision, logged } as const;
    return Object.freeze(errno === undefined ? said : { ...said, errno });
  }

  decideConsulting(attempt: Attempt, now: number): ConsultedDecision {
    const view = this.#view;
    view.load(attempt);
    const trees = this.#trees[view.direction] as Trees;
    const winners = this.#winners(trees, now);
    const decision = this.#decided(winners.winner, trees, now);
    return { decision, consulted: noteReasons(trees, winners, view, now).consulted() };
  }

  #winners(trees: Trees, now: number): Winners {
    const own = this.#first.find(trees.own, now);
    const answer = answersMayDecide(own) ? this.#first.find(trees.answers, now) : undefined;
    return { own, answer, winner: answer !== undefined && answerDecides(own, answer) ? answer : own };
  }

  listens(attempt: Attempt, decision: Decision, now: number): boolean {
    const { protocol, direction } = attempt.flow;
    if (direction !== 'out' || (protocol !== 'tcp' && protocol !== 'udp')) return false;
    if (decision.action === 'allow') return this.decideConsulting(attempt, now).consulted.names;
    const view = this.#view;
    view.load(attempt);
    const { winner } = this.#winners(this.#trees[view.direction] as Trees, now);
    return this.#asking.some(
      (clause) =>
        clause.rank < (winner?.rank ?? Infinity) && clause.rule.expires > now && mayHold(clause, view, protocol),
    );
  }

  explain(attempt: Attempt, now: number): Explanation {
    const view = this.#view;
    const decision = this.decide(attempt, now);
    const trees = this.#trees[view.direction] as Trees;
    const winners = this.#winners(trees, now);
    const depends = noteReasons(trees, winners, view, now).fields();
    return { ...decision, depends, trace: traceOf(winners, this.#clauses, view, { attempt, where: this.#where, now }) };
  }

  touching(process: Process, now: number): readonly TouchingRule[] {
    return touchingRules(process, this.#clauses, this.#view, now);
  }

  get ordered(): readonly OrderedRule[] {
    this.#ordered ??= orderedRules(this.#rules, this.#clauses);
    return this.#ordered;
  }

  get kernelRules(): readonly KernelRule[] {
    this.#kernelRules ??= kernelRulesOf(this.#clauses);
    return this.#kernelRules;
  }
}

/** What a flow says itself, by its protocol. */
const saidSources: Readonly<Record<'tcp' | 'udp', readonly NameSource[]>> = { tcp: ['sni', 'http'], udp: ['quic'] };

/** Whether the test asks for a name that the flow says itself. */
function isSaid(test: Criterion): boolean {
  return isSaidOver(test, 'tcp') || isSaidOver(test, 'udp');
}

function isSaidOver(test: Criterion, protocol: 'tcp' | 'udp'): boolean {
  const { sources } = test.kind === 'name' || test.kind === 'list' ? test : { sources: undefined };
  return saidSources[protocol].some((source) => sources?.has(source));
}

/** Whether the clause matches if the flow says the right name. */
function mayHold({ tests }: Clause, view: View, protocol: 'tcp' | 'udp'): boolean {
  return tests.every((test) => isSaidOver(test, protocol) || fulfils(test, view));
}

/** What becomes of an attempt that no rule matches. */
export function modeAction(mode: Mode): DecidedAction {
  switch (mode) {
    case 'off':
    case 'observe':
    case 'allow':
      return 'allow';
    case 'ask':
      return 'ask';
    case 'lockdown':
      return 'reject';
    default:
      return unreachable(mode);
  }
}
