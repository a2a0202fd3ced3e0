// The rows in sight: questions with their countdown, apps and destinations with what became of them.
import { Box } from 'ink';
import { createElement as h, type ReactNode, useRef } from 'react';
import { evidenceOf } from '#client/live/evidence.ts';
import { isOpen, stateOf } from '#client/live/tree.ts';
import { headline } from '#client/question/headline.ts';
import type { LogLine } from '#model/api.ts';
import { formatBytes } from '#std/bytes.ts';
import { formatSpan } from '#std/span.ts';
import type { Row } from '../rows.ts';
import type { Picture } from '../terminal.ts';
import { windowOf } from '../ui.ts';
import { cell, line, type Style, text, wide } from './line.ts';

const marks: Readonly<Record<LogLine['action'], readonly [string, string, string, Style]>> = {
  allow: ['✓', 'allowed', 'would allow', { color: 'green' }],
  reject: ['✗', 'refused', 'would refuse', { color: 'red' }],
  drop: ['✗', 'dropped', 'would drop', { color: 'red' }],
  ask: ['?', 'asked', 'would ask', { color: 'yellow' }],
};
const evidenceMarks = { kernel: '●', found: '○', none: '·' } as const;
/** Below this, a row has its title, its mark and its age. */
export const narrow = 64;

/** `›` stands before the one that is chosen: colour alone says nothing. */
const pointer = (chosen: boolean) =>
  h(Box, { key: 'pointer', width: 2, flexShrink: 0 }, text(chosen ? '›' : ' ', { bold: true }));

function questionRow({ prompt, key }: Row & { type: 'question' }, chosen: boolean, now: number): ReactNode {
  const left = Math.max(0, Math.ceil((prompt.deadline - now) / 1000));
  return line(
    key,
    pointer(chosen),
    h(Box, { key: 'mark', width: 2, flexShrink: 0 }, text('?', { color: 'yellow', bold: true })),
    wide(headline(prompt), { color: 'yellow', bold: chosen }),
    cell('left', 5, prompt.packets === 0 ? '' : `${left} s`, { color: 'yellow', bold: true }, true),
  );
}

function nodeRow({ node, key }: Row & { type: 'node' }, picture: Picture, chosen: boolean, columns: number): ReactNode {
  const { level, title, detail, connections, bytes, last, line: newest } = node;
  const [mark, done, would, style] = marks[stateOf(node)];
  const fold = level === 3 ? ' ' : isOpen(node, picture.ui.turned) ? '▾' : '▸';
  const name = `${'  '.repeat(level - 1)}${fold} ${title}${detail === '' ? '' : `  ${detail}`}`;
  const age = picture.now - last < 1000 ? 'now' : formatSpan(picture.now - last);
  const short = columns < narrow;
  return line(
    key,
    pointer(chosen),
    wide(name, { bold: chosen || level === 1 }),
    cell('mark', short ? 1 : 14, short ? mark : `${mark} ${newest.enforced ? done : would}`, style),
    ...(short
      ? []
      : [
          cell('count', 5, String(connections), {}, true),
          cell('bytes', 9, bytes === 0 ? '' : formatBytes(bytes), {}, true),
          cell('evidence', 1, evidenceMarks[evidenceOf(newest.evidence).level], { dimColor: true }),
        ]),
    cell('age', 6, age, { dimColor: true }, true),
  );
}

interface Props {
  readonly picture: Picture;
  readonly columns: number;
  readonly height: number;
}

export function List({ picture, columns, height }: Props): ReactNode {
  const { rows, ui, now } = picture;
  const from = useRef(0);
  const at = rows.findIndex(({ key }) => key === ui.selected);
  from.current = windowOf(rows.length, at, height, Math.min(from.current, Math.max(0, rows.length - height)));
  const shown = rows.slice(from.current, from.current + height).map((row) => {
    const chosen = row.key === ui.selected;
    return row.type === 'question' ? questionRow(row, chosen, now) : nodeRow(row, picture, chosen, columns);
  });
  const none = ui.search === '' ? 'No connection in the last 10 minutes.' : `Nothing matches "${ui.search}".`;
  return h(
    Box,
    { flexDirection: 'column', height, flexShrink: 0, overflow: 'hidden' },
    ...(shown.length > 0 || picture.watched.link !== 'live'
      ? shown
      : [line('none', text(`  ${none}`, { dimColor: true }))]),
  );
}
