// A view of History: the parts of a page's address that say what is shown, kept under a name; and what they ask for at a moment.
import { z } from 'zod';
import { type FieldName, isField } from './fields.ts';
import { maxQueryLength, parseQuery } from './query.ts';

const part = z.string().max(40).optional();

export const viewSchema = z.strictObject({
  /** In the language of the journal. */
  q: z
    .string()
    .max(maxQueryLength)
    .refine((text) => parseQuery(text).ok, 'must be a query of the journal')
    .optional(),
  /** `15m`, `24h`, `7d` before whoever looks; `own`: from `from` to `to`, as a field for a date and a time gives them. */
  range: part,
  from: part,
  to: part,
  /** Together by this field. */
  by: part,
  /** What it is compared with: `before` is as long, and ends where that begins; `own`: from `thanFrom` to `thanTo`. */
  than: part,
  thanFrom: part,
  thanTo: part,
});
export type View = z.infer<typeof viewSchema>;

export const viewNameSchema = z.string().trim().min(1, 'must not be empty').max(60);
export const savedViewSchema = z.strictObject({ name: viewNameSchema, view: viewSchema });
export type SavedView = z.infer<typeof savedViewSchema>;

/** Of one user. */
export const maxViews = 50;

export interface TimeSpan {
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `15m`, `24h`, `7d` in milliseconds; undefined where it is none of these. */
export function spanOf(text: string | undefined): number | undefined {
  const found = /^(\d{1,4})([mhd])$/.exec(text ?? '');
  return found === null ? undefined : Number(found[1]) * (units[found[2] as string] ?? 0);
}

/** What the field for a date and a time gives, `2026-11-26T10:30`, in milliseconds since 1970. */
export function momentOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) || time < 0 ? undefined : time;
}

/** The time that `range`, `from` and `to` mean. */
export function timeOf({ range, from, to }: View, now: number): TimeSpan {
  if (range === 'own') return { since: momentOf(from), until: momentOf(to) };
  const span = spanOf(range);
  return span === undefined ? {} : { since: now - span };
}

/** The time that it is compared with. */
export function earlierOf(view: View, time: TimeSpan, now: number): TimeSpan | undefined {
  if (view.than === 'own') {
    const span = { since: momentOf(view.thanFrom), until: momentOf(view.thanTo) };
    return span.since === undefined && span.until === undefined ? undefined : span;
  }
  if (view.than !== 'before' || time.since === undefined) return undefined;
  return { since: Math.max(0, 2 * time.since - (time.until ?? now)), until: time.since - 1 };
}

export const groupOf = ({ by }: View): FieldName | undefined => (by !== undefined && isField(by) ? by : undefined);
