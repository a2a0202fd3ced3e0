// Prompt: a pending question with its deadline. Answer: the reply with scope and lifetime.
import { z } from 'zod';
import { attemptSchema } from './attempt.ts';
import { lifetimeSchema } from './rule.ts';

/** Who the answer is for: this process, its app, or the app and everything it starts. */
export const whoScopes = ['process', 'app', 'children'] as const;

/** Where to: the address, one of its names, that name's registered domain with all below it, all that a list has, or anywhere. */
export const toScopes = ['destination', 'name', 'domain', 'list', 'any'] as const;

export const answerScopeSchema = z.strictObject({
  who: z.enum(whoScopes).default('app'),
  /** Left out: the name where one is known that a rule can ask for, else the address. */
  to: z.enum(toScopes).optional(),
  /** Which of the names, where the address has several; left out: the newest. */
  name: z.string().max(1024).optional(),
  /** Which of the lists that have the destination, with `to: list`; may be left out where it is one alone. */
  list: z.string().max(64).optional(),
  /** This port (and protocol), or any. */
  port: z.enum(['port', 'any']).default('port'),
  /** The asking user, or any user (administrators only). */
  user: z.enum(['user', 'any']).default('user'),
});
export type AnswerScope = z.infer<typeof answerScopeSchema>;

export const answerSchema = z.strictObject({
  action: z.enum(['allow', 'reject', 'drop']),
  scope: answerScopeSchema.default({ who: 'app', port: 'port', user: 'user' }),
  /** `once` is "not now": it judges the held flows and makes no rule. */
  lifetime: lifetimeSchema.default('once'),
});
export type Answer = z.infer<typeof answerSchema>;

export const promptSchema = z.strictObject({
  /** Unique over restarts of the gate: the time the gate started, in base 36, a dash and a counter. */
  id: z.string().regex(/^[0-9a-z]+-[0-9]+$/),
  attempt: attemptSchema,
  /** Milliseconds since 1970. */
  opened: z.number(),
  deadline: z.number(),
  /** Flows and packets held by this question. */
  flows: z.int().min(0),
  packets: z.int().min(0),
  /** Why it is asked: the rule with action `ask`, or null for the mode. */
  rule: z.string().nullable(),
});
export type Prompt = z.infer<typeof promptSchema>;

/** How a prompt ended. */
export const promptOutcomes = ['answered', 'deadline', 'policy', 'mode', 'gone'] as const;
export type PromptOutcome = (typeof promptOutcomes)[number];
