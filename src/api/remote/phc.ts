// Passwords as they are kept: argon2id, with its parameters beside it (the PHC string format).
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/**
 * RFC 9106 section 4, the second recommended option: 64 MiB, 3 passes, 4 lanes, 128 bits of salt, 256 of tag. It is above
 * what OWASP's cheat sheet on password storage asks for at least (19 MiB, 2 passes, 1 lane).
 */
const cost = { memory: 65_536, passes: 3, parallelism: 4 } as const;
const saltBytes = 16;
const tagLength = 32;

interface Kept {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

const shape =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{32,128})$/;

/** undefined: no such string, or of a cost that nobody chose. */
export function parsePhc(text: string): Kept | undefined {
  const [, m, t, p, salt = '', tag = ''] = shape.exec(text) ?? [];
  const kept = { memory: Number(m), passes: Number(t), parallelism: Number(p) };
  // RFC 9106 section 3.1: at least 8 blocks of a KiB for each lane.
  const sensible =
    kept.memory >= 8 * kept.parallelism && kept.memory <= 1 << 20 && kept.passes > 0 && kept.parallelism > 0;
  return sensible ? { ...kept, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') } : undefined;
}

/** One password is one sequence of bytes, however a keyboard composes its letters (NIST SP 800-63B section 3.1.1.2). */
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFKC'), 'utf8');

/** Off the main thread; takes 64 MiB and a third of a second. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(saltBytes);
  const tag = await derive('argon2id', { ...cost, message: bytesOf(password), nonce, tagLength });
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(tag)}`;
}

/** Of nobody: who has no password costs as much time as who has one. */
const nobody: Kept = { ...cost, salt: Buffer.alloc(saltBytes), tag: Buffer.alloc(tagLength) };

/** Whether it is the one that was kept; `undefined` is none, and takes as long. */
export async function verifyPassword(password: string, phc: string | undefined): Promise<boolean> {
  const kept = phc === undefined ? undefined : parsePhc(phc);
  const { salt, tag, ...of } = kept ?? nobody;
  const made = await derive('argon2id', { ...of, message: bytesOf(password), nonce: salt, tagLength: tag.length });
  return timingSafeEqual(made, tag) && kept !== undefined;
}
