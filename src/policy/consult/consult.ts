// What a decision was made from: why the clause that decides matches, and why none that would decide instead of it does.
import { type Direction, directions } from '#model/flow.ts';
import { answerDecides, answersMayDecide } from '../compile/answers.ts';
import type { Clause } from '../compile/clause.ts';
import { compareClauses } from '../compile/order.ts';
import type { Trees } from '../compile/tree.ts';
import type { View } from '../compile/view.ts';
import { Notes } from './consulted.ts';
import { reasonOf } from './reason.ts';
import { NotingWalk } from './walk.ts';

/** The first match among the answers and among the other rules, and which of the two decides. */
export interface Winners {
  readonly own: Clause | undefined;
  readonly answer: Clause | undefined;
  readonly winner: Clause | undefined;
}

/** `view` holds the attempt, `trees` are those of its direction, `winners` what they say of it at this instant. */
export function noteReasons(trees: Trees, winners: Winners, view: View, now: number): Notes {
  const notes = new Notes(directions[view.direction] as Direction);
  // It chose the trees.
  notes.note(reasonOf('flow.direction'));
  const walk = new NotingWalk(view, notes, now);
  walk.each(trees.logs);
  const { own, answer, winner } = winners;
  if (winner !== undefined) walk.matches(winner);
  if (answer !== undefined && winner === answer) {
    walk.none(trees.answers, answer.rank);
    const beyond = rankOfFirst(trees.lastBuiltins, (clause) => compareClauses(answer, clause) < 0);
    // Whichever built-in rule behind the answer matches, the answer decides.
    if (own === undefined || own.rank >= beyond) walk.none(trees.own, beyond);
    else {
      walk.matches(own);
      walk.none(trees.own, own.rank);
    }
  } else {
    walk.none(trees.own, own?.rank ?? Infinity);
    if (answersMayDecide(own)) {
      // An answer decides before a built-in rule only where it is more specific.
      walk.none(
        trees.answers,
        rankOfFirst(trees.answerClauses, (clause) => !answerDecides(own, clause)),
      );
    }
  }
  walk.settle();
  return notes;
}

/** The rank of the first clause that is like this; from there on all clauses of the list must be. Infinity when none is. */
function rankOfFirst(clauses: readonly Clause[], like: (clause: Clause) => boolean): number {
  let low = 0;
  let high = clauses.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (like(clauses[middle] as Clause)) high = middle;
    else low = middle + 1;
  }
  return clauses[low]?.rank ?? Infinity;
}
