// What the address of the page says of the log, and as the API wants it.
import type { LogLine } from '#model/api.ts';
import { type FieldName, isField } from '#model/query/fields.ts';
import type { SearchText } from '../../hooks/search.ts';

export const rangeChoices = [
  ['', 'any time'],
  ['15m', 'the last 15 minutes'],
  ['1h', 'the last hour'],
  ['24h', 'the last 24 hours'],
  ['7d', 'the last 7 days'],
  ['30d', 'the last 30 days'],
  ['own', 'from … to …'],
] as const;

/** Where nothing is asked for: all but the connections of these very pages. */
export const firstQuery = 'own:no';

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export interface TimeSpan {
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

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
export function timeOf({ range, from, to }: SearchText, now: number): TimeSpan {
  if (range === 'own') return { since: momentOf(from), until: momentOf(to) };
  const span = spanOf(range);
  return span === undefined ? {} : { since: now - span };
}

/** The time that it is compared with: `before` is as long, and ends where that begins. */
export function earlierOf(view: SearchText, time: TimeSpan, now: number): TimeSpan | undefined {
  if (view.than === 'own') {
    const span = { since: momentOf(view.thanFrom), until: momentOf(view.thanTo) };
    return span.since === undefined && span.until === undefined ? undefined : span;
  }
  if (view.than !== 'before' || time.since === undefined) return undefined;
  return { since: Math.max(0, 2 * time.since - (time.until ?? now)), until: time.since - 1 };
}

export const groupOf = (view: SearchText): FieldName | undefined =>
  view.by !== undefined && isField(view.by) ? view.by : undefined;

export const inTime = (
  { time }: Pick<LogLine, 'time'>,
  { since = 0, until = Number.POSITIVE_INFINITY }: TimeSpan,
): boolean => time >= since && time <= until;

/** Older lines behind those that are there already, each once. */
export function appended(lines: readonly LogLine[], older: readonly LogLine[]): LogLine[] {
  const known = new Set(lines.map(({ id }) => id));
  return [...lines, ...older.filter(({ id }) => !known.has(id))];
}
