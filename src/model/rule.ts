// Rule: conditions → action. The zod schema is the one source for files, API, CLI and their documentation.
import { z } from 'zod';
import { nameSources } from './attempt.ts';
import { directions } from './flow.ts';
import { networkNameSchema, unknownProfile } from './net/network.ts';
import { protocols } from './net/protocol.ts';

export const actions = ['allow', 'reject', 'drop', 'ask', 'log'] as const;
export type Action = (typeof actions)[number];

/** `builtin` ours; `file` an administrator's file; `local` CLI or pages; `answer` a reply to a question. */
export const origins = ['builtin', 'file', 'local', 'answer'] as const;
export type Origin = (typeof origins)[number];

/** A value, a glob (`*` `**` `?` `[…]` `{a,b}`) or a regular expression written `~…`. */
const pattern = z.string().min(1).max(4096);
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1).max(4096)]);

const id = z.union([pattern, z.int().min(0).max(0xfffffffe)]);

/** What the app is. Text is a path or a glob of paths; an object's keys must all hold. */
export const appSchema = z.union([
  pattern,
  z
    .strictObject({
      path: pattern,
      script: pattern,
      package: pattern,
      sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits'),
      unit: pattern,
      flatpak: pattern,
      snap: pattern,
      appimage: pattern,
      container: pattern,
      kernel: z.literal(true),
      pid: z
        .int()
        .min(1)
        .max(2 ** 22),
      /** Field 22 of /proc/PID/stat; with `pid`, exactly this process. */
      startTime: z.string().regex(/^\d{1,20}$/),
    })
    .partial()
    .refine((value) => Object.keys(value).length > 0, 'needs at least one condition'),
]);
export type AppCondition = z.infer<typeof appSchema>;

export const portSchema = z.union([
  z.int().min(0).max(65535),
  z.string().regex(/^\d{1,5}(-\d{1,5})?$/, 'must be a port (443) or a range (8000-8999)'),
]);

/**
 * A destination: an address, a prefix, a scope, a name, a domain (`*.x` what is below, `.x` with itself), `list:NAME`, `country:DE`,
 * `as:13335`, or one of them with a port behind a colon (`[2001:db8::1]:443`).
 */
export const destinationSchema = z.string().min(1).max(300);

/** The conditions of a rule, in the words of the files; the command line has the same ones as flags. */
export const conditionsSchema = z.strictObject({
  app: oneOrMore(appSchema).optional(),
  /** Started, however far down, by this program. */
  ancestor: oneOrMore(pattern).optional(),
  /** Matched against the arguments joined by single spaces. */
  args: oneOrMore(pattern).optional(),
  user: oneOrMore(id).optional(),
  group: oneOrMore(id).optional(),
  'supplementary-group': oneOrMore(id).optional(),
  /** The cgroup or anything below it. */
  cgroup: oneOrMore(pattern).optional(),
  label: oneOrMore(pattern).optional(),
  /** The program ran before Postern watched: what it is was only seen later. Nothing says so without eBPF. */
  seeded: z.literal(true).optional(),
  to: oneOrMore(destinationSchema).optional(),
  from: oneOrMore(destinationSchema).optional(),
  /** How a name in `to` or `from` must be known. */
  'name-from': oneOrMore(z.enum(nameSources)).optional(),
  port: oneOrMore(portSchema).optional(),
  protocol: oneOrMore(z.union([z.enum([...protocols, 'any']), z.int().min(0).max(255)])).optional(),
  /** ICMP or ICMPv6 type, by number. */
  'icmp-type': oneOrMore(z.int().min(0).max(255)).optional(),
  direction: oneOrMore(z.enum(directions)).optional(),
  interface: oneOrMore(pattern).optional(),
  /** The network the machine sits in: a prefix that holds the flow's local address. */
  network: oneOrMore(z.string().min(1).max(64)).optional(),
  /** The profile of the network that the machine is on, as a person named it. */
  profile: oneOrMore(
    pattern.refine(
      (text) => text !== unknownProfile,
      `cannot be "${unknownProfile}": what is not known matches no rule`,
    ),
  ).optional(),
  /** The network that the machine is on, by its name. */
  'known-network': oneOrMore(networkNameSchema).optional(),
});
export type Conditions = z.infer<typeof conditionsSchema>;

