// The query of the log as it stands in the address of the page, and as the API wants it.
import type { LogLine } from '#model/api.ts';
import type { LogSearch } from '../api/calls.ts';
import type { SearchText } from '../hooks/search.ts';

export const actionChoices = [
  ['', 'anything'],
  ['allow', 'allowed'],
  ['reject', 'refused'],
  ['drop', 'dropped'],
  ['ask', 'would be asked'],
] as const;

export const rangeChoices = [
  ['', 'any time'],
  ['15m', 'the last 15 minutes'],
  ['1h', 'the last hour'],
  ['24h', 'the last 24 hours'],
  ['7d', 'the last 7 days'],
  ['own', 'from … to …'],
] as const;

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `15m`, `24h`, `7d` in milliseconds; undefined where it is none of these. */
export function spanOf(text: string | undefined): number | undefined {
  const found = /^(\d{1,4})([mhd])$/.exec(text ?? '');
  return found === null ? undefined : Number(found[1]) * (units[found[2] as string] ?? 0);
}

/** What the field for a date and a time gives, `2026-11-26T10:30`, in milliseconds since 1970. */
export function momentOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

export function searchOf(view: SearchText, now: number): LogSearch {
  const span = spanOf(view.range);
  const own = view.range === 'own';
  const action = actionChoices.some(([value]) => value !== '' && value === view.action) ? view.action : undefined;
  return {
    app: view.app === '' ? undefined : view.app,
    action,
    since: span !== undefined ? now - span : own ? momentOf(view.from) : undefined,
    until: own ? momentOf(view.to) : undefined,
  };
}

/** Whether a connection that just came is one of those that were asked for. */
export function matches({ app, action, time }: Pick<LogLine, 'app' | 'action' | 'time'>, search: LogSearch): boolean {
  return (
    (search.app === undefined || app.toLowerCase().includes(search.app.toLowerCase())) &&
    (search.action === undefined || action === search.action) &&
    (search.since === undefined || time >= search.since) &&
    (search.until === undefined || time <= search.until)
  );
}

/** Older lines behind those that are there already, each once. */
export function appended(lines: readonly LogLine[], older: readonly LogLine[]): LogLine[] {
  const known = new Set(lines.map(({ id }) => id));
  return [...lines, ...older.filter(({ id }) => !known.has(id))];
}
