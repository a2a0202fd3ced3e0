// The query of the log, as it stands behind the question mark.
import { z } from 'zod';
import { maxNamesListed } from '#model/net/nameview.ts';
import { fieldNameSchema } from '#model/query/history.ts';
import { maxQueryLength, parseQuery, type Query } from '#model/query/query.ts';

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

/** In the language of the journal, `app:curl verdict:reject`; the error says where it is wrong, in characters from 1. */
const query = z
  .string()
  .max(maxQueryLength, `must have at most ${maxQueryLength} characters`)
  .optional()
  .transform((text, context): Query => {
    const parsed = parseQuery(text ?? '');
    if (parsed.ok) return parsed.value;
    const { message, at } = parsed.error;
    context.addIssue({ code: 'custom', message: `character ${at + 1}: ${message}` });
    return z.NEVER;
  });

const time = number(Number.MAX_SAFE_INTEGER).optional();

export const facetsQuerySchema = z.strictObject({
  q: query,
  /** Milliseconds since 1970. */
  since: time,
  until: time,
  /** Only these fields, with commas between them; left out: all. */
  fields: z
    .string()
    .max(300)
    .transform((text) => text.split(','))
    .pipe(z.array(fieldNameSchema))
    .optional(),
});

export const groupsQuerySchema = z.strictObject({
  q: query,
  by: fieldNameSchema,
  since: time,
  until: time,
  /** The time that it is compared with. */
  earlierSince: time,
  earlierUntil: time,
  limit: number(1000)
    .optional()
    .transform((value) => value ?? 100),
});

export const maxLogLines = 10_000;

export const logQuerySchema = z.strictObject({
  /** Milliseconds since 1970. */
  since: number(Number.MAX_SAFE_INTEGER).optional(),
  until: number(Number.MAX_SAFE_INTEGER).optional(),
  app: z.string().max(300).optional(),
  action: z.enum(['allow', 'reject', 'drop', 'ask']).optional(),
  after: number(Number.MAX_SAFE_INTEGER).optional(),
  before: number(Number.MAX_SAFE_INTEGER).optional(),
  q: query,
  limit: number(maxLogLines)
    .optional()
    .transform((value) => value ?? 100),
});
