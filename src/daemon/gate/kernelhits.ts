// Hits that the kernel counts by itself, read soon after it told of a decision, so that `postern rules` stays true.
import type { FlowCache } from '#kernel/bpf/flows/flowcache.ts';

const gatherMs = 500;

export class KernelHits {
  readonly #cache: FlowCache | undefined;
  readonly #onHits: (rule: string, count: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(cache: FlowCache | undefined, onHits: (rule: string, count: number) => void) {
    this.#cache = cache;
    this.#onHits = onHits;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => this.flush(), gatherMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { what, hits } of this.#cache?.takeHits() ?? []) {
      const { rule, logged } = what;
      if (rule !== null) this.#onHits(rule, hits);
      for (const name of logged) if (name !== rule) this.#onHits(name, hits);
    }
  }
}
