// The pages behind one door: links, sessions and event streams, and where all this is served.
import type { PagesLink, PagesSession, Status } from '#model/api.ts';
import type { RefusalReason, RemoteState, SessionView } from '#model/pages/login.ts';
import { fail, ok } from '#std/result.ts';
import { isAdministrator, type Peer } from '../access.ts';
import { type Attempted, Entrance } from '../remote/entrance.ts';
import type { Account, Passwords } from '../remote/passwords.ts';
import { neighbourhoodOf } from '../remote/prefix.ts';
import type { Served } from '../services.ts';
import { WrongTokens } from './attempts.ts';
import { Links } from './links.ts';
import { Refusals } from './refusals.ts';
import { type Browser, endOf, type OpenSession, Sessions } from './sessions.ts';
import { accountPeer, type Standing, standingOf } from './standing.ts';

export const maxStreamsOfSession = 16;

/** Whom a request of a browser is served for. */
export interface Guest {
  readonly session: OpenSession;
  readonly user: string | undefined;
  /** With the groups that the account has now. */
  readonly peer: Peer;
}

interface Stream {
  readonly session: OpenSession;
  readonly administrator: boolean;
  readonly cut: () => void;
}

export interface PagesParts {
  readonly version: string;
  readonly now: () => number;
  readonly standing?: (peer: Peer) => Standing;
  /** Which accounts may come from other machines. */
  readonly passwords: Passwords;
  /** Something that the journal should have. */
  readonly record?: (type: 'login' | 'login-refused', data: unknown) => void;
}

/** Where a request came from: a user of this machine, or another machine. */
export interface Whence {
  readonly browser: Browser;
  /** The address; null: this machine. */
  readonly from: string | null;
}

export class Pages {
  readonly #parts: PagesParts;
  readonly #standing: (peer: Peer) => Standing;
  readonly #links = new Links();
  readonly #sessions = new Sessions();
  readonly #wrong = new WrongTokens();
  readonly #streams = new Set<Stream>();
  readonly #entrance: Entrance;
  /** What was not served. */
  readonly refusals: Refusals;
  /** Where they are served, such as http://127.0.0.1:7878, and why not. The server says it. */
  state: Pick<Status['pages'], 'url' | 'problem'> = { url: null, problem: null };
  /** The door to other machines; null: there is none. */
  remote: Omit<RemoteState, 'accounts' | 'reachable'> | null = null;
  /** Whether the policy lets anybody at all come to it; null while none holds. */
  reachable: boolean | null = null;

  constructor(parts: PagesParts) {
    this.#parts = parts;
    this.#standing = parts.standing ?? standingOf;
    const { passwords, now } = parts;
    this.refusals = new Refusals(
      (refused) => this.#parts.record?.('login-refused', refused),
      (uid) => this.#userName(uid),
    );
    this.#entrance = new Entrance({ passwords, now, stands: (account) => this.#peerOf(account) !== undefined });
  }

  get passwords(): Passwords {
    return this.#parts.passwords;
  }

  /** `all`: also who tried to log in. */
  status(all: boolean): Status['pages'] {
    const { passwords, now } = this.#parts;
    const { remote, reachable } = this;
    return {
      ...this.state,
      remote: remote === null ? null : { ...remote, reachable, accounts: passwords.size },
      refused: this.refusals.view(now(), all),
    };
  }

  /** `browser`: the user who will open it, where that is not the asker. */
  link(peer: Peer, browser = peer.uid): Served<PagesLink> {
    const { url, problem } = this.state;
    if (url === null) {
      const message =
        problem === null ? 'the pages are switched off (--pages off)' : `the pages are not served: ${problem}`;
      return fail({ code: 'unavailable', message });
    }
    if (browser !== peer.uid && peer.uid !== 0) {
      return fail({ code: 'not-permitted', message: 'only root may make a link for the browser of another user' });
    }
    const made = this.#links.make(peer, browser, this.#parts.now());
    if (!made.ok) return fail({ code: 'too-many', message: made.error });
    const userOf = (uid: number) => this.#standing({ ...peer, uid }).user ?? null;
    return ok({
      url: `${url}/login#${made.value.token}`,
      expires: made.value.expires,
      user: userOf(peer.uid),
      browser: { uid: browser, user: userOf(browser) },
    });
  }

