// The login by password: who is let try, how soon again, and what a right one opens. A wrong one never says what was wrong of it.
import type { RefusalReason } from '#model/pages/login.ts';
import { Bucket } from './bucket.ts';
import { Delays } from './delays.ts';
import { Hasher } from './hasher.ts';
import type { Account, Passwords } from './passwords.ts';
import { verifyPassword } from './phc.ts';
import { neighbourhoodOf } from './prefix.ts';

const minuteMs = 60_000;

/** Of an address (or an IPv6 /64), and of a browser that is known: up to a quarter of an hour. */
const ofOne = { free: 5, firstMs: 1000, maxMs: 15 * minuteMs, forgetMs: 60 * minuteMs };
/** Of an account, from wherever strangers come: never more than a minute, and never for browsers that are known. */
const ofAccount = { free: 20, firstMs: 1000, maxMs: minuteMs, forgetMs: 60 * minuteMs };
/** Of all strangers together: so many at once, then one a second, which is a third of a processor. */
const strangersAtOnce = 30;
const strangersEveryMs = 1000;

export interface Attempted {
  readonly user: string;
  readonly password: string;
  readonly from: string;
  /** The token of a browser that logged in before. */
  readonly browser: string | undefined;
}

export type Entered =
  | { readonly account: Account; readonly browser: string }
  | { readonly refused: RefusalReason; readonly retryAfterMs?: number };

export interface EntranceParts {
  readonly passwords: Passwords;
  readonly now: () => number;
  /** Whether the account is still the one whose password it is. */
  readonly stands: (account: Account) => boolean;
}

export class Entrance {
  readonly #parts: EntranceParts;
  readonly #delays = { one: new Delays(ofOne), account: new Delays(ofAccount) };
  readonly #strangers = new Bucket(strangersAtOnce, strangersEveryMs);
  readonly #hasher = new Hasher();

  constructor(parts: EntranceParts) {
    this.#parts = parts;
  }

  async enter({ user, password, from, browser }: Attempted): Promise<Entered> {
    const { passwords, now, stands } = this.#parts;
    const place = neighbourhoodOf(from);
    const hash = passwords.browser(user, browser, now());
    // A lane of its own for whoever was here before: what strangers do does not hold them up.
    const known = hash !== undefined || passwords.knows(user, place, now());
    const one = hash === undefined ? `${known ? user : ''} ${place}` : `browser ${hash}`;
    const wait = this.#wait(one, known ? undefined : user, known);
    if (wait > 0) return { refused: 'too-soon', retryAfterMs: wait };
    this.#delays.one.begin(one, now());
    if (!known) this.#delays.account.begin(user, now());
    const account = passwords.of(user);
    const right = await this.#hasher.run(known, () => verifyPassword(password, account?.phc));
    // It may have been changed meanwhile.
    if (account === undefined || !right || passwords.of(user)?.phc !== account.phc || !stands(account)) {
      return { refused: 'login' };
    }
    this.#delays.one.forget(one);
    return { account, browser: passwords.welcome(passwords.of(user) ?? account, hash, place, now()) };
  }

  #wait(one: string, account: string | undefined, known: boolean): number {
    const now = this.#parts.now();
    const own = this.#delays.one.wait(one, now);
    const all = account === undefined ? 0 : this.#delays.account.wait(account, now);
    if (own > 0 || all > 0) return Math.max(own, all);
    if (!this.#hasher.hasRoom(known)) return strangersEveryMs;
    return known ? 0 : this.#strangers.take(now);
  }
}
