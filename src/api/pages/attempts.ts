// How many wrong tokens are looked at: right ones are never counted, so that nobody locks another out.

export const maxWrong = 20;
export const wrongMs = 60_000;

export class WrongTokens {
  readonly #times: number[] = [];

  /** Counts one. Seconds after which the next is looked at, when this one came too early; undefined otherwise. */
  add(now: number): number | undefined {
    while (this.#times[0] !== undefined && this.#times[0] <= now - wrongMs) this.#times.shift();
    const [first] = this.#times;
    if (first !== undefined && this.#times.length >= maxWrong) return Math.ceil((first + wrongMs - now) / 1000);
    this.#times.push(now);
    return undefined;
  }
}
