// The query of the log, as it stands behind the question mark.
import { z } from 'zod';
import { maxNamesListed } from '#model/net/nameview.ts';

const number = (max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value <= max, `must be at most ${max}`);

export const namesQuerySchema = z.strictObject({
  address: z.string().max(64).optional(),
  name: z.string().max(255).optional(),
  limit: number(maxNamesListed)
    .optional()
    .transform((value) => value ?? 1000),
});

export const maxLogLines = 10_000;

export const logQuerySchema = z.strictObject({
  /** Milliseconds since 1970. */
  since: number(Number.MAX_SAFE_INTEGER).optional(),
  until: number(Number.MAX_SAFE_INTEGER).optional(),
  app: z.string().max(300).optional(),
  action: z.enum(['allow', 'reject', 'drop', 'ask']).optional(),
  after: number(Number.MAX_SAFE_INTEGER).optional(),
  limit: number(maxLogLines)
    .optional()
    .transform((value) => value ?? 100),
});
