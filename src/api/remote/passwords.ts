// Which accounts may log in from other machines, and the browsers that did: kept in one file that its owner alone may read.
import { z } from 'zod';
import type { PasswordView } from '#model/pages/login.ts';
import { hashToken, newToken } from '../pages/tokens.ts';
import { parsePhc } from './phc.ts';

export const maxAccounts = 256;
/** Of an account; beyond these the one that did not come for the longest is forgotten. */
const maxBrowsers = 16;
/** Browsers that were away for longer are strangers again. */
const knownMs = 180 * 24 * 3600_000;

const time = z.number();

const schema = z.strictObject({
  accounts: z.array(
    z.strictObject({
      user: z.string(),
      uid: z.int().min(0),
      phc: z.string().refine((text) => parsePhc(text) !== undefined, 'is no argon2id hash'),
      set: time,
      /** The hash of each browser's token, and where it came from last. */
      browsers: z.array(z.strictObject({ hash: z.string(), from: z.string(), last: time })),
    }),
  ),
});
export type Account = z.infer<typeof schema>['accounts'][number];

/** Where they are kept. Either may throw what the file system says. */
export interface PasswordFile {
  /** undefined: there is none yet. */
  readonly read: () => string | undefined;
  readonly write: (text: string) => void;
}

export class Passwords {
  readonly #file: PasswordFile;
  readonly #accounts = new Map<string, Account>();
  /** Why nobody can log in: the file cannot be read, and is not written over. */
  readonly problem: string | undefined;

  constructor(file: PasswordFile) {
    this.#file = file;
    try {
      const text = file.read();
      if (text === undefined) return;
      for (const account of schema.parse(JSON.parse(text)).accounts) this.#accounts.set(account.user, account);
    } catch (error) {
      this.problem = error instanceof z.ZodError ? 'it is not as Postern wrote it' : String(error);
    }
  }

  get size(): number {
    return this.#accounts.size;
  }

  of(user: string): Account | undefined {
    return this.#accounts.get(user);
  }

  views(): PasswordView[] {
    return [...this.#accounts.values()].map(({ user, uid, set, browsers }) => ({
      ...{ user, uid, set },
      browsers: browsers.length,
    }));
  }

  /** Browsers that knew the old one are strangers. */
  set(user: string, uid: number, phc: string, now: number): void {
    this.#keep(user, { user, uid, phc, set: now, browsers: [] });
  }

  /** Whether there was one. */
  remove(user: string): boolean {
    if (!this.#accounts.has(user)) return false;
    this.#keep(user, undefined);
    return true;
  }

  /** The hash of a browser's token, where the account knows it. */
  browser(user: string, token: string | undefined, now: number): string | undefined {
    if (token === undefined) return undefined;
    const hash = hashToken(token);
    return this.of(user)?.browsers.find((one) => one.hash === hash && one.last + knownMs > now)?.hash;
  }

  /** Whether a browser of the account came from there lately. */
  knows(user: string, from: string, now: number): boolean {
    return this.of(user)?.browsers.some((one) => one.from === from && one.last + knownMs > now) === true;
  }

  /** A browser logged in: the token by which it is known from now on. */
  welcome(account: Account, old: string | undefined, from: string, now: number): string {
    const token = newToken();
    const others = account.browsers
      .filter(({ hash, last }) => hash !== old && last + knownMs > now)
      .sort((a, b) => b.last - a.last)
      .slice(0, maxBrowsers - 1);
    this.#keep(account.user, { ...account, browsers: [{ hash: hashToken(token), from, last: now }, ...others] });
    return token;
  }

  /** Nothing holds that is not written down: a password that was taken away must not come back. */
  #keep(user: string, account: Account | undefined): void {
    const accounts = new Map(this.#accounts);
    if (account === undefined) accounts.delete(user);
    else accounts.set(user, account);
    this.#file.write(`${JSON.stringify({ accounts: [...accounts.values()] })}\n`);
    if (account === undefined) this.#accounts.delete(user);
    else this.#accounts.set(user, account);
  }
}
