// Who may give and take passwords, and end sessions: their own, and root everybody's; administrators may also take.
import type { PasswordView, SessionView } from '#model/pages/login.ts';
import { fail, ok } from '#std/result.ts';
import { isAdministrator, type Peer } from '../access.ts';
import type { Pages } from '../pages/pages.ts';
import { accountNamed } from '../pages/standing.ts';
import type { Served } from '../services.ts';
import { Hasher } from './hasher.ts';
import { maxAccounts } from './passwords.ts';
import { hashPassword } from './phc.ts';
import { weaknessOf } from './strength.ts';

export interface AccountsParts {
  readonly pages: Pages;
  readonly now: () => number;
  readonly record: (type: 'password-set' | 'password-removed', data: unknown) => void;
  readonly userName: (uid: number) => string;
}

const hidden = (user: string) =>
  fail({
    code: 'not-found' as const,
    message: `the account "${user}" has no password here`,
    hint: 'postern password list',
  });

export class RemoteAccounts {
  readonly #parts: AccountsParts;
  readonly #hasher = new Hasher();

  constructor(parts: AccountsParts) {
    this.#parts = parts;
  }

  /** Of one user, or of all. */
  passwords(uid?: number): PasswordView[] {
    return this.#parts.pages.passwords.views().filter((view) => uid === undefined || view.uid === uid);
  }

  async set(peer: Peer, user: string, password: string): Promise<Served<PasswordView>> {
    const { pages, now } = this.#parts;
    const { passwords } = pages;
    const uid = accountNamed(user);
    // Whoever sets a password has the rights of its account.
    if (peer.uid !== 0 && uid !== peer.uid) {
      return fail({ code: 'not-permitted', message: 'only root may set the password of another account' });
    }
    if (uid === undefined) {
      return fail({ code: 'not-found', message: `there is no account "${user}" in /etc/passwd of this machine` });
    }
    if (passwords.problem !== undefined) return this.#broken(passwords.problem);
    const weak = weaknessOf(password, user);
    if (weak !== undefined) return fail({ code: 'bad-request', message: weak });
    if (passwords.of(user) === undefined && passwords.size >= maxAccounts) {
      return fail({ code: 'too-many', message: `${maxAccounts} accounts have a password already` });
    }
    if (!this.#hasher.hasRoom(false))
      return fail({ code: 'too-many', message: 'too many passwords are set at once; try again' });
    const phc = await this.#hasher.run(false, () => hashPassword(password));
    const written = this.#written(() => passwords.set(user, uid, phc, now()));
    if (!written.ok) return written;
    this.#endRemote(user);
    this.#parts.record('password-set', { user, by: this.#parts.userName(peer.uid) });
    return ok(passwords.views().find((view) => view.user === user) as PasswordView);
  }

  remove(peer: Peer, user: string): Served<null> {
    const { passwords } = this.#parts.pages;
    const account = passwords.of(user);
    if (account === undefined || (account.uid !== peer.uid && !isAdministrator(peer))) return hidden(user);
    const written = this.#written(() => passwords.remove(user));
    if (!written.ok) return written;
    this.#endRemote(user);
    this.#parts.record('password-removed', { user, by: this.#parts.userName(peer.uid) });
    return ok(null);
  }

  sessions(uid?: number): SessionView[] {
    return this.#parts.pages.sessions(uid);
  }

  /** `id` may be `all`: then every one that the asker may see. */
  endSession(id: string, uid?: number): Served<null> {
    const ended = this.#parts.pages.endSessions(
      (session) => (id === 'all' || session.id === id) && (uid === undefined || session.peer.uid === uid),
    );
    return ended > 0 || id === 'all'
      ? ok(null)
      : fail({ code: 'not-found', message: `there is no session ${id}`, hint: 'postern sessions' });
  }

  /** What an old password opened is closed. */
  #endRemote(user: string): void {
    this.#parts.pages.endSessions((session) => session.browser === 'remote' && session.user === user);
  }

  #broken(why: string): Served<never> {
    const hint = 'put it right, or take it away and set the passwords again; then start Postern again';
    return fail({ code: 'unavailable', message: `the file of the passwords cannot be read (${why})`, hint });
  }

  #written(change: () => unknown): Served<null> {
    if (this.#parts.pages.passwords.problem !== undefined) return this.#broken(this.#parts.pages.passwords.problem);
    try {
      change();
      return ok(null);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return fail({ code: 'unavailable', message: `the passwords cannot be written (${why}); nothing was changed` });
    }
  }
}
