// The self-test: a connection that a rule refuses and one that a rule allows, really tried.
import { z } from 'zod';

/** Only the self-test goes there: "POS" in ASCII, and the next one. 127.0.0.0/8 is all this machine (RFC 1122 3.2.1.3). */
export const selfTestAddresses = { refused: '127.80.79.83', allowed: '127.80.79.84' } as const;
/** The built-in rule that refuses the first. */
export const selfTestRule = 'builtin-self-test';

/**
 * `held` both went as the rules say; `failed` one did not; `not-enforced` the mode enforces nothing; `overruled` another rule
 * decides over them, so that nothing can be seen.
 */
export const selfTestResults = ['held', 'failed', 'not-enforced', 'overruled'] as const;

export const selfTestSchema = z.strictObject({
  /** Milliseconds since 1970. */
  time: z.number(),
  result: z.enum(selfTestResults),
  /** A sentence, or two. */
  text: z.string(),
  /** How long the refusal took, in milliseconds; null where nothing was refused. */
  refusedMs: z.number().nullable(),
});
export type SelfTestView = z.infer<typeof selfTestSchema>;