  /** The cookie's token for the token of a link, from a connection of this user; or after how many seconds to try again. */
  login(token: string, { browser, from }: Whence): { readonly cookie: string } | { readonly retryAfter?: number } {
    const now = this.#parts.now();
    // Links are for browsers of this machine, whose user the kernel tells.
    const link = browser === 'remote' ? undefined : this.#links.take(token, browser, now);
    if (link === undefined) {
      const retryAfter = this.#wrong.add(now);
      this.refusals.login(
        browser === 'remote' ? (from ?? 'unknown') : browser,
        retryAfter === undefined ? 'login' : 'too-soon',
        now,
      );
      return retryAfter === undefined ? {} : { retryAfter };
    }
    const { user } = this.#standing(link.peer);
    return { cookie: this.#sessions.begin({ peer: link.peer, user, browser }, now) };
  }

  #userName(uid: number): string {
    return this.#standing(accountPeer(uid)).user ?? String(uid);
  }

  /** With the groups that the account has now; undefined: it is another one now, or none. */
  #peerOf({ user, uid }: Account): Peer | undefined {
    const peer = accountPeer(uid);
    return this.#standing(peer).user === user ? peer : undefined;
  }

  /** By password, from another machine. */
  async enter(
    attempted: Attempted,
  ): Promise<
    | { readonly cookie: string; readonly browser: string }
    | { readonly refused: RefusalReason; readonly retryAfterMs?: number }
  > {
    const entered = await this.#entrance.enter(attempted);
    const { from } = attempted;
    const now = this.#parts.now();
    if (!('account' in entered)) {
      this.refusals.login(neighbourhoodOf(from), entered.refused, now);
      return entered;
    }
    const { user, uid } = entered.account;
    const cookie = this.#sessions.begin({ peer: accountPeer(uid), user, browser: 'remote' }, now, from);
    this.#parts.record?.('login', { user, from });
    return { cookie, browser: entered.browser };
  }

  /** Who a cookie is, from a connection of this browser. */
  guest(cookie: string, { browser, from }: Whence): Guest | undefined {
    const session = this.#sessions.use(cookie, browser, this.#parts.now(), from);
    if (session === undefined) return undefined;
    const { user, peer } = this.#standing(session.peer);
    if (user === session.user) return { session, user, peer };
    this.#sessions.end(session); // the number went to another account
    return undefined;
  }

  logout({ session }: Guest): void {
    this.#sessions.end(session);
    this.look();
  }

  /** Those of a user, or of everybody. */
  sessions(uid?: number): SessionView[] {
    const open = this.#sessions.list(this.#parts.now());
    return open
      .filter(({ peer }) => uid === undefined || peer.uid === uid)
      .map((session) => ({
        id: session.id,
        user: session.user ?? null,
        uid: session.peer.uid,
        from: session.from,
        began: session.began,
        lastUsed: session.lastUsed,
        expires: endOf(session),
      }));
  }

  /** Ends those of which this is true; how many that were. */
  endSessions(which: (session: OpenSession) => boolean): number {
    const ended = this.#sessions.list(this.#parts.now()).filter(which);
    for (const session of ended) this.#sessions.end(session);
    this.look();
    return ended.length;
  }

  view({ session, user, peer }: Guest): PagesSession {
    return {
      user: user ?? null,
      uid: peer.uid,
      administrator: isAdministrator(peer),
      version: this.#parts.version,
      expires: endOf(session),
      remote: session.browser === 'remote',
    };
  }

  /** A stream of events begins; the result is to be called at its end. undefined: the session has too many. */
  stream({ session, peer }: Guest, cut: () => void): (() => void) | undefined {
    const own = [...this.#streams].filter((stream) => stream.session === session);
    if (own.length >= maxStreamsOfSession) return undefined;
    const stream = { session, administrator: isAdministrator(peer), cut };
    this.#streams.add(stream);
    return () => this.#streams.delete(stream);
  }

  /** Cuts the streams of sessions that ended, and of those whose user has other rights now: they may ask again. */
  look(): void {
    const now = this.#parts.now();
    this.refusals.look(now);
    for (const stream of this.#streams) {
      const { session, administrator, cut } = stream;
      const { user, peer } = this.#standing(session.peer);
      const same = user === session.user && isAdministrator(peer) === administrator;
      if (same && this.#sessions.isOpen(session, now)) continue;
      this.#streams.delete(stream);
      cut();
    }
  }
}
