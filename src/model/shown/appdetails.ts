// One app as people look at it: what it is, whom it speaks to, what of its file changed, which rules can decide about it.
import { z } from 'zod';
import { processSchema } from '../attempt.ts';
import { directions } from '../flow.ts';
import { actions } from '../rule.ts';

const time = z.number();
const count = z.int().min(0);

export const maxNamesOfApp = 500;
export const maxFilesOfApp = 100;
export const daysOfApp = 31;

/** Who holds a socket that waits for others. */
export const listenerSchema = z.strictObject({
  protocol: z.enum(['tcp', 'udp']),
  address: z.string(),
  port: z.int().min(0).max(65535),
  user: z.string().nullable(),
});

export const appDetailsSchema = z.strictObject({
  app: z.string(),
  first: time,
  last: time,
  connections: count,
  refused: count,
  /** By the file that it ran, the last first: each other file at the same path is another. */
  files: z.array(
    z.strictObject({
      /** The script, or the program. */
      path: z.string(),
      /** The program that runs the script; null where there is no script. */
      interpreter: z.string().nullable(),
      user: z.string().nullable(),
      first: time,
      last: time,
      connections: count,
      /** null: not known. */
      sha256: z.string().nullable(),
      package: z.string().nullable(),
      packageVersion: z.string().nullable(),
      /** Why the hash or the package is not known; null where both are. */
      unknown: z.string().nullable(),
      /** As it ran last: its unit, container, arguments, ancestors. */
      process: processSchema,
    }),
  ),
  /** Of the last 31 days on which it was seen, the oldest first; days of this machine. */
  days: z.array(
    z.strictObject({
      day: z.string(),
      connections: count,
      refused: count,
      /** Of connections that ended; null where none was counted. */
      bytesOut: count.nullable(),
      bytesIn: count.nullable(),
    }),
  ),
  /** Names, and addresses where there is none; the last first, of so many. */
  names: z.array(
    z.strictObject({
      name: z.string(),
      direction: z.enum(directions),
      first: time,
      last: time,
      connections: count,
      refused: count,
      lastRefused: time.nullable(),
    }),
  ),
  namesTotal: count,
  /** Rules that can decide about it, in the order of evaluation. */
  rules: z.array(
    z.strictObject({
      name: z.string(),
      action: z.enum(actions),
      text: z.string(),
      /** It asks for this program, and not for any. */
      named: z.boolean(),
      /** False where it rests on what is not known, or on what each run may have otherwise. */
      sure: z.boolean(),
    }),
  ),
  /** Sockets that wait for others, now; null where that is not known, and `listenersUnknown` says why. */
  listeners: z.array(listenerSchema).nullable(),
  listenersUnknown: z.string().nullable(),
});
export type AppDetails = z.infer<typeof appDetailsSchema>;
