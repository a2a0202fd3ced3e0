// What stands below the list: of the chosen row, what is known of it and what the keys would do; or what was opened.
import { Box, Text } from 'ink';
import { createElement as h, type ReactNode } from 'react';
import { evidenceOf } from '#client/live/evidence.ts';
import { placeLine, programLine } from '#client/question/headline.ts';
import {
  lifetimeChoices,
  meaningOf,
  placeChoices,
  placeKey,
  portChoices,
  type Subject,
  whoChoices,
} from '#client/question/meaning.ts';
import type { Answer } from '#model/prompt.ts';
import { destinationName, formatConnection, programName } from '#model/sentence.ts';
import { listsHaving } from '#policy/answer.ts';
import { escapeText } from '#std/text.ts';
import type { Row } from '../rows.ts';
import type { Picture } from '../terminal.ts';
import type { Pane } from '../ui.ts';
import { line, type Style, text } from './line.ts';

export type Below = readonly (readonly [string, Style])[];

const dot = (parts: readonly string[]) => parts.join(' · ');

function choicesLine(subject: Subject, { scope, lifetime }: Answer): string {
  const find = <Value>(choices: readonly { key: string; text: string; value: Value }[], key: string | undefined) =>
    choices.find((choice) => choice.key === key)?.text ?? '';
  return [
    `l how long: ${find(lifetimeChoices, lifetime)}`,
    `w who: ${find(whoChoices(subject), scope.who)}`,
    `t to: ${find(placeChoices(subject), placeKey(scope, subject))}`,
    `p ${find(portChoices(subject), scope.port)}`,
  ].join('   ');
}

/** Lines below the list where the terminal is wide enough. */
export const detailHeight = 3;

/** Three lines on the chosen row. */
export function detailOf(row: Row | undefined): Below {
  if (row === undefined)
    return [
      ['', {}],
      ['', {}],
      ['', {}],
    ];
  if (row.type === 'node') {
    const { line: newest } = row.node;
    return [
      [formatConnection(newest, () => newest.user ?? undefined), {}],
      [evidenceOf(newest.evidence).text, { dimColor: true }],
      ['e explain   a allow, d refuse: make a rule of it   Enter opens and closes', { dimColor: true }],
    ];
  }
  const { prompt, answer } = row;
  const meaning = meaningOf(prompt, answer);
  const lists = listsHaving(prompt.lists);
  const listed =
    lists.length === 0 ? [] : [`in the ${lists.length === 1 ? 'list' : 'lists'} ${escapeText(lists.join(', '))}`];
  return [
    [dot([...listed, ...placeLine(prompt), ...programLine(prompt)]), {}],
    [meaning.ok ? `For ${meaning.value}` : meaning.error, { bold: true, ...(!meaning.ok && { color: 'red' }) }],
    [`a allow  d refuse  D drop  n not now   ${choicesLine(prompt, answer)}`, { dimColor: true }],
  ];
}

const help: Below = [
  ['j k ↓ ↑      next and previous row; the list stands still until Esc, r, or 20 s without a key', {}],
  ['Tab          next question', {}],
  ['a d D n      on a question: allow, refuse, drop, not now (refused once, no rule)', {}],
  ['l w t p      on a question or rule: how long, who, where to, which port', {}],
  ['a d          on a connection: make a rule of it', {}],
  ['Enter ← →    open and close; on a connection or question, all that is known', {}],
  ['e            explain: every rule that was tried, and why', {}],
  ['m            change the mode', {}],
  ['u            undo the last change of the rules', {}],
  ['/            search apps, names, addresses, rules', {}],
  ['q            leave', {}],
];

export function paneLines(pane: Pane): { readonly title: string; readonly lines: Below } {
  switch (pane.type) {
    case 'help':
      return { title: 'Keys (Esc closes)', lines: help };
    case 'mode': {
      const { preview } = pane;
      const refused =
        preview === undefined
          ? ''
          : preview.total === 0
            ? ': would have refused nothing of the last 7 days'
            : `: would have refused ${preview.total} connections of the last 7 days${preview.ssh > 0 ? `, ${preview.ssh} of them SSH to this machine` : ''}`;
      return {
        title: 'Mode (Esc closes)',
        lines: [
          ['o  observe: rules are judged and recorded, nothing is enforced', {}],
          ['a  ask about what no rule decides', {}],
          [`l  lockdown for a minute, unless confirmed${refused}`, {}],
          ['p  pause 10 minutes', {}],
          ['c  confirm what would go back; end a pause', {}],
        ],
      };
    }
    case 'explain':
      return {
        title: `${pane.title} (Esc closes, j k scroll)`,
        lines: pane.lines.slice(pane.from).map((one) => [one, {}]),
      };
    case 'rule': {
      const { subject, answer, priority } = pane;
      const meaning = meaningOf(subject, answer);
      const verb = answer.action === 'allow' ? 'Allow' : 'Refuse';
      return {
        title: `A rule of ${programName(subject.attempt)} → ${destinationName(subject.attempt)}`,
        lines: [
          [
            meaning.ok ? `${verb} ${meaning.value}` : meaning.error,
            { bold: true, ...(!meaning.ok && { color: 'red' }) },
          ],
          ...(priority === undefined
            ? []
            : [[`It gets priority ${priority}, as the rule that refuses has it.`, {}] as const]),
          [choicesLine(subject, answer), { dimColor: true }],
          ['Enter or y adds it   Esc or n does not', { dimColor: true }],
        ],
      };
    }
  }
}

export function PaneBox({ pane, height }: { readonly pane: Pane; readonly height: number }): ReactNode {
  const { title, lines } = paneLines(pane);
  return h(
    Box,
    { flexDirection: 'column', height, flexShrink: 0, overflow: 'hidden' },
    line('title', text(title, { bold: true, inverse: true })),
    ...lines.slice(0, height - 1).map(([content, style], at) =>
      // Long lines of an explanation are read whole.
      h(Box, { key: `${at}`, flexShrink: 0 }, h(Text, { wrap: 'wrap', ...style }, content === '' ? ' ' : content)),
    ),
  );
}

/** In a narrow terminal lines go on below, and what an answer is for comes first. */
export function Detail({ picture, height }: { readonly picture: Picture; readonly height: number }): ReactNode {
  const row = picture.rows.find(({ key }) => key === picture.ui.selected);
  const [facts = ['', {}], meaning = ['', {}], keys = ['', {}]] = detailOf(row);
  const narrow = height > detailHeight;
  const ordered = narrow && row?.type === 'question' ? [meaning, keys, facts] : [facts, meaning, keys];
  return h(
    Box,
    { flexDirection: 'column', height, flexShrink: 0, overflow: 'hidden' },
    ...ordered.map(([content, style], at) =>
      narrow
        ? h(Box, { key: `${at}`, flexShrink: 0 }, h(Text, { wrap: 'wrap', ...style }, content))
        : line(`${at}`, text(content === '' ? ' ' : content, style)),
    ),
  );
}
