// The messages between the gate and the control plane: two closed unions, one JSON text a line.
import { z } from 'zod';
import { attemptSchema, processSchema } from './attempt.ts';
import { type Connection, connectionSchema } from './connection.ts';
import { failModes, modes } from './mode.ts';
import { maxNamesListed, nameViewSchema } from './net/nameview.ts';
import { whereaboutsSchema } from './net/network.ts';
import { answerSchema, promptOutcomes, promptSchema } from './prompt.ts';
import { ruleRecordSchema, ruleSchema } from './rule.ts';
import { runIdSchema, runServiceSchema } from './run/run.ts';
import { gateStatusSchema } from './status.ts';

/** Longest line either side accepts, in bytes: room for 100,000 rules; a longer one ends the connection. */
export const maxMessageBytes = 64 * 1024 * 1024;

/** User and group names of this machine, so that the policy can be compiled without asking the system. */
export const accountsSchema = z.strictObject({
  users: z.record(z.string(), z.int().min(0)),
  groups: z.record(z.string(), z.int().min(0)),
});
export type Accounts = z.infer<typeof accountsSchema>;

export const settingsSchema = z.strictObject({
  mode: z.enum(modes),
  failMode: z.enum(failModes),
  /** Whether forwarded flows are judged too. */
  forward: z.boolean(),
  /** Seconds a question waits for its answer: 1–120. */
  holdSeconds: z.int().min(1).max(120),
});
export type Settings = z.infer<typeof settingsSchema>;

/** A flat file that the gate reads itself; another version is another content under the same name. */
const placeFileSchema = z.strictObject({ file: z.string(), version: z.string() });
export type PlaceFile = z.infer<typeof placeFileSchema>;

/** By what addresses are placed: null where no rule asks for it, or nobody knows. */
export const placesSchema = z.strictObject({ geo: placeFileSchema.nullable(), lists: placeFileSchema.nullable() });
export type PlacesMessage = z.infer<typeof placesSchema>;

const request = z.int().min(0);

/** Sockets in one question for their holders: one walk through /proc finds them all. */
export const maxSocketsAsked = 256;

/** Commands that are confined at once. */
export const maxRuns = 256;

const confinedRunSchema = z.strictObject({
  id: runIdSchema,
  rules: z.array(ruleSchema),
  /** What none of these decides is asked, not refused. */
  ask: z.boolean(),
  /** What none of these refuses is allowed. */
  learn: z.boolean(),
  /** Of the name server on loopback that answers for it; null: its questions go where it sends them. */
  namesPort: z.int().min(1).max(65535).nullable(),
  /** The kernel refuses it what `strict` of a run says; where it cannot, `join` is refused. */
  strict: z.boolean(),
});
export type ConfinedRunMessage = z.infer<typeof confinedRunSchema>;

/** Control plane → gate. */
export const controlMessageSchema = z.discriminatedUnion('type', [
  /** Compile these rules and swap; the answer is `applied`, or `refused` and the old policy stays. */
  z.strictObject({
    type: z.literal('policy'),
    request,
    revision: z.int().min(0),
    rules: z.array(ruleRecordSchema),
    /** Names of rules that are switched off. */
    disabled: z.array(z.string()),
    /** Exact paths in rules whose real path is another, by their symbolic links. */
    aliases: z.record(z.string(), z.string()),
    accounts: accountsSchema,
    /** Addresses of the name servers that this machine is configured to ask. */
    resolvers: z.array(z.string()),
    places: placesSchema,
    /** Which network the machine is on: another is another policy. */
    where: whereaboutsSchema,
    settings: settingsSchema,
    /** Commands that are confined: the kernel keeps a cgroup for each, and takes those of others away once they are empty. */
    runs: z.array(confinedRunSchema).max(maxRuns),
  }),
  /** This process into the cgroup of a run, or back to where it was before; the answer is `applied`, or `refused`. */
  z.strictObject({ type: z.literal('join'), request, run: runIdSchema, pid: z.int().min(1) }),
  z.strictObject({ type: z.literal('leave'), request, run: runIdSchema, pid: z.int().min(1) }),
  /** How many processes are confined by it; the answer is `members`. */
  z.strictObject({ type: z.literal('members'), request, run: runIdSchema }),
  /** What the name server of a run is about to answer; the answer is `applied`, and then names count. */
  z.strictObject({
    type: z.literal('lesson'),
    request,
    run: runIdSchema,
    name: z.string().max(255),
    canonical: z.string().max(255).optional(),
    addresses: z.array(z.strictObject({ address: z.string().max(64), ttl: z.int().min(0) })).max(256),
  }),
  /**
   * With `name`, as a rule's `to` writes it, only for flows whose far end is called so. The answer is `applied`, or `refused`
   * when there is no such prompt any more, or no such flow in it.
   */
  z.strictObject({
    type: z.literal('answer'),
    request,
    prompt: z.string(),
    answer: answerSchema,
    name: z.string().max(1024).optional(),
  }),
  z.strictObject({ type: z.literal('status'), request }),
  /** Ask the network for the hardware address of a neighbour, on the interface of this index. */
  z.strictObject({
    type: z.literal('find-neighbour'),
    request,
    address: z.string().max(64),
    interface: z.int().min(1),
  }),
  /** What addresses are called now; the answer is `names`. */
  z.strictObject({
    type: z.literal('names'),
    request,
    address: z.string().optional(),
    name: z.string().optional(),
    limit: z.int().min(1).max(maxNamesListed),
  }),
  /** Who holds these sockets now; the answer is `holders`. */
  z.strictObject({
    type: z.literal('holders'),
    request,
    sockets: z.array(z.strictObject({ inode: z.int().min(1), uid: z.int().min(0) })).max(maxSocketsAsked),
  }),
]);
export type ControlMessage = z.infer<typeof controlMessageSchema>;

