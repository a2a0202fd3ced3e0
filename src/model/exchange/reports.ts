// Exchange: what `import` and `export` say of the rules that they turned into other rules.
import { z } from 'zod';
import { ruleSchema } from '../rule.ts';

/** What `postern import` reads. */
export const importFormats = ['opensnitch', 'iptables', 'nft', 'ufw', 'lsrules', 'portmaster'] as const;
export type ImportFormat = (typeof importFormats)[number];

/** What could not be carried over, and why, as a sentence. `from` is where it stands in what was read. */
const leftSchema = z.strictObject({ from: z.string(), why: z.string() });
export type Left = z.infer<typeof leftSchema>;

/** What does not mean what it seems to mean; `from` is null where it is about all of it. */
const trapSchema = z.strictObject({ from: z.string().nullable(), text: z.string() });
export type Trap = z.infer<typeof trapSchema>;

export const importReportSchema = z.strictObject({
  format: z.enum(importFormats),
  /** The rules as they were written. */
  rules: z.array(ruleSchema),
  /** Files of lists.d that the rules need. */
  lists: z.array(z.strictObject({ name: z.string(), source: z.string() })),
  /** What was carried over, and the names of the rules that it became. */
  carried: z.array(z.strictObject({ from: z.string(), rules: z.array(z.string()) })),
  left: z.array(leftSchema),
  traps: z.array(trapSchema),
  /** Files that were written; none without --out. */
  files: z.array(z.string()),
});
export type ImportReport = z.infer<typeof importReportSchema>;

/** What `postern export` writes. */
export const exportFormats = ['nft', 'systemd', 'lsrules'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const exportReportSchema = z.strictObject({
  format: z.enum(exportFormats),
  files: z.array(z.strictObject({ name: z.string(), text: z.string() })),
  /** Names of rules that are in them as a whole. */
  carried: z.array(z.string()),
  left: z.array(leftSchema),
  traps: z.array(trapSchema),
  /** Paths of the files that were written; none without --out. */
  written: z.array(z.string()),
});
export type ExportReport = z.infer<typeof exportReportSchema>;
