// Asks the name servers in their order: the next one when one does not answer in time, until one did or the time is over.
import type { DnsMessage, DnsQuestion } from '#wire/dns/message.ts';
import { type Cancel, exchange } from './exchange.ts';
import type { Upstream } from './plan.ts';

/** In milliseconds. */
export interface Patience {
  /** Until a question is given up. */
  readonly wholeMs: number;
  /** Until the next server is asked too. */
  readonly nextMs: number;
}

const patient: Patience = { wholeMs: 5000, nextMs: 1500 };
/** Of one question, whoever refuses how fast. */
const maxExchanges = 6;
/** How long a server that failed is asked last. */
const avoidMs = 10_000;

export class Upstreams {
  readonly #all: readonly Upstream[];
  readonly #now: () => number;
  readonly #patience: Patience;
  /** When each failed last. */
  readonly #failed = new Map<Upstream, number>();
  readonly #open = new Set<Cancel>();

  constructor(all: readonly Upstream[], now: () => number, patience = patient) {
    this.#all = all;
    this.#now = now;
    this.#patience = patience;
  }

  /** What the first server said that said something; undefined: none did. */
  ask(question: DnsQuestion): Promise<DnsMessage | undefined> {
    return new Promise((resolve) => {
      const order = this.#order();
      const refused = new Set<Upstream>();
      const exchanges: Cancel[] = [];
      let turn = 0;
      let next: NodeJS.Timeout | undefined;
      const end = (message?: DnsMessage) => {
        clearTimeout(whole);
        clearTimeout(next);
        for (const cancel of exchanges) cancel();
        this.#open.delete(end);
        resolve(message);
      };
      const askNext = () => {
        clearTimeout(next);
        while (refused.has(order[turn % order.length] as Upstream)) turn += 1;
        const server = order[turn++ % order.length] as Upstream;
        if (exchanges.length === maxExchanges) return;
        exchanges.push(
          exchange(question, server, (message) => {
            if (message !== undefined) {
              this.#failed.delete(server);
              end(message);
              return;
            }
            refused.add(server);
            this.#failed.set(server, this.#now());
            if (refused.size === order.length) end();
            else askNext();
          }),
        );
        next = setTimeout(() => {
          this.#failed.set(server, this.#now());
          askNext();
        }, this.#patience.nextMs);
      };
      const whole = setTimeout(end, this.#patience.wholeMs);
      this.#open.add(end);
      if (order.length === 0) end();
      else askNext();
    });
  }

  /** Those that failed lately come last. */
  #order(): readonly Upstream[] {
    const since = this.#now() - avoidMs;
    const fails = (server: Upstream) => ((this.#failed.get(server) ?? Number.NEGATIVE_INFINITY) > since ? 1 : 0);
    return this.#all.toSorted((one, other) => fails(one) - fails(other));
  }

  /** Gives up what is still asked. */
  close(): void {
    for (const end of this.#open) end();
  }
}
