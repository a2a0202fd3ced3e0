// One call of the engine: its instant, and the effects gathered so far.
import type { Effect } from './types.ts';

export interface Turn {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly out: Effect[];
}
