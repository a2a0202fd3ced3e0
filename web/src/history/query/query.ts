// What the page of History offers, and what of its lines is shown.
import type { LogLine } from '#model/api.ts';
import type { TimeSpan } from '#model/query/view.ts';

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

export const inTime = (
  { time }: Pick<LogLine, 'time'>,
  { since = 0, until = Number.POSITIVE_INFINITY }: TimeSpan,
): boolean => time >= since && time <= until;

/** Older lines behind those that are there already, each once. */
export function appended(lines: readonly LogLine[], older: readonly LogLine[]): LogLine[] {
  const known = new Set(lines.map(({ id }) => id));
  return [...lines, ...older.filter(({ id }) => !known.has(id))];
}
