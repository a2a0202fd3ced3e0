// A command that is confined with all that comes of it: what is asked for it, how it is shown, and what it tried.
import { z } from 'zod';
import { directions } from '../flow.ts';
import { proposalSchema } from '../learn/learning.ts';
import { ruleSchema } from '../rule.ts';

/** Every process of such a command is in this folder's cgroup, by its id. */
export const runFolder = 'postern.run';

export const runIdSchema = z.string().regex(/^[a-z0-9]{1,16}(-[a-z0-9]{1,16})?$/);

/** Destinations and rules of one command at most. */
export const maxRunRules = 1000;

/** `stub`: names are answered by Postern, as far as a rule allows them. `open`: the name servers of the machine may be asked anything. */
export const dnsWays = ['stub', 'open'] as const;

export const startRunSchema = z.strictObject({
  command: z.array(z.string().max(4096)).min(1).max(64),
  /** Compiled by themselves: what none of them allows is refused, or asked. */
  rules: z.array(ruleSchema).max(maxRunRules),
  ask: z.boolean(),
  /** What none of them refuses is allowed, and proposed as rules in the end. */
  learn: z.boolean(),
  dns: z.enum(dnsWays),
  /** Neither abstract Unix sockets nor those of services that start what is not confined: its client has covered these. */
  strict: z.boolean(),
});
export type StartRun = z.infer<typeof startRunSchema>;

export const runStateSchema = z.strictObject({
  id: runIdSchema,
  uid: z.int().min(0),
  started: z.number(),
  ended: z.number().nullable(),
  /** Who began it and waits for its end. */
  client: z.strictObject({ pid: z.int().min(1), startTime: z.string() }),
  ...startRunSchema.shape,
  /** An earlier Postern knew none. */
  strict: z.boolean().default(false),
});
export type RunState = z.infer<typeof runStateSchema>;

export const runViewSchema = z.strictObject({
  id: runIdSchema,
  command: z.array(z.string()),
  user: z.string(),
  /** Milliseconds since 1970. */
  started: z.number(),
  /** When its command ended; what it left running is confined on. */
  ended: z.number().nullable(),
  ask: z.boolean(),
  dns: z.enum(dnsWays),
  strict: z.boolean(),
});
export type RunView = z.infer<typeof runViewSchema>;

/** Connections that agree in all but the numbers. */
export const runLineSchema = z.strictObject({
  action: z.enum(['allow', 'reject', 'drop']),
  /** The command's rule, or one of the machine's; null: no rule decided. */
  rule: z.string().nullable(),
  app: z.string(),
  direction: z.enum(directions),
  protocol: z.string(),
  /** The name by which it was known, else the address. */
  to: z.string(),
  address: z.string(),
  /** 0: the protocol has none. */
  port: z.int(),
  times: z.int(),
  /** As far as they have ended, and where eBPF counts. */
  bytesOut: z.int(),
  bytesIn: z.int(),
  /** Milliseconds since 1970. */
  first: z.number(),
  last: z.number(),
});
export type RunLine = z.infer<typeof runLineSchema>;

/** Questions for names that agree in all but their number. */
export const runQuestionSchema = z.strictObject({
  name: z.string(),
  type: z.string(),
  /** Why it was not answered, in a word; null: it was. */
  refused: z.string().nullable(),
  times: z.int(),
});
export type RunQuestion = z.infer<typeof runQuestionSchema>;

/** Whether the file was found to be the service's own, or the program had ended and only the name is known. */
export const socketEvidence = ['file', 'name'] as const;

/** Calls to a Unix socket of a service that starts what is not confined, or, where `service` is null, to an abstract name that was refused. */
export const runServiceSchema = z.strictObject({
  service: z.string().nullable(),
  /** As the host has it; an abstract name with `@` before it. */
  socket: z.string(),
  action: z.enum(['allow', 'reject']),
  by: z.enum(socketEvidence),
  /** What it does for whoever asks: a clause; null: not known. */
  does: z.string().nullable(),
  times: z.int(),
  /** Milliseconds since 1970. */
  first: z.number(),
  last: z.number(),
});
export type RunService = z.infer<typeof runServiceSchema>;

export const runReportSchema = z.strictObject({
  ...runViewSchema.shape,
  lines: z.array(runLineSchema),
  questions: z.array(runQuestionSchema),
  services: z.array(runServiceSchema),
  /** Why it is not known which services it asked: a clause; null: it is. */
  servicesUnseen: z.string().nullable(),
  /** Of one that learned: the fewest rules that allow what it did. */
  proposals: z.array(proposalSchema),
  /** Processes that it left running. */
  left: z.int(),
  /** Lines and questions that found no room, and calls to Unix sockets beyond those that are told in a second. */
  leftOut: z.int(),
});
export type RunReport = z.infer<typeof runReportSchema>;
