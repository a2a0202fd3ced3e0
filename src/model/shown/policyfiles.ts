// Rules as files: the folder of a running Postern, what another one would change of it, and putting that in its place.
import { z } from 'zod';
import { problemSchema, testReportSchema, versionViewSchema } from '../api.ts';
import { modes } from '../mode.ts';
import { fileDifferenceSchema } from './difference.ts';
import { lintReportSchema } from './lint.ts';
import { replayReportSchema } from './replay.ts';

/** Names a state of the files: the same for the same names and texts. */
const stateSchema = z.string().regex(/^[0-9a-f]{64}$/, 'is no state as postern plan says it');

const textsSchema = z.record(
  z.string().regex(/^[^./\p{Cc}][^/\p{Cc}]{0,200}\.ya?ml$/u, 'is no name of a rule file such as 10-web.yaml'),
  z.string(),
);

export const policyFilesSchema = z.strictObject({
  /** Texts by the names of their files. */
  files: z.record(z.string(), z.string()),
  state: stateSchema,
  /** In which folder. */
  folder: z.string(),
  mode: z.enum(modes),
  /** The journal's file. */
  journal: z.string(),
});
export type PolicyFiles = z.infer<typeof policyFilesSchema>;

export const applyFilesSchema = z.strictObject({
  files: textsSchema,
  /** The state that they were made for; another one is refused. Left out: any. */
  state: stateSchema.optional(),
  /** Why, for the history. */
  note: z.string().min(1).max(200).optional(),
});
export type ApplyFiles = z.infer<typeof applyFilesSchema>;

export const appliedSchema = z.strictObject({
  /** Null where there was nothing to do. */
  version: versionViewSchema.nullable(),
  /** Names of the files that changed. */
  changed: z.array(z.string()),
  state: stateSchema,
  /** Why it does not hold yet; null when it does. */
  pending: z.string().nullable(),
});
export type Applied = z.infer<typeof appliedSchema>;

/** A rule that another folder has, has otherwise, or lacks; as sentences, null where it is not there. */
const changedRuleSchema = z.strictObject({
  name: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** Whether only what decides nothing differs: its note, its tests. */
  meaning: z.boolean(),
});
export type ChangedRule = z.infer<typeof changedRuleSchema>;

export const policyDifferenceSchema = z.strictObject({
  files: z.array(fileDifferenceSchema),
  rules: z.array(changedRuleSchema),
});
export type PolicyDifference = z.infer<typeof policyDifferenceSchema>;

export const policyPlanSchema = z.strictObject({
  /** Of the files that there are, and of those that there would be: `apply --plan` holds both to it. */
  state: stateSchema,
  wanted: stateSchema,
  /** Whether nothing would change. */
  same: z.boolean(),
  /** Whether it can be applied: no error, and no test failed. */
  ok: z.boolean(),
  ...policyDifferenceSchema.shape,
  problems: z.array(problemSchema),
  tests: testReportSchema,
  /** What is worth a look and was not there before. */
  lint: lintReportSchema.shape.findings,
  /** What would be decided otherwise of what happened; null where that was not looked at, for the reason beside it. */
  replay: replayReportSchema.nullable(),
  unlooked: z.string().nullable(),
});
export type PolicyPlan = z.infer<typeof policyPlanSchema>;
