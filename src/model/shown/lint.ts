// What is worth a look in rules that are right: what can never decide, says the same twice, has ended, or is wider than it is used.
import { z } from 'zod';

export const lintKinds = ['shadowed', 'duplicate', 'ended', 'exception', 'unused', 'wide'] as const;

export const lintReportSchema = z.strictObject({
  findings: z.array(
    z.strictObject({
      rule: z.string(),
      kind: z.enum(lintKinds),
      place: z.strictObject({ file: z.string(), line: z.int(), column: z.int() }).nullable(),
      /** A sentence, with what to do. */
      message: z.string(),
    }),
  ),
  /** Recorded connections that were looked at, and the oldest of them in milliseconds since 1970; null where none was. */
  used: z.strictObject({ connections: z.int().min(0), since: z.number().nullable() }).nullable(),
});
export type LintReport = z.infer<typeof lintReportSchema>;
export type LintFinding = LintReport['findings'][number];
