// What running programs were when they began, as text that outlives Postern's own restart: an upgrade may have replaced
// their files since then.
import { z } from 'zod';
import type { Image } from '#model/process.ts';
import { fail, ok, type Result } from '#std/result.ts';

const digits = z.string().regex(/^\d{1,20}$/);

const identitySchema = z.strictObject({
  pid: z
    .int()
    .min(1)
    .max(2 ** 22),
  startTime: digits,
  path: z.string().min(1).max(4096),
  device: digits,
  inode: digits,
  generation: digits,
  ctime: digits,
  /** Its exec was seen in the kernel, not in /proc afterwards. */
  verified: z.literal(true).optional(),
});

/** A living process whose program was a file of the host when it began. */
export type Identity = z.infer<typeof identitySchema>;

const identitiesSchema = z.array(identitySchema).max(65_536);

export function formatIdentities(identities: readonly Identity[]): string {
  return JSON.stringify(identities);
}

/** The error is a sentence's end that says what is wrong with the text. */
export function parseIdentities(text: string): Result<readonly Identity[]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail(error instanceof Error ? error.message : 'it is no JSON');
  }
  const parsed = identitiesSchema.safeParse(json);
  return parsed.success ? ok(parsed.data) : fail(z.prettifyError(parsed.error));
}

export function identityOf(pid: number, startTime: string, image: Image | undefined): Identity | undefined {
  return image?.state === 'host' ? { pid, startTime, path: image.path, ...image.identity } : undefined;
}

/**
 * The image as it was when the process began: the remembered one where it speaks of the same process and the same file,
 * otherwise the one that is seen. The ctime may differ, because losing its name changes it.
 */
export function imageAtBegin(
  identity: Identity | undefined,
  startTime: string,
  seen: Image | undefined,
): Image | undefined {
  if (identity === undefined || seen === undefined || seen.state === 'host') return seen;
  const { path, device, inode, generation, ctime } = identity;
  const same =
    identity.startTime === startTime &&
    device === seen.identity.device &&
    inode === seen.identity.inode &&
    generation === seen.identity.generation;
  return same ? { path, identity: { device, inode, generation, ctime }, state: 'host' } : seen;
}
