// Who is logged in to the pages. Sessions live in memory alone: a control plane that was started again knows none.
import type { Peer } from '../access.ts';
import { TokenTable } from './tokens.ts';

export const idleMs = 12 * 3600_000;
export const wholeMs = 7 * 24 * 3600_000;
export const maxSessionsOfUser = 32;

export interface OpenSession {
  /** As it was when the link was made. */
  readonly peer: Peer;
  /** The account's name then; another one now is another account. */
  readonly user: string | undefined;
  /** The user whose browser it is: from connections of others it is not there. */
  readonly browser: number;
  readonly began: number;
  lastUsed: number;
}

/** When it ends if it is not used any more, in milliseconds since 1970. */
export function endOf({ began, lastUsed }: OpenSession): number {
  return Math.min(began + wholeMs, lastUsed + idleMs);
}

export class Sessions {
  readonly #open = new TokenTable<OpenSession>();

  /** The token for the cookie. Beyond as many as a user may have, the one that was not used for the longest ends. */
  begin(of: Pick<OpenSession, 'peer' | 'user' | 'browser'>, now: number): string {
    this.#open.forget((session) => endOf(session) <= now);
    const own = this.#open.values().filter(({ peer }) => peer.uid === of.peer.uid);
    const [idlest] = own.sort((a, b) => a.lastUsed - b.lastUsed);
    if (own.length >= maxSessionsOfUser && idlest !== undefined) this.end(idlest);
    return this.#open.add({ ...of, began: now, lastUsed: now });
  }

  /** The session of a cookie that came from this user's browser. It counts as used now. */
  use(token: string, browser: number, now: number): OpenSession | undefined {
    const session = this.#open.find(token);
    if (session === undefined || session.browser !== browser || endOf(session) <= now) return undefined;
    session.lastUsed = now;
    return session;
  }

  isOpen(session: OpenSession, now: number): boolean {
    return endOf(session) > now && this.#open.values().includes(session);
  }

  end(session: OpenSession): void {
    this.#open.forget((one) => one === session);
  }
}
