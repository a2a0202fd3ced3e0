// How long somebody waits after wrong passwords: nothing at first, then twice as long each time, up to a bound.
import { Lru } from '#std/lru.ts';

export interface DelayOptions {
  /** Tries that cost no waiting. */
  readonly free: number;
  readonly firstMs: number;
  readonly maxMs: number;
  /** After so long without a try, all is forgotten. */
  readonly forgetMs: number;
}

interface Tried {
  readonly times: number;
  readonly last: number;
  readonly until: number;
}

/** Beyond these the one that did not try for the longest is forgotten. */
const room = 10_000;

export class Delays {
  readonly #options: DelayOptions;
  readonly #tried = new Lru<string, Tried>(room);

  constructor(options: DelayOptions) {
    this.#options = options;
  }

  #of(key: string, now: number): Tried {
    const tried = this.#tried.get(key);
    return tried === undefined || tried.last + this.#options.forgetMs <= now ? { times: 0, last: 0, until: 0 } : tried;
  }

  /** Milliseconds until the next try is looked at; 0: now. */
  wait(key: string, now: number): number {
    return Math.max(0, this.#of(key, now).until - now);
  }

  /** Counts a try before it is known what comes of it, so that many at once are many. */
  begin(key: string, now: number): void {
    const times = this.#of(key, now).times + 1;
    const { free, firstMs, maxMs } = this.#options;
    const delay = times < free ? 0 : Math.min(maxMs, firstMs * 2 ** Math.min(30, times - free));
    this.#tried.set(key, { times, last: now, until: now + delay });
  }

  /** It was right. */
  forget(key: string): void {
    this.#tried.set(key, { times: 0, last: 0, until: 0 });
  }
}