/** How long a rule lives: `once` one question's flows, `exit` until the process ends, minutes, until reboot, always, or `here`: always, on this network only. */
export const lifetimeSchema = z.union([
  z.enum(['once', 'exit', 'boot', 'always', 'here']),
  z.string().regex(/^[1-9]\d{0,5}m$/, 'must be once, exit, boot, always, here or minutes such as 15m'),
]);
export type Lifetime = z.infer<typeof lifetimeSchema>;

const action = z.enum(actions);

/** What a refused call may fail with (include/uapi/asm-generic/errno.h); EPERM where nothing is said. */
export const refusalErrnos = {
  EPERM: 1,
  EACCES: 13,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
} as const;
export type RefusalErrno = keyof typeof refusalErrnos;
export const refusalErrnoSchema = z.enum(Object.keys(refusalErrnos) as [RefusalErrno, ...RefusalErrno[]]);
const untilSchema = z
  .string()
  .refine(
    (value) => /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value)),
    'must be a date such as 2026-12-31',
  );

/** One line of a rule's `tests:`; `to` and `from` are `address:port`, and what is left out is not known. */
export const ruleTestSchema = z.strictObject({
  app: appSchema.optional(),
  args: z.array(z.string()).optional(),
  ancestor: oneOrMore(z.string()).optional(),
  user: id.optional(),
  group: id.optional(),
  'supplementary-group': oneOrMore(id).optional(),
  cgroup: z.string().optional(),
  label: z.string().optional(),
  seeded: z.literal(true).optional(),
  to: z.string().optional(),
  from: z.string().optional(),
  'name-from': z.enum(nameSources).optional(),
  port: z.int().min(0).max(65535).optional(),
  protocol: z.enum(protocols).optional(),
  'icmp-type': z.int().min(0).max(255).optional(),
  direction: z.enum(directions).optional(),
  interface: z.string().optional(),
  profile: z.string().optional(),
  'known-network': z.string().optional(),
  expect: z.enum(['allow', 'reject', 'drop', 'ask']),
});
export type RuleTest = z.infer<typeof ruleTestSchema>;

export const ruleNamePattern = /^[\p{L}\p{N}][\p{L}\p{N} ._:@/+-]{0,127}$/u;

/** A rule as it stands in a file. */
export const ruleSchema = conditionsSchema.extend({
  name: z
    .string()
    .regex(
      ruleNamePattern,
      'must begin with a letter or digit and have at most 128 of letters, digits, spaces and ._:@/+-',
    ),
  action,
  priority: z.int().min(-1000).max(1000).optional(),
  enabled: z.boolean().optional(),
  note: z.string().max(1000).optional(),
  log: z.boolean().optional(),
  /** Of `reject`: what the call fails with where the kernel refuses it there. */
  errno: refusalErrnoSchema.optional(),
  until: untilSchema.optional(),
  tests: z.array(ruleTestSchema).max(1000).optional(),
});
export type RuleText = z.infer<typeof ruleSchema>;

export const ruleFileSchema = z.strictObject({
  rules: z.array(ruleSchema).max(100_000).default([]),
  /** Names of built-in rules, or of rules in other files, that are switched off. */
  disabled: z.array(z.string().min(1).max(128)).max(100_000).optional(),
});

/** Where a rule was read; line and column begin at 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A rule with its circumstances: what the policy is compiled from, and what the control plane sends to the gate. */
export const ruleRecordSchema = z.strictObject({
  rule: ruleSchema,
  origin: z.enum(origins),
  source: z.strictObject({ file: z.string(), line: z.int(), column: z.int() }).optional(),
  /** Milliseconds since 1970 at which the rule stops to hold, of `until` or of a lifetime in minutes. */
  expires: z.number().optional(),
  /** The lifetime a temporary rule was given; files hold only lasting ones. */
  lifetime: lifetimeSchema.optional(),
  /** With lifetime `exit`: the process with whose end the rule ends. */
  subject: z.strictObject({ pid: z.int().min(1), startTime: z.string() }).optional(),
});
export type RuleRecord = z.infer<typeof ruleRecordSchema>;
