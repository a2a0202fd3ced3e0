// Where answers stand among the other rules: they never outrank an administrator's.
import type { Clause } from './clause.ts';

/** Whether what the other rules say leaves room for an answer: nothing, a question, or a built-in rule. */
export function answersMayDecide(own: Clause | undefined): boolean {
  return own === undefined || own.rule.action === 'ask' || own.rule.origin === 'builtin';
}

/** Whether this answer decides where the other rules say `own`. */
export function answerDecides(own: Clause | undefined, answer: Clause): boolean {
  return own === undefined || own.rule.action === 'ask' || answer.rank < own.rank;
}
