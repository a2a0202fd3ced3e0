// Clause: one app, one destination and one direction of a rule, with all its other conditions; what is sorted and matched.
import type { Decision } from '#model/decision.ts';
import type { Action, Origin, RuleRecord } from '#model/rule.ts';
import type { Criterion } from './criterion.ts';

export interface CompiledRule {
  readonly record: RuleRecord;
  readonly name: string;
  readonly action: Action;
  readonly origin: Origin;
  /** After the defaults: fences 10, built-in −10, answers 0 at most. */
  readonly priority: number;
  /** Milliseconds since 1970, Infinity for ever. */
  readonly expires: number;
  /** False when the rule is switched off, in its file or by a `disabled` list. */
  readonly enabled: boolean;
  readonly clauses: readonly Clause[];
  /** For each direction of the rule, its conditions in the words of the file. */
  readonly conditions: ReadonlyMap<number, readonly Condition[]>;
}

/** One line of a rule: it holds when all tests of one alternative do. */
export interface Condition {
  readonly key: string;
  readonly wanted: string;
  readonly alternatives: readonly (readonly Criterion[])[];
}

/** How specific a clause is; greater comes first, and the fields are compared in this order. */
export interface Specificity {
  readonly app: number;
  /** The far end: `to` of what goes out or through, `from` of what comes in. */
  readonly far: number;
  readonly near: number;
  /** How many other conditions there are. */
  readonly count: number;
}

export interface Clause extends Specificity {
  readonly rule: CompiledRule;
  /** Index into the model's `directions`. */
  readonly direction: number;
  readonly tests: readonly Criterion[];
  /** Place in the order of evaluation, from 0. */
  rank: number;
  /** What is decided when this clause is the first that matches. */
  decision: Decision | undefined;
}
