// Words and figures that several pages show.
import type { LogLine } from '#model/api.ts';
import type { Reason } from '#model/connection.ts';
import { formatSpan } from '#std/span.ts';
import { inUtc } from '../settings/preferences.ts';

export const reasonTexts: Readonly<Record<Reason, string>> = {
  rule: 'by a rule',
  mode: 'by the mode, as no rule matches',
  answer: 'as answered',
  deadline: 'because nobody answered in time',
  'quota-user': 'because this user has too many open questions',
  'quota-app': 'because this program has too many open questions',
  'quota-packets': 'because this flow sent too many packets while it was held',
  'queue-half-full': 'because too many packets are held',
  unattributed: 'because its program was not found',
  shutdown: 'because Postern stopped',
};

/** `512 B`, `3.4 kB`, `12 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const formatCount = (count: number): string => count.toLocaleString('en');

/** `14:03`, of this place or UTC as this browser is set. */
export const formatClock = (time: number): string =>
  inUtc() ? `${new Date(time).toISOString().slice(11, 16)} UTC` : new Date(time).toTimeString().slice(0, 5);

/** `14:03:09`, and the day before it where it is not today. */
export function formatMoment(time: number, now: number): string {
  if (inUtc()) {
    const [day, clock] = new Date(time).toISOString().slice(0, 19).split('T');
    return new Date(now).toISOString().startsWith(day ?? '') ? `${clock} UTC` : `${day} ${clock} UTC`;
  }
  const date = new Date(time);
  const clock = date.toTimeString().slice(0, 8);
  if (date.toDateString() === new Date(now).toDateString()) return clock;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

export const formatAge = (time: number, now: number): string => (now - time < 1000 ? 'now' : formatSpan(now - time));

/** Where its explanation is found again: its id, and its place in the journal. */
export const whyOf = ({ id, sequence }: Pick<LogLine, 'id' | 'sequence'>): string => `${id}.${sequence}`;
