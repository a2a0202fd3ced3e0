// Reports of what only grew, at most one a second for each thing; the last state is always reported in the end.
import { reportMs } from './limits.ts';

export interface Reportable {
  /** When it was last reported, in milliseconds. */
  reported: number;
}

export class Throttle<T extends Reportable> {
  /** In the order in which they fall due, because each waits equally long. */
  readonly #due = new Map<T, number>();

  /** It has been reported, with everything that is to be said. */
  reported(item: T, now: number): void {
    item.reported = now;
    this.#due.delete(item);
  }

  /** It grew. True: report it now; false: it waits for its turn. */
  grew(item: T, now: number): boolean {
    if (this.#due.has(item)) return false;
    if (now - item.reported >= reportMs) {
      item.reported = now;
      return true;
    }
    this.#due.set(item, now + reportMs);
    return false;
  }

  /** There is nothing more to say of it. */
  forget(item: T): void {
    this.#due.delete(item);
  }

  /** Hands over what is due; everything when `now` is infinite. */
  report(now: number, each: (item: T) => void): void {
    if (this.#due.size === 0) return;
    for (const [item, due] of this.#due) {
      if (due > now) return;
      this.#due.delete(item);
      if (now !== Number.POSITIVE_INFINITY) item.reported = now;
      each(item);
    }
  }

  /** When the next one falls due; infinite when none waits. */
  next(): number {
    if (this.#due.size === 0) return Number.POSITIVE_INFINITY;
    for (const due of this.#due.values()) return due;
    return Number.POSITIVE_INFINITY;
  }
}
