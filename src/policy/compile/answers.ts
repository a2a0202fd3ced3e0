// Where answers stand among the other rules: they never outrank an administrator's.
import type { Clause } from './clause.ts';
import { compareClauses } from './order.ts';

/** Whether what the other rules say leaves room for an answer: nothing, a question, or a built-in rule. */
export function answersMayDecide(own: Clause | undefined): boolean {
  return own === undefined || own.rule.action === 'ask' || own.rule.origin === 'builtin';
}

/** Whether this answer decides where the other rules say `own`, which left room for it. */
export function answerDecides(own: Clause | undefined, answer: Clause): boolean {
  return own === undefined || own.rule.action === 'ask' || compareClauses(answer, own) < 0;
}
