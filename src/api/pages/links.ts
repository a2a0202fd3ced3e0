// Links that log a browser in: each for the one who asked for it, for a minute, once.
import { fail, ok, type Result } from '#std/result.ts';
import type { Peer } from '../access.ts';
import { TokenTable } from './tokens.ts';

export const linkMs = 60_000;
export const maxLinksOfUser = 16;

interface Link {
  /** Whose rights the session will have. */
  readonly peer: Peer;
  /** The user who must run the browser. */
  readonly browser: number;
  readonly expires: number;
}

export class Links {
  readonly #open = new TokenTable<Link>();

  /** The token, and when it ends in milliseconds since 1970; the error says why there can be none now. */
  make(peer: Peer, browser: number, now: number): Result<{ readonly token: string; readonly expires: number }> {
    this.#open.forget(({ expires }) => expires <= now);
    const own = this.#open.values().filter((link) => link.peer.uid === peer.uid);
    if (own.length >= maxLinksOfUser) {
      return fail(`${maxLinksOfUser} links of yours are still open; each ends by itself after a minute`);
    }
    const expires = now + linkMs;
    return ok({ token: this.#open.add({ peer, browser, expires }), expires });
  }

  /** Takes the link away and says what it was for. To a browser of another user it is not there, and stays. */
  take(token: string, browser: number, now: number): Link | undefined {
    const link = this.#open.find(token);
    if (link === undefined || link.expires <= now || link.browser !== browser) return undefined;
    this.#open.forget((one) => one === link);
    return link;
  }
}