export const hitSchema = z.strictObject({ rule: z.string(), hits: z.int().min(1), lastHit: z.number() });

/** A connection as it stands in a line: its program is the number of one that stands beside all connections of the line. */
const writtenConnection = connectionSchema.extend({
  attempt: attemptSchema.extend({ process: z.int().min(0).optional() }),
});
type ProcessJson = z.infer<typeof processSchema>;
type Written = z.infer<typeof writtenConnection>;

const writtenConnections = z
  .strictObject({
    type: z.literal('connections'),
    processes: z.array(processSchema),
    connections: z.array(writtenConnection),
  })
  .refine(
    ({ processes, connections }) => connections.every(({ attempt }) => (attempt.process ?? -1) < processes.length),
    'has a connection of a program that is not among them',
  );

/** Gate → control plane, as it is read from a line. */
export const gateMessageSchema = z.discriminatedUnion('type', [
  /** First message on each connection: what goes on, and all open prompts. */
  z.strictObject({ type: z.literal('hello'), status: gateStatusSchema, prompts: z.array(promptSchema) }),
  /** New and changed connections, by id: the later one replaces the earlier. */
  writtenConnections.transform(({ type, processes, connections }) => ({
    type,
    connections: connections.map((connection): Connection => {
      const { process, ...attempt } = connection.attempt;
      return { ...connection, attempt: process === undefined ? attempt : { process: processes[process], ...attempt } };
    }),
  })),
  /** Services that a command asked over Unix sockets since the last such message; `untold`: calls of which nothing is known. */
  z.strictObject({
    type: z.literal('services'),
    run: runIdSchema,
    services: z.array(runServiceSchema),
    untold: z.int().min(0),
  }),
  /** Hits since the last such message. */
  z.strictObject({ type: z.literal('hits'), hits: z.array(hitSchema) }),
  z.strictObject({ type: z.literal('prompt-opened'), prompt: promptSchema }),
  z.strictObject({ type: z.literal('prompt-changed'), prompt: promptSchema }),
  z.strictObject({
    type: z.literal('prompt-closed'),
    id: z.string(),
    outcome: z.enum(promptOutcomes),
    action: z.enum(['allow', 'reject', 'drop']),
    time: z.number(),
  }),
  /** Something a person should read, once. */
  z.strictObject({
    type: z.literal('notice'),
    level: z.enum(['info', 'warning', 'error']),
    text: z.string(),
    time: z.number(),
  }),
  z.strictObject({ type: z.literal('applied'), request }),
  z.strictObject({ type: z.literal('refused'), request, error: z.string() }),
  z.strictObject({ type: z.literal('status'), request, status: gateStatusSchema }),
  z.strictObject({ type: z.literal('names'), request, names: z.array(nameViewSchema) }),
  z.strictObject({
    type: z.literal('members'),
    request,
    members: z.int().min(0),
    /** Why it is not seen which Unix sockets it connects to: a clause; null: it is. */
    servicesUnseen: z.string().nullable(),
  }),
  z.strictObject({
    type: z.literal('holders'),
    request,
    /** Sockets whose holders were not found in time are left out. */
    holders: z.array(z.strictObject({ inode: z.int().min(1), processes: z.array(processSchema) })),
  }),
]);
export type GateMessage = z.infer<typeof gateMessageSchema>;

/** The line of a message, without its end. What is told at once is mostly one program's, which is written and checked once. */
export function formatGateMessage(message: GateMessage): string {
  if (message.type !== 'connections') return JSON.stringify(message);
  const numbers = new Map<ProcessJson, number>();
  const connections = message.connections.map((connection): Written => {
    const { process, ...attempt } = connection.attempt;
    if (process === undefined) return { ...connection, attempt };
    const number = numbers.get(process) ?? numbers.size;
    numbers.set(process, number);
    return { ...connection, attempt: { process: number, ...attempt } };
  });
  return JSON.stringify({ type: message.type, processes: [...numbers.keys()], connections });
}
