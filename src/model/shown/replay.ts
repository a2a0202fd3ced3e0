// What other rules would have done with what the journal has.
import { z } from 'zod';
import { connectionSchema } from '../connection.ts';

const count = z.int().min(0);
const action = connectionSchema.shape.action;

export const replayReportSchema = z.strictObject({
  /** Milliseconds since 1970: the oldest that was looked at; null where there was none. */
  since: z.number().nullable(),
  connections: count,
  /** Those that would be decided otherwise. */
  changed: count,
  /** Together by program, destination and what changes, the most first. */
  groups: z.array(
    z.strictObject({
      app: z.string(),
      destination: z.string(),
      direction: z.string(),
      was: action,
      would: action,
      /** The rule that would decide; null: the mode. */
      rule: z.string().nullable(),
      times: count,
      /** Milliseconds since 1970. */
      last: z.number(),
    }),
  ),
  /** Groups that are not shown. */
  more: count,
});
export type ReplayReport = z.infer<typeof replayReportSchema>;
