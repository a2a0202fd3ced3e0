// What the journal answers about many connections at once: values with their counts, groups, and what a rule would have done.
import { z } from 'zod';
import { connectionSchema } from '../connection.ts';
import { lifetimeSchema, ruleSchema } from '../rule.ts';
import { fieldNames } from './fields.ts';

const count = z.int().min(0);
/** Milliseconds since 1970. */
const time = z.number();

export const fieldNameSchema = z.enum(fieldNames as [(typeof fieldNames)[number], ...(typeof fieldNames)[number][]]);

export const facetsSchema = z.strictObject({
  /** Connections that the query means. */
  total: count,
  fields: z.array(
    z.strictObject({
      field: fieldNameSchema,
      /** How many values there are; those with the most connections are listed. An empty one: not known, or none. */
      distinct: count,
      values: z.array(z.strictObject({ value: z.string(), connections: count })),
    }),
  ),
});
export type Facets = z.infer<typeof facetsSchema>;

const sums = {
  connections: count,
  refused: count,
  /** Sent and received by those that have ended; null where none of them was counted. */
  bytes: z.number().nullable(),
  /** When the first and the last of them began; null where there is none. */
  first: time.nullable(),
  last: time.nullable(),
};

export const groupsSchema = z.strictObject({
  total: count,
  /** Only where two times are compared. */
  totalBefore: count.optional(),
  distinct: count,
  groups: z.array(z.strictObject({ value: z.string(), ...sums, before: z.strictObject(sums).optional() })),
});
export type Groups = z.infer<typeof groupsSchema>;

export const maxPreviewDays = 30;

/** A rule that is not there yet, and over how many days it is tried. */
export const previewRequestSchema = z.strictObject({
  /** One rule, or those that one answer makes. */
  rule: z.union([ruleSchema, z.array(ruleSchema).min(1).max(16)]),
  /** The rule that these would stand in the place of. */
  instead: z.string().max(128).optional(),
  lifetime: lifetimeSchema.optional(),
  days: z.int().min(1).max(maxPreviewDays).optional(),
});
export type PreviewRequest = z.infer<typeof previewRequestSchema>;

export const rulePreviewSchema = z.strictObject({
  days: z.int(),
  /** How many connections were looked at; and back to when, where there were too many for the time. */
  looked: count,
  stoppedAt: time.nullable(),
  /** Those whose conditions hold, and of them those that the rule would decide: others have a rule that goes before it. */
  matched: count,
  decided: count,
  /** What the decided ones were, and would be; only where these differ. */
  changes: z.array(
    z.strictObject({
      was: connectionSchema.shape.action,
      would: connectionSchema.shape.action,
      connections: count,
    }),
  ),
  /** The most frequent of those that match. */
  groups: z.array(
    z.strictObject({ app: z.string(), destination: z.string(), direction: z.string(), connections: count }),
  ),
});
export type RulePreview = z.infer<typeof rulePreviewSchema>;
