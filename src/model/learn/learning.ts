// Learning: for a while a program may do what no rule refuses; what it did becomes rules, once somebody looked at them.
import { z } from 'zod';
import { nameSources } from '../attempt.ts';
import { conditionsSchema, ruleSchema } from '../rule.ts';

/** Milliseconds since 1970. */
const time = z.number();
const count = z.int().min(0);

/** An hour where nothing is said, a week at most. */
export const defaultLearnMinutes = 60;
export const maxLearnMinutes = 7 * 24 * 60;

/** Whom it is about, in the words of rules: not where to, since that is what is learned. */
export const learnSubjectSchema = conditionsSchema.pick({
  app: true,
  ancestor: true,
  args: true,
  user: true,
  group: true,
  'supplementary-group': true,
  cgroup: true,
  label: true,
});
export type LearnSubject = z.infer<typeof learnSubjectSchema>;

export const startLearningSchema = z.strictObject({
  /** Empty: every program. */
  subject: learnSubjectSchema,
  minutes: z.int().min(1).max(maxLearnMinutes).default(defaultLearnMinutes),
});

export const learningSchema = z.strictObject({
  /** Of the rule too, as long as it goes on. */
  name: z.string(),
  subject: learnSubjectSchema,
  started: time,
  /** When it ends or has ended. */
  ends: time,
  by: z.string(),
  accepted: z.strictObject({ time, rules: z.array(z.string()) }).nullable(),
});
export type Learning = z.infer<typeof learningSchema>;

export const learningViewSchema = learningSchema.extend({
  /** Whether its rule is in force now. */
  running: z.boolean(),
  /** The subject as a rule's sentence says it. */
  text: z.string(),
});
export type LearningView = z.infer<typeof learningViewSchema>;

/** A place that was talked to, as a rule names it, and why. */
export const learnedPlaceSchema = z.strictObject({
  /** As it stands in the rule's `to`, or in its `from`. */
  place: z.string(),
  /** `443/tcp` each. */
  services: z.array(z.string()),
  /** How its name is known, at best; null where it goes by its address. */
  evidence: z.enum(nameSources).nullable(),
  /** The names and addresses that it stands for, the most used first, 20 at most. */
  seen: z.array(z.strictObject({ text: z.string(), times: count })),
  /** How many it stands for. */
  of: count,
  times: count,
  first: time,
  last: time,
});
export type LearnedPlace = z.infer<typeof learnedPlaceSchema>;

export const proposalSchema = z.strictObject({
  rule: ruleSchema,
  /** The rule as a sentence. */
  text: z.string(),
  places: z.array(learnedPlaceSchema),
  times: count,
});
export type Proposal = z.infer<typeof proposalSchema>;

/** What no rule can say, with the reason. */
const unsaidSchema = z.strictObject({ text: z.string(), times: count });

export const learnReviewSchema = z.strictObject({
  learning: learningViewSchema,
  /** The fewest and narrowest rules that cover what was allowed while it learned. */
  proposals: z.array(proposalSchema),
  unsaid: z.array(unsaidSchema),
  connections: count,
  /** Older connections that were left out, because there are too many. */
  leftOut: count,
  /** Once it was accepted: how what happens since differs. */
  since: z
    .strictObject({
      /** What was not allowed since, as the rules that would allow it. */
      departures: z.array(proposalSchema),
      /** Accepted rules that nothing came under since. */
      unused: z.array(z.string()),
    })
    .nullable(),
});
export type LearnReview = z.infer<typeof learnReviewSchema>;

export const acceptLearnedSchema = z.strictObject({ rules: z.array(ruleSchema).min(1).max(1000) });
