// Events on their way to one reader: bounded, so that a slow reader loses events of its own, and is told how many.
import type { EventView } from '#model/api.ts';

const maxWaiting = 5000;

export class EventQueue implements AsyncIterable<EventView> {
  #waiting: EventView[] = [];
  #left = 0;
  #wake: (() => void) | undefined;
  #closed = false;

  push(event: EventView): void {
    if (this.#waiting.length >= maxWaiting) this.#left += 1;
    else this.#waiting.push(event);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<EventView> {
    while (!this.#closed) {
      const events = this.#waiting;
      this.#waiting = [];
      yield* events;
      if (this.#left > 0) {
        const last = events.at(-1);
        yield { sequence: last?.sequence ?? 0, time: last?.time ?? 0, type: 'left-out', data: { events: this.#left } };
        this.#left = 0;
      }
      if (this.#waiting.length > 0 || this.#closed) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
