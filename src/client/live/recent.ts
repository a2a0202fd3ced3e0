// The connections heard of lately, each once by its id, bounded: the oldest give way.
import type { LogLine } from '#model/api.ts';

export const maxRecent = 5000;

export class RecentConnections {
  readonly #lines = new Map<string, LogLine>();
  readonly #max: number;
  #version = 0;

  constructor(max = maxRecent) {
    this.#max = max;
  }

  /** Goes up with each change. */
  get version(): number {
    return this.#version;
  }

  add(lines: readonly LogLine[]): void {
    for (const line of lines) {
      const known = this.#lines.get(line.id);
      // What comes again after a break may be older than what was heard.
      if (known !== undefined && known.sequence > line.sequence) continue;
      this.#lines.set(line.id, line);
      if (this.#lines.size > this.#max) this.#lines.delete(this.#lines.keys().next().value as string);
    }
    if (lines.length > 0) this.#version += 1;
  }

  get(id: string): LogLine | undefined {
    return this.#lines.get(id);
  }

  /** In the order in which they began to be known. */
  all(): LogLine[] {
    return [...this.#lines.values()];
  }
}
