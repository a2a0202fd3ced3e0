// Who is logged in to the pages. Sessions live in memory alone: a control plane that was started again knows none.
import { randomBytes } from 'node:crypto';
import type { Peer } from '../access.ts';
import { TokenTable } from './tokens.ts';

export const idleMs = 12 * 3600_000;
export const wholeMs = 7 * 24 * 3600_000;
export const maxSessionsOfUser = 32;

/** Whose browser it is: of this user of this machine, as the kernel says, or of another machine, of which it says nothing. */
export type Browser = number | 'remote';

export interface OpenSession {
  /** By which people name it; it opens nothing. */
  readonly id: string;
  /** As it was when the link was made. */
  readonly peer: Peer;
  /** The account's name then; another one now is another account. */
  readonly user: string | undefined;
  /** From connections of others it is not there. */
  readonly browser: Browser;
  readonly began: number;
  lastUsed: number;
  /** The address that asked last; null: this machine. */
  from: string | null;
}

/** When it ends if it is not used any more, in milliseconds since 1970. */
export function endOf({ began, lastUsed }: OpenSession): number {
  return Math.min(began + wholeMs, lastUsed + idleMs);
}

export class Sessions {
  readonly #open = new TokenTable<OpenSession>();

  /** The token for the cookie. Beyond as many as a user may have, the one that was not used for the longest ends. */
  begin(of: Pick<OpenSession, 'peer' | 'user' | 'browser'>, now: number, from: string | null = null): string {
    this.#open.forget((session) => endOf(session) <= now);
    const own = this.#open.values().filter(({ peer }) => peer.uid === of.peer.uid);
    const [idlest] = own.sort((a, b) => a.lastUsed - b.lastUsed);
    if (own.length >= maxSessionsOfUser && idlest !== undefined) this.end(idlest);
    const id = randomBytes(6).toString('hex');
    return this.#open.add({ ...of, id, from, began: now, lastUsed: now });
  }

  /** The session of a cookie that came from this browser. It counts as used now. */
  use(token: string, browser: Browser, now: number, from: string | null = null): OpenSession | undefined {
    const session = this.#open.find(token);
    if (session === undefined || session.browser !== browser || endOf(session) <= now) return undefined;
    session.lastUsed = now;
    session.from = from;
    return session;
  }

  /** Those that go on, the newest first. */
  list(now: number): OpenSession[] {
    const open = this.#open.values().filter((session) => endOf(session) > now);
    return open.sort((a, b) => b.began - a.began);
  }

  isOpen(session: OpenSession, now: number): boolean {
    return endOf(session) > now && this.#open.values().includes(session);
  }

  end(session: OpenSession): void {
    this.#open.forget((one) => one === session);
  }
}
