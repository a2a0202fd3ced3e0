// Connection: the lasting record of a flow that people look at, one row in the journal.
import { z } from 'zod';
import { attemptSchema } from './attempt.ts';
import { placeShape } from './net/place.ts';
import { evidences } from './process.ts';

/** Why the decision is what it is, beyond the rule. */
export const reasons = [
  'rule', // a rule decided
  'mode', // no rule matched: the mode decided
  'answer', // a person answered
  'deadline', // nobody answered in time: the mode's default
  'quota-user', // the user holds too many flows: the default at once
  'quota-app',
  'quota-packets',
  'queue-half-full', // held packets reached half the queue
  'unattributed', // the program could not be found in time
  'shutdown', // judged because Postern stopped
] as const;
export type Reason = (typeof reasons)[number];

/** The end of a connection's socket, as the kernel's programs tell it. */
export const connectionEndSchema = z.strictObject({
  /** Milliseconds since 1970. */
  time: z.number(),
  /** What was sent and received since the socket was made, with the IP headers; packets put together by the kernel count as one. */
  bytesOut: z.int().min(0),
  bytesIn: z.int().min(0),
  packetsOut: z.int().min(0),
  packetsIn: z.int().min(0),
});
export type ConnectionEnd = z.infer<typeof connectionEndSchema>;
export type Totals = Omit<ConnectionEnd, 'time'>;

export const connectionSchema = z.strictObject({
  /** Unique: gate start in base 36, a dash and a counter. */
  id: z.string().regex(/^[0-9a-z]+-[0-9]+$/),
  /** Milliseconds since 1970 of the first packet, and of the last one seen in user space. */
  time: z.number(),
  lastTime: z.number(),
  attempt: attemptSchema,
  /** `ask` only where it was not enforced: `observe` records what would have been asked. */
  action: z.enum(['allow', 'reject', 'drop', 'ask']),
  /** False in `observe`: what would have been done, but was not. */
  enforced: z.boolean(),
  rule: z.string().nullable(),
  reason: z.enum(reasons),
  revision: z.int(),
  logged: z.array(z.string()),
  evidence: z.array(z.enum(evidences)),
  /** Packets of the flow that user space saw; replies and later packets never get there. */
  packets: z.int().min(0),
  /** Milliseconds from the first packet to the verdict; 0 where nothing was held. */
  heldMs: z.number(),
  /** Left out while it goes on, and where nothing counts: without eBPF, and for forwarded flows. */
  end: connectionEndSchema.optional(),
  /** Between Postern's pages and their browser: the control plane says so. Left out of all others. */
  own: z.literal(true).optional(),
  /** Of the far end, at the time of the connection: the control plane looks it up. */
  ...placeShape,
});
export type Connection = z.infer<typeof connectionSchema>;
