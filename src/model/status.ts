// Status: what the gate is doing, and every count of something refused, overflowed or lost, by its reason.
import { z } from 'zod';
import { failModes, modes } from './mode.ts';

/** How the kernel hands packets over: nft's own `queue`, the xt target NFQUEUE inside our nft table, or not at all. */
export const queueKinds = ['native', 'compat', 'none'] as const;
export type QueueKind = (typeof queueKinds)[number];

const count = z.int().min(0);

/** Counters since the gate started. The keys are stable names; `docs/` explains each in a sentence. */
export const countersSchema = z.strictObject({
  /** Packets read from the queue, and verdicts given. */
  packets: count,
  accepted: count,
  rejected: count,
  dropped: count,
  /** Copies read in `observe`, and of what the kernel allowed by itself. */
  copies: count,
  /** Packets that could not be read as IP: dropped, counted here. */
  malformed: count,
  /** Netlink messages of the kernel that did not parse. */
  badMessages: count,
  /** Held packets that were gone when their verdict came: the kernel drops them all when a netfilter hook or a device goes. */
  heldLost: count,
  /** Questions asked, answered, and ended by their deadline. */
  prompts: count,
  answered: count,
  expired: count,
  /** Flows that got the unanswered default at once, by reason. */
  quotaUser: count,
  quotaApp: count,
  quotaPackets: count,
  queueHalfFull: count,
  /** Flows whose program was not found. */
  unattributed: count,
  /** The kernel dropped packets because the queue was full, or because our socket buffer was. */
  queueFull: count,
  queueUserDropped: count,
  /** Times that recv said ENOBUFS: events of the proc connector or copies were lost. */
  noBuffers: count,
  /** Packets refused in the kernel because one user opened more than the rate a user has. */
  rateLimited: count,
  /** Packets refused in the kernel by rules of its own or by remembered refusals. */
  kernelRefused: count,
  /** Records that were not reported because the control plane was away or slow. */
  unreported: count,
  /** Events of the programs in the kernel that found no room in the ring; what they told is looked up again. */
  eventsLost: count,
  /** Processes that found no room in the kernel's table: they are identified as without eBPF. */
  processesLost: count,
  /** New flows that the kernel's programs let pass, refused, or left to the queue, and packets that passed as replies. */
  flowsAllowed: count,
  flowsRefused: count,
  flowsAsked: count,
  replies: count,
  /** Verdicts that were void: another program used the socket. */
  voided: count,
  /** Decisions that found no room in the kernel's cache. */
  untaught: count,
  /** Sockets and ports beyond those that the kernel's tables hold. */
  socketsLost: count,
  /** Flows that sockets of two programs sent at once. */
  ambiguous: count,
  /** Calls by a process that the kernel's table did not have. */
  unknownCallers: count,
  /** Calls in other network namespaces that the kernel let pass because nothing was known of them. */
  elsewhere: count,
  /** Questions to name servers that were seen, answers that taught names, and answers that taught nothing because nobody had asked for just that. */
  dnsQuestions: count,
  dnsAnswers: count,
  dnsRefused: count,
  /** Packets to and from name servers that were not seen as a whole, and streams of them that were given up. */
  dnsLost: count,
  /** Answers that systemd-resolved told of and that taught names; what it told and could not be read, and times that it was heard no more. */
  resolvedAnswers: count,
  resolvedLost: count,
  /** Names that were forgotten for want of room. */
  namesLost: count,
  /** Flows that said a name in their first packets, those of which that could not be known, and those cut because they said nothing. */
  namesSaid: count,
  unheard: count,
  silent: count,
  /** Packet sockets that the kernel refused because nothing was known of who made them. */
  packetsUnknown: count,
  /** Programs that had /proc say something else of them than what they are. */
  forged: count,
  /** Programs that the kernel was to hash when they were executed, and did not. */
  unhashed: count,
  /** Calls of confined commands to Unix sockets that were not told, because there were too many in a second. */
  unixUntold: count,
});
export type Counters = z.infer<typeof countersSchema>;

/**
 * The eBPF programs in the kernel: `btf` as the verifier knows pointers (6.1 and later), `probe` by reading memory (5.10 and
 * later), or none of them. The reason says what the kernel said of the others.
 */
export const kernelPathSchema = z.strictObject({ tier: z.enum(['btf', 'probe', 'none']), reason: z.string() });
export type KernelPath = z.infer<typeof kernelPathSchema>;

/** Whether systemd-resolved's monitor is heard, which tells names; the reason says why it is not. */
export const resolvedStateSchema = z.strictObject({ heard: z.boolean(), reason: z.string() });
export type ResolvedState = z.infer<typeof resolvedStateSchema>;

export const gateStatusSchema = z.strictObject({
  pid: z.int(),
  /** Milliseconds since 1970. */
  started: z.number(),
  mode: z.enum(modes),
  failMode: z.enum(failModes),
  revision: z.int(),
  rules: count,
  /** How many rules stand in the kernel by themselves. */
  kernelRules: count,
  queue: z.enum(queueKinds),
  kernelPath: kernelPathSchema,
  resolved: resolvedStateSchema,
  /** Packets held now, and prompts open now. */
  held: count,
  prompts: count,
  processes: count,
  counters: countersSchema,
});
export type GateStatus = z.infer<typeof gateStatusSchema>;

/** Over TLS (RFC 7858), over QUIC (RFC 9250), or over HTTPS (RFC 8484), whichever version of HTTP. */
export const encryptedDnsWays = ['tls', 'quic', 'https'] as const;
export type EncryptedDnsWay = (typeof encryptedDnsWays)[number];

/** An app that asks resolvers in a way that does not show what it asks. */
export const encryptedDnsAppSchema = z.strictObject({
  app: z.string(),
  /** null where it is not known. */
  user: z.string().nullable(),
  by: z.array(z.enum(encryptedDnsWays)),
  /** Names or addresses of resolvers, the latest first. */
  to: z.array(z.string()),
  connections: count,
  /** Milliseconds since 1970. */
  last: z.number(),
});
export type EncryptedDnsApp = z.infer<typeof encryptedDnsAppSchema>;
