// A rule as text, and what is said of a text before it is kept: what is wrong in it, what it decides, whether its tests hold.
import { z } from 'zod';
import { explanationSchema, testReportSchema } from '../api.ts';
import { ruleSchema, ruleTestSchema } from '../rule.ts';

/** Characters of one rule: room for thousands of destinations. */
export const maxRuleText = 256 * 1024;

/** The YAML of one rule as its file has it, comments and all. */
export const ruleTextSchema = z.strictObject({
  name: z.string(),
  text: z.string(),
  /** Where it stands; null for rules that stand in no file. */
  file: z.string().nullable(),
  line: z.int().nullable(),
  /** Why it cannot be changed here; null where it can. */
  locked: z.string().nullable(),
});
export type RuleYaml = z.infer<typeof ruleTextSchema>;

/** An attempt in the words of a rule's tests. */
export const attemptWordsSchema = ruleTestSchema.omit({ expect: true });
export type AttemptWords = z.infer<typeof attemptWordsSchema>;

export const tryRuleSchema = z.strictObject({
  /** The YAML of a rule; left out: the rules are tried as they are. */
  text: z.string().max(maxRuleText).optional(),
  /** The rule in whose place it is tried; left out: beside all others. */
  replaces: z.string().max(128).optional(),
  attempt: attemptWordsSchema.optional(),
});
export type TryRule = z.infer<typeof tryRuleSchema>;

/** Line and column in the text that was given, from 1. */
const textProblemSchema = z.strictObject({
  line: z.int(),
  column: z.int(),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
});
export type TextProblem = z.infer<typeof textProblemSchema>;

export const ruleTrialSchema = z.strictObject({
  problems: z.array(textProblemSchema),
  /** What the text says; null while it is wrong. */
  rule: ruleSchema.nullable(),
  sentence: z.string().nullable(),
  /** Its place in the order of evaluation, from 1, of so many rules. */
  place: z.int().nullable(),
  of: z.int(),
  priority: z.int().nullable(),
  /** The priority without which fences would overrule it; null where it needs none. */
  needsPriority: z.int().nullable(),
  shadowedBy: z.array(z.string()),
  /** What the rules say of the attempt, with the text in place; null where there is none. */
  decision: explanationSchema.nullable(),
  /** Why no attempt can be made of these words. */
  attemptProblem: z.string().nullable(),
  /** The tests of the rule. */
  tests: testReportSchema.nullable(),
});
export type RuleTrial = z.infer<typeof ruleTrialSchema>;
