// Secrets of 256 bits, as links and cookies carry them; what is kept here of each is its hash.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const tokenBytes = 32;
const shape = /^[\w-]{43}$/;

export function newToken(): string {
  return randomBytes(tokenBytes).toString('base64url');
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** By which a token is known where it is kept. */
export const hashToken = (token: string): string => hashOf(token).toString('base64url');

/** Values by their tokens. Whoever reads this memory learns no token, and the time that a look-up takes tells nothing of one. */
export class TokenTable<T> {
  readonly #entries = new Map<string, { readonly hash: Buffer; readonly value: T }>();

  /** Keeps the value; the result is the only copy of its token. */
  add(value: T): string {
    const token = newToken();
    const hash = hashOf(token);
    this.#entries.set(hash.toString('hex'), { hash, value });
    return token;
  }

  find(token: string): T | undefined {
    if (!shape.test(token)) return undefined;
    const hash = hashOf(token);
    const entry = this.#entries.get(hash.toString('hex'));
    return entry !== undefined && timingSafeEqual(entry.hash, hash) ? entry.value : undefined;
  }

  values(): T[] {
    return [...this.#entries.values()].map(({ value }) => value);
  }

  /** Forgets what the test is true of. */
  forget(test: (value: T) => boolean): void {
    for (const [key, { value }] of this.#entries) if (test(value)) this.#entries.delete(key);
  }
}
