// The pages behind one door: links, sessions and event streams, and where all this is served.
import type { PagesLink, PagesSession, Status } from '#model/api.ts';
import { fail, ok } from '#std/result.ts';
import { isAdministrator, type Peer } from '../access.ts';
import type { Served } from '../services.ts';
import { WrongTokens } from './attempts.ts';
import { Links } from './links.ts';
import { endOf, type OpenSession, Sessions } from './sessions.ts';
import { type Standing, standingOf } from './standing.ts';

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
}

export class Pages {
  readonly #parts: PagesParts;
  readonly #standing: (peer: Peer) => Standing;
  readonly #links = new Links();
  readonly #sessions = new Sessions();
  readonly #wrong = new WrongTokens();
  readonly #streams = new Set<Stream>();
  /** Where they are served, such as http://127.0.0.1:7878, and why not. The server says it. */
  state: Status['pages'] = { url: null, problem: null };

  constructor(parts: PagesParts) {
    this.#parts = parts;
    this.#standing = parts.standing ?? standingOf;
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
  login(token: string, browser: number): { readonly cookie: string } | { readonly retryAfter?: number } {
    const now = this.#parts.now();
    const link = this.#links.take(token, browser, now);
    if (link === undefined) {
      const retryAfter = this.#wrong.add(now);
      return retryAfter === undefined ? {} : { retryAfter };
    }
    const { user } = this.#standing(link.peer);
    return { cookie: this.#sessions.begin({ peer: link.peer, user, browser }, now) };
  }

  /** Who a cookie is, from a connection of this user. */
  guest(cookie: string, browser: number): Guest | undefined {
    const session = this.#sessions.use(cookie, browser, this.#parts.now());
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

  view({ session, user, peer }: Guest): PagesSession {
    return {
      user: user ?? null,
      uid: peer.uid,
      administrator: isAdministrator(peer),
      version: this.#parts.version,
      expires: endOf(session),
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
