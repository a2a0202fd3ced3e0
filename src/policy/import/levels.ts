// Levels: an order in which the first match decides, as priorities.
import type { Action } from '#model/rule.ts';

export interface Step {
  readonly action: Action;
  /** It decides at once when it matches. What is not final allows where no final step matches. */
  readonly final: boolean;
}

const highest = 1000;
/** Built-in rules stand at −10; whatever is imported comes before them. */
const lowest = -9;

/** How many changes of action an order may have. */
export const maxLevels = highest - lowest;

/**
 * A priority for each step, in their order. Neighbours of one action share a level: whichever of them wins, the decision is
 * the same. All that is not final stands on one level below. Undefined for the steps for which no level is left.
 */
export function levelsOf(steps: readonly Step[]): (number | undefined)[] {
  const levels: number[] = [];
  let level = -1;
  let last: Action | undefined;
  for (const { action, final } of steps) {
    if (final && action !== last) {
      level += 1;
      last = action;
    }
    levels.push(level);
  }
  const needed = level + 1;
  const base = needed > highest ? lowest : 0;
  const top = Math.min(base + needed, highest);
  return levels.map((at, index) => {
    if (steps[index]?.final !== true) return base;
    return top - at > base ? top - at : undefined;
  });
}
