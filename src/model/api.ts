// What the API answers, by noun. The command line, the pages and the OpenAPI document use these shapes.
import { z } from 'zod';
import { attemptSchema, destinationNameSchema } from './attempt.ts';
import { connectionSchema } from './connection.ts';
import { failModes, modes } from './mode.ts';
import { whereaboutsSchema } from './net/network.ts';
import { placeShape } from './net/place.ts';
import { refusalsSchema, remoteStateSchema } from './pages/login.ts';
import { promptSchema } from './prompt.ts';
import { actions, lifetimeSchema, origins, refusalErrnoSchema, ruleSchema, ruleTestSchema } from './rule.ts';
import { selfTestSchema } from './shown/selftest.ts';
import { encryptedDnsAppSchema, gateStatusSchema } from './status.ts';

/** Milliseconds since 1970. */
const time = z.number();
const count = z.int().min(0);

export const problemSchema = z.strictObject({
  file: z.string(),
  line: z.int(),
  column: z.int(),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
});

export const statusSchema = z.strictObject({
  version: z.string(),
  /** What is in force now; while paused it is `observe`. */
  mode: z.enum(modes),
  /** The mode that a pause goes back to, and when. */
  pausedUntil: time.nullable(),
  /** When an unconfirmed lockdown ends by itself, and the mode that comes back. */
  revertsAt: time.nullable(),
  revertsTo: z.enum(modes).nullable(),
  failMode: z.enum(failModes),
  revision: count,
  /** What is wrong in the rule files; with an error among them the last good policy stays. */
  problems: z.array(problemSchema),
  /** Why the gate does not follow the newest policy; null when it does. */
  refusal: z.string().nullable(),
  /** null while there is no gate. */
  gate: gateStatusSchema.nullable(),
  /** What was seen of encrypted DNS since the control plane started; to users who may not see all, of their own programs. */
  encryptedDns: z.strictObject({ connections: count, apps: z.array(encryptedDnsAppSchema) }),
  journal: z.strictObject({ file: z.string(), bytes: count, lost: count, sequence: count }),
  rulesDir: z.string(),
  /** Where countries and network numbers are known from, with the date; null where they are not. */
  places: z.strictObject({ countries: z.string().nullable(), networks: z.string().nullable() }),
  /** The last self-test; null before the first. */
  selfTest: selfTestSchema.nullable(),
  /** Where the pages are served, and why they are not; both null when they are switched off. */
  pages: z.strictObject({
    url: z.string().nullable(),
    problem: z.string().nullable(),
    /** The door to other machines; null: there is none. */
    remote: remoteStateSchema.nullable(),
    /** What was not served; who tried to log in is for administrators. */
    refused: refusalsSchema,
  }),
});
export type Status = z.infer<typeof statusSchema>;

export const ruleViewSchema = z.strictObject({
  name: z.string(),
  action: z.enum(actions),
  origin: z.enum(origins),
  /** The effective one. */
  priority: z.int(),
  enabled: z.boolean(),
  hits: count,
  lastHit: time.nullable(),
  expires: time.nullable(),
  lifetime: lifetimeSchema.nullable(),
  source: z.strictObject({ file: z.string(), line: z.int(), column: z.int() }).nullable(),
  shadowedBy: z.array(z.string()),
  /** The rule as a sentence. */
  text: z.string(),
  rule: ruleSchema,
});
export type RuleView = z.infer<typeof ruleViewSchema>;

/** A list that has a destination: one of its names, or its address where `name` is null. */
const listedSchema = z.strictObject({ list: z.string(), name: z.string().nullable() });
export type Listed = z.infer<typeof listedSchema>;

/** A question with what helps to answer it. */
export const promptViewSchema = promptSchema.extend({
  app: z.string(),
  user: z.string().nullable(),
  /** How often this app spoke to this destination before. */
  before: count,
  /** By which names a rule could ask for the far end, the newest first; `domain` is null where a name has no registered one. */
  names: z.array(destinationNameSchema.extend({ domain: z.string().nullable() })),
  /** The lists that have one of these names, or the address, by what they have. */
  lists: z.array(listedSchema),
  ...placeShape,
});
export type PromptView = z.infer<typeof promptViewSchema>;

