// Block lists: how one is defined in lists.d, and what is shown of it.
import { z } from 'zod';

/** Public resolvers that are asked over TLS, HTTPS or QUIC: the list that comes with Postern. */
export const encryptedDnsList = 'encrypted-dns';

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'begins with a letter or digit and has at most 64 of a-z 0-9 . _ -');

/** Names as they stand in the list, which do not count. */
const off = z.array(z.string().min(1).max(300)).max(10_000);

/** The file lists.d/NAME.yaml. */
export const listDefinitionSchema = z.strictObject({
  /** `https://…`, or the path of a file, or of a folder all of whose files are read. */
  source: z.string().min(1).max(2048),
  enabled: z.boolean().optional(),
  /** Of what the source gives, where it never changes. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
    .optional(),
  off: off.optional(),
});
export type ListDefinition = z.infer<typeof listDefinitionSchema>;

export const addListSchema = listDefinitionSchema.omit({ off: true }).extend({ name });
export const changeListSchema = z.strictObject({
  enabled: z.boolean().optional(),
  /** An entry that shall not count, or shall count again. */
  entry: z.strictObject({ text: z.string().min(1).max(300), on: z.boolean() }).optional(),
});
export type ListChange = z.infer<typeof changeListSchema>;

const count = z.int().min(0);
const time = z.number().nullable();

export const listViewSchema = z.strictObject({
  name: z.string(),
  source: z.string(),
  /** `builtin`: it came with Postern, and can be switched off but not removed. */
  origin: z.enum(['builtin', 'added']),
  enabled: z.boolean(),
  /** What most of its lines are; null while nothing was read. */
  format: z.string().nullable(),
  names: count,
  addresses: count,
  /** Lines that could not be used, and the first of them. */
  skipped: count,
  examples: z.array(z.strictObject({ line: count, text: z.string(), why: z.string() })),
  off: z.array(z.string()),
  /** Names that other lists have too. */
  overlaps: z.array(z.strictObject({ list: z.string(), names: count })),
  /** Milliseconds since 1970: when it was last found to be as it is, and when its content last changed. */
  checked: time,
  updated: time,
  /** Why the last update failed; what was there before counts still. */
  failure: z.string().nullable(),
  /** Rules that name it, and how often they decided. */
  rules: z.array(z.string()),
  hits: count,
});
export type ListView = z.infer<typeof listViewSchema>;

export const listHitSchema = z.strictObject({
  list: z.string(),
  /** As it stands in the list: a name, a domain, or the line with the address. */
  entry: z.string(),
  line: count.nullable(),
  /** An exception takes the name out of its list. */
  excepted: z.boolean(),
});
export type ListHit = z.infer<typeof listHitSchema>;
