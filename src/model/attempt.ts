// Attempt: one Flow, one Process, one Destination at one instant; and its stable JSON form.
import { z } from 'zod';
import { directions, type Flow } from './flow.ts';
import { type Address, formatAddress, parseAddress } from './net/address.ts';
import { protocolNumbers, protocols } from './net/protocol.ts';
import { forgeries, imageStates, type Process } from './process.ts';

/** How a name became known; from the least to the most certain that this very flow means it. */
export const nameSources = ['dns', 'resolved', 'http', 'sni', 'quic'] as const;
export type NameSource = (typeof nameSources)[number];

export interface DestinationName {
  /** Lower case, without a dot at the end. */
  readonly name: string;
  readonly from: NameSource;
  /** Since when it is known, in milliseconds since 1970; left out of what the flow says itself, and where nobody can say. */
  readonly since?: number | undefined;
  /** The hello that says it has another one inside, encrypted, which may be the true one. */
  readonly ech?: true | undefined;
}

/** Names of one attempt at most. */
export const maxNames = 64;

export const sameName = (a: DestinationName, b: DestinationName): boolean => a.name === b.name && a.from === b.from;

/** These, and of the earlier ones what is not among them; where that is too much, new ones give way. */
export function withNames(names: Attempt['names'], earlier: Attempt['names']): Attempt['names'] {
  const others = earlier.filter((one) => !names.some((other) => sameName(one, other)));
  return others.length === 0 ? names : [...names.slice(0, Math.max(0, maxNames - others.length)), ...others];
}

export interface Attempt {
  /** Undefined when the program could not be found. */
  readonly process?: Process | undefined;
  readonly flow: Flow;
  readonly names: readonly DestinationName[];
}

const uint = z.int().min(0);
const id32 = uint.max(0xfffffffe);
const port = uint.max(65535);
const text = z.string().max(4096);

const addressSchema = z.string().refine((value) => parseAddress(value) !== undefined, 'is not an IP address');
const endpointSchema = z.strictObject({ address: addressSchema, port: port.optional() });

export const imageSchema = z.strictObject({
  path: text,
  identity: z.strictObject({ device: text, inode: text, generation: text, ctime: text }),
  state: z.enum(imageStates),
});

export const processSchema = z.strictObject({
  kernel: z.boolean().optional(),
  pid: uint.max(2 ** 22).optional(),
  startTime: text.optional(),
  exe: text.nullable().optional(),
  image: imageSchema.optional(),
  seeded: z.boolean().optional(),
  forged: z.enum(forgeries).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not 64 lower-case hex digits')
    .optional(),
  script: text.nullable().optional(),
  args: z.array(z.string().max(131072)).max(4096).optional(),
  cwd: text.optional(),
  uid: id32.optional(),
  gid: id32.optional(),
  groups: z.array(id32).max(65536).optional(),
  cgroup: text.optional(),
  unit: text.nullable().optional(),
  userUnit: z.boolean().optional(),
  package: text.nullable().optional(),
  packageVersion: text.optional(),
  container: text.nullable().optional(),
  flatpak: text.nullable().optional(),
  snap: text.nullable().optional(),
  appimage: text.nullable().optional(),
  ancestors: z.array(text).max(256).optional(),
  label: text.nullable().optional(),
});

export const flowSchema = z.strictObject({
  protocol: z.enum(protocols),
  protocolNumber: uint.max(255).optional(),
  direction: z.enum(directions).optional(),
  local: endpointSchema.optional(),
  remote: endpointSchema,
  interface: text.optional(),
  icmp: z.strictObject({ type: uint.max(255), code: uint.max(255) }).optional(),
});

export const destinationNameSchema = z.strictObject({
  name: z.string().max(1024),
  from: z.enum(nameSources),
  since: uint.optional(),
  ech: z.literal(true).optional(),
});

/** The attempt as `explain --json`, the journal, prompts and the API show it. */
export const attemptSchema = z.strictObject({
  process: processSchema.optional(),
  flow: flowSchema,
  names: z.array(destinationNameSchema).max(maxNames).optional(),
});
export type AttemptJson = z.infer<typeof attemptSchema>;

function endpoint(json: z.infer<typeof endpointSchema>) {
  return { address: parseAddress(json.address) as Address, port: json.port ?? 0 };
}

/** From a value that `attemptSchema` accepted. */
export function attemptFromJson(json: AttemptJson): Attempt {
  const { protocol } = json.flow;
  const numbers: Partial<Record<string, number>> = protocolNumbers;
  return {
    process: json.process,
    flow: {
      protocol,
      protocolNumber: json.flow.protocolNumber ?? numbers[protocol] ?? 255,
      direction: json.flow.direction ?? 'out',
      local: json.flow.local && endpoint(json.flow.local),
      remote: endpoint(json.flow.remote),
      interface: json.flow.interface,
      icmp: json.flow.icmp,
    },
    names: json.names ?? [],
  };
}

export function attemptToJson(attempt: Attempt): AttemptJson {
  const { flow } = attempt;
  const near = flow.local && { address: formatAddress(flow.local.address), port: flow.local.port };
  return {
    ...(attempt.process && { process: attempt.process as z.infer<typeof processSchema> }),
    flow: {
      protocol: flow.protocol,
      ...(flow.protocol === 'raw' && { protocolNumber: flow.protocolNumber }),
      direction: flow.direction,
      ...(near && { local: near }),
      remote: { address: formatAddress(flow.remote.address), port: flow.remote.port },
      ...(flow.interface !== undefined && { interface: flow.interface }),
      ...(flow.icmp && { icmp: flow.icmp }),
    },
    names: [...attempt.names],
  };
}