export const logLineSchema = connectionSchema.extend({
  sequence: count,
  app: z.string(),
  user: z.string().nullable(),
  /** The registered domain of its newest name; null where that has none, or there is no name. */
  domain: z.string().nullable(),
  /** It asks a resolver over TLS, HTTPS or QUIC; left out where it does not. */
  encryptedDns: z.literal(true).optional(),
});
export type LogLine = z.infer<typeof logLineSchema>;

export const appViewSchema = z.strictObject({
  app: z.string(),
  connections: count,
  refused: count,
  destinations: count,
  first: time,
  last: time,
  users: z.array(z.string()),
  /** Sent and received by the connections that have ended; null where none of them was counted. */
  bytesOut: count.nullable(),
  bytesIn: count.nullable(),
});
export type AppView = z.infer<typeof appViewSchema>;

export const versionViewSchema = z.strictObject({ id: z.int(), time, user: z.string(), what: z.string() });
export type VersionView = z.infer<typeof versionViewSchema>;

/** Something that happened, as the stream of events and the journal have it. */
export const eventViewSchema = z.strictObject({ sequence: count, time, type: z.string(), data: z.unknown() });
export type EventView = z.infer<typeof eventViewSchema>;

/** Why a change is kept but does not hold yet, as when another rule file is broken; null when it holds. */
const pendingSchema = z.string().nullable();

export const ruleChangeSchema = z.strictObject({
  /** The rules made or changed; empty for one that was taken away. */
  rules: z.array(ruleSchema),
  version: versionViewSchema,
  file: z.string(),
  pending: pendingSchema,
});
export type RuleChange = z.infer<typeof ruleChangeSchema>;

export const undoneSchema = z.strictObject({
  undone: versionViewSchema,
  /** The undo itself, which is a change too. */
  made: versionViewSchema,
  pending: pendingSchema,
});
export type Undone = z.infer<typeof undoneSchema>;

export const answeredSchema = z.strictObject({
  /** The rules that the answer made. */
  rules: z.array(ruleSchema),
  /** The name, `.domain` or `list:NAME` that it was for: what the question holds besides stays asked. null: for all of it. */
  name: z.string().nullable(),
  /** What else the far end is called, the newest first: none of them is that name, below that domain or in that list. */
  otherNames: z.array(z.string()),
  pending: pendingSchema,
});
export type Answered = z.infer<typeof answeredSchema>;

export const modePreviewSchema = z.strictObject({
  /** Connections of the last 7 days that were allowed and would be refused; grouped by app and destination. */
  total: count,
  groups: z.array(z.strictObject({ app: z.string(), destination: z.string(), direction: z.string(), times: count })),
  /** Of these, connections to this machine's port 22. */
  ssh: count,
});
export type ModePreview = z.infer<typeof modePreviewSchema>;

export const modeRequestSchema = z.strictObject({
  mode: z.enum(modes).optional(),
  /** Observe for so many minutes, then go back: 1–1440. */
  pauseMinutes: z.int().min(1).max(1440).optional(),
  /** Go back after so many seconds unless confirmed: 5–3600. */
  revertSeconds: z.int().min(5).max(3600).optional(),
  /** Keep the mode that would go back, or end a pause. */
  confirm: z.literal(true).optional(),
});
export type ModeRequest = z.infer<typeof modeRequestSchema>;

const decidedSchema = z.enum(['allow', 'reject', 'drop', 'ask']);

/** An attempt; with `where`, as if the machine were on that network. */
export const explainRequestSchema = attemptSchema.extend({ where: whereaboutsSchema.optional() });

