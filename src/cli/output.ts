// How commands write: tables, colours, times. Text from outside is escaped; colour is for terminals alone.
import { stripVTControlCharacters, styleText } from 'node:util';
import { formatSpan } from '#std/span.ts';
import { escapeText, formatJson } from '#std/text.ts';

type Style = Parameters<typeof styleText>[0];

/** Colours where standard output is a terminal and NO_COLOR is not set. */
export function paint(style: Style, text: string): string {
  const colour = process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  return colour ? styleText(style, text, { validateStream: false }) : text;
}

export function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function writeJson(value: unknown): void {
  process.stdout.write(`${formatJson(value, 2)}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`postern: ${text}\n`);
}

const width = (text: string) => [...stripVTControlCharacters(text)].length;

/** Columns side by side; on a terminal, rows are cut to its width. Cells must be escaped already where they come from outside. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === cells.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
      )
      .join('  ');
  const columns = process.stdout.isTTY === true ? process.stdout.columns : undefined;
  const cut = (text: string) =>
    columns === undefined || width(text) <= columns
      ? text
      : `${[...stripVTControlCharacters(text)].slice(0, columns - 1).join('')}…`;
  return [paint('bold', cut(line(head))), ...rows.map((row) => cut(line(row)))].join('\n');
}

/** `2026-11-24 10:15:30` in the local time zone. */
export function formatTime(time: number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function formatAge(time: number | null, now = Date.now()): string {
  return time === null ? 'never' : `${formatSpan(now - time)} ago`;
}

const actionStyles: Readonly<Record<string, Style>> = {
  allow: 'green',
  reject: 'red',
  drop: 'red',
  ask: 'yellow',
  log: 'cyan',
};

export function paintAction(action: string): string {
  return paint(actionStyles[action] ?? 'reset', action);
}

export const safe = escapeText;
