// The log as a table of text that spreadsheets read.
import type { LogLine } from '#model/api.ts';
import type { Groups } from '#model/query/history.ts';
import { escapeText } from '#std/text.ts';

const columns = [
  ['time', ({ time }) => new Date(time).toISOString()],
  ['action', ({ action }) => action],
  ['enforced', ({ enforced }) => enforced],
  ['rule', ({ rule }) => rule],
  ['reason', ({ reason }) => reason],
  ['app', ({ app }) => app],
  ['path', ({ attempt: { process } }) => process?.script ?? process?.exe ?? process?.image?.path],
  ['user', ({ user }) => user],
  ['direction', ({ attempt: { flow } }) => flow.direction],
  ['protocol', ({ attempt: { flow } }) => flow.protocol],
  ['name', ({ attempt: { names = [] } }) => names[0]?.name],
  ['address', ({ attempt: { flow } }) => flow.remote.address],
  ['port', ({ attempt: { flow } }) => (flow.direction === 'in' ? flow.local?.port : flow.remote.port)],
  ['country', ({ country }) => country],
  ['as', ({ as }) => as],
  ['sent', ({ end }) => end?.bytesOut],
  ['received', ({ end }) => end?.bytesIn],
  ['id', ({ id }) => id],
] as const satisfies readonly (readonly [string, (line: LogLine) => string | number | boolean | null | undefined])[];

/** Text that a spreadsheet would take for a formula begins with an apostrophe; controls are escaped. */
function cell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = escapeText(value).replace(/^(?=[=+\-@])/, "'");
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The same of groups. */
export function formatGroupsCsv(by: string, { groups }: Groups): string {
  const head = [by, 'connections', 'refused', 'bytes', 'first', 'last', 'before'];
  const time = (at: number | null) => (at === null ? '' : new Date(at).toISOString());
  const rows = groups.map(({ value, connections, refused, bytes, first, last, before }) =>
    [value, connections, refused, bytes, time(first), time(last), before?.connections].map(cell),
  );
  return [head, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/** RFC 4180: lines end in CR LF. */
export function formatCsv(lines: readonly LogLine[]): string {
  const rows = [columns.map(([name]) => name), ...lines.map((line) => columns.map(([, of]) => cell(of(line))))];
  return rows.map((row) => `${row.join(',')}\r\n`).join('');
}
