// What the words and flags of a command ask of the journal.
import { type FieldName, fieldNames, isField } from '#model/query/fields.ts';
import { parseQuery, type Query } from '#model/query/query.ts';
import { Ending, exits } from '../context.ts';
import { safe } from '../output.ts';

/** The words of the command line as one query; what is wrong with it ends the command. */
export function readQuery(words: readonly string[]): { readonly text: string; readonly query: Query } {
  const text = words.join(' ');
  const query = parseQuery(text);
  if (query.ok) return { text, query: query.value };
  const { message, at, length } = query.error;
  throw new Ending(exits.usage, `${message}\n  ${safe(text)}\n  ${' '.repeat(at)}${'^'.repeat(Math.min(length, 80))}`);
}

export function parseField(text: string): FieldName {
  if (isField(text)) return text;
  throw new Error(`there is no field "${text}"; there are ${fieldNames.join(', ')}`);
}

/** `7d`, `12h`, `30m`, `90s` before now, or a date; milliseconds since 1970. */
export function parseWhen(text: string, now = Date.now()): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago !== null) {
    const unit = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 's'];
    return now - Number(ago[1]) * unit;
  }
  const date = Date.parse(text);
  if (!(date >= 0))
    throw new Ending(exits.usage, `"${text}" is no time; write 7d, 12h, 30m, 90s or a date such as 2026-12-31`);
  return date;
}

export const incomparable = new Ending(
  exits.usage,
  '--compare puts the time before beside groups: it needs --since and --count',
);