/** What `explain` says: the decision with its reasons. */
export const explanationSchema = z.strictObject({
  action: decidedSchema,
  /** The deciding rule; null when the mode decided. */
  rule: z.string().nullable(),
  by: z.enum(['rule', 'mode']),
  revision: count,
  /** Names of the matching log rules, and the deciding rule when it says `log: true`. */
  logged: z.array(z.string()),
  /** What a call that is refused in the kernel fails with, where the rule says so. */
  errno: refusalErrnoSchema.optional(),
  /** The fields of the attempt that were looked at. */
  depends: z.array(z.string()),
  trace: z.array(z.strictObject({ rule: z.string(), why: z.string() })),
});

/** What `check` says of rule files. */
export const checkReportSchema = z.strictObject({ ok: z.boolean(), problems: z.array(problemSchema) });
export type CheckReport = z.infer<typeof checkReportSchema>;

/** What `test` says of the tests in rule files. */
export const testReportSchema = z.strictObject({
  passed: count,
  failed: z.array(
    z.strictObject({
      rule: z.string(),
      /** Which of the rule's tests, from 0. */
      index: count,
      test: ruleTestSchema,
      place: z.strictObject({ file: z.string(), line: z.int(), column: z.int() }).nullable(),
      expected: decidedSchema,
      /** Null when no attempt could be made of the test. */
      got: decidedSchema.nullable(),
      explanation: explanationSchema.nullable(),
      message: z.string(),
    }),
  ),
});

export const doctorReportSchema = z.strictObject({
  /** How much of Postern the kernel can carry. */
  tier: z.enum(['full', '5.10', 'no-bpf']),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      ok: z.enum(['yes', 'no', 'partly']),
      text: z.string(),
      /** What to do about it. */
      hint: z.string().optional(),
    }),
  ),
});
export type DoctorReport = z.infer<typeof doctorReportSchema>;
export type DoctorCheck = DoctorReport['checks'][number];

export const addRuleSchema = z.strictObject({ rule: ruleSchema, lifetime: lifetimeSchema.optional() });
/** `text` is the rule's YAML: it takes the place of what its file has, comments and all. */
export const changeRuleSchema = z.strictObject({
  rule: ruleSchema.optional(),
  text: z.string().max(262_144).optional(),
  enabled: z.boolean().optional(),
});

export const errorSchema = z.strictObject({
  error: z.strictObject({
    code: z.enum([
      ...(['bad-request', 'not-logged-in', 'not-permitted', 'not-found', 'conflict', 'too-many'] as const),
      ...(['unavailable', 'internal'] as const),
    ]),
    /** A sentence. */
    message: z.string(),
    /** What to do. */
    hint: z.string().optional(),
  }),
});
export type ApiError = z.infer<typeof errorSchema>['error'];

/** For whom a link to the pages is made. */
export const linkRequestSchema = z.strictObject({
  /** The user whose browser opens it; left out: who asks. Only root may name another. */
  browser: z.int().min(0).max(0xfffffffe).optional(),
});

/** A link that logs a browser in, once. */
export const pagesLinkSchema = z.strictObject({
  url: z.string(),
  /** Milliseconds since 1970. */
  expires: time,
  /** Whose rights the browser will have, and the user who must run it; null where the account has no name. */
  user: z.string().nullable(),
  browser: z.strictObject({ uid: count, user: z.string().nullable() }),
});
export type PagesLink = z.infer<typeof pagesLinkSchema>;

/** What the login page sends: what stands behind the # of the link. */
export const loginSchema = z.strictObject({ token: z.string().max(100) });

/** Who is logged in. */
export const pagesSessionSchema = z.strictObject({
  user: z.string().nullable(),
  uid: count,
  administrator: z.boolean(),
  version: z.string(),
  /** When it ends if nothing more is asked, in milliseconds since 1970. */
  expires: time,
  /** Whether the browser is another machine's. */
  remote: z.boolean(),
});
export type PagesSession = z.infer<typeof pagesSessionSchema>;
