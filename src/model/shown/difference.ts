// What is different between two versions of the rules, and going back to one of them.
import { z } from 'zod';
import { versionViewSchema } from '../api.ts';

const lineNumber = z.int().min(1).nullable();

export const differenceLineSchema = z.strictObject({
  kind: z.enum(['same', 'removed', 'added']),
  /** From 1; null where the line is not there. */
  before: lineNumber,
  after: lineNumber,
  text: z.string(),
});

/** Which versions: of a change alone, what it changed; with `to`, from how it left the rules to how that one did, or to now. */
export const differenceQuerySchema = z.strictObject({
  to: z.union([z.literal('now'), z.string().regex(/^\d{1,9}$/, 'must be the number of a change, or now')]).optional(),
});

export const fileDifferenceSchema = z.strictObject({
  file: z.string(),
  added: z.int().min(0),
  removed: z.int().min(0),
  /** Lines that changed, with some around them. */
  hunks: z.array(z.array(differenceLineSchema)),
});
export type FileDifference = z.infer<typeof fileDifferenceSchema>;

export const versionDifferenceSchema = z.strictObject({
  from: versionViewSchema,
  /** null: what the one change did. */
  to: z.union([versionViewSchema, z.literal('now')]).nullable(),
  /** Only files that differ. */
  files: z.array(fileDifferenceSchema),
});
export type VersionDifference = z.infer<typeof versionDifferenceSchema>;

export const rolledBackSchema = z.strictObject({
  /** The rules are again as this change left them. */
  to: versionViewSchema,
  /** Going back is a change too, and can be undone. */
  made: versionViewSchema,
  /** Why it does not hold yet; null when it does. */
  pending: z.string().nullable(),
});
export type RolledBack = z.infer<typeof rolledBackSchema>;
