// The whole picture in a terminal of any size: head, list, what is chosen, and the keys.
import { Box, type Key, useApp, useInput, useWindowSize } from 'ink';
import { createElement as h, type ReactNode, useSyncExternalStore } from 'react';
import type { Picture, Press, Terminal } from '../terminal.ts';
import { Detail, detailHeight, PaneBox } from './below.ts';
import { Head } from './head.ts';
import { line, text } from './line.ts';
import { List, narrow } from './list.ts';

const keysText = 'j k move  Tab question  a d answer  e explain  m mode  / search  ? keys  q leave';

function StandLine({ picture: { ui, waiting } }: { readonly picture: Picture }): ReactNode {
  if (ui.typing) return line('stand', text(`/${ui.search}▏  Enter keeps it, Esc clears it`, { bold: true }));
  if (ui.message !== undefined)
    return line('stand', text(ui.message.text, { color: ui.message.bad ? 'red' : 'green' }));
  const parts = [
    ...(ui.search === '' ? [] : [`/${ui.search}`]),
    ...(ui.held === undefined ? [] : [waiting === 0 ? 'stands still' : `${waiting} changes waiting: r shows them`]),
  ];
  return line('stand', text(parts.length === 0 ? ' ' : parts.join(' · '), { dimColor: true }));
}

export interface FrameProps {
  readonly picture: Picture;
  readonly columns: number;
  readonly rows: number;
  /** With what only somebody who presses keys needs. */
  readonly live: boolean;
}

export function Frame({ picture, columns, rows, live }: FrameProps): ReactNode {
  const { pane } = picture.ui;
  const fixed = live ? 3 : 1;
  const detail = columns < narrow ? Math.min(7, Math.max(detailHeight, rows - fixed - 5)) : detailHeight;
  const below = !live ? 0 : pane === undefined ? detail : Math.min(Math.max(5, Math.floor(rows / 2)), rows - fixed - 2);
  const height = Math.max(1, rows - fixed - below);
  return h(
    Box,
    { flexDirection: 'column', width: columns, height: live ? rows : fixed + height, overflow: 'hidden' },
    h(Head, { key: 'head', picture }),
    ...(live ? [h(StandLine, { key: 'stand', picture })] : []),
    h(List, { key: 'list', picture, columns, height }),
    ...(!live
      ? []
      : [
          pane === undefined
            ? h(Detail, { key: 'detail', picture, height: below })
            : h(PaneBox, { key: 'pane', pane, height: below }),
        ]),
    ...(live ? [line('keys', text(keysText, { dimColor: true }))] : []),
  );
}

function pressOf(input: string, key: Key): Press | undefined {
  if (key.ctrl || key.meta) return undefined;
  const names = {
    ...{ up: key.upArrow, down: key.downArrow, left: key.leftArrow, right: key.rightArrow, enter: key.return },
    ...{
      escape: key.escape,
      backspace: key.backspace || key.delete,
      tab: key.tab,
      pageUp: key.pageUp,
      pageDown: key.pageDown,
    },
  };
  const name = (Object.keys(names) as (keyof typeof names)[]).find((one) => names[one]);
  return { text: input, ...(name !== undefined && { name }) };
}

const controls: Readonly<Record<string, Press['name']>> = {
  ...{ '\t': 'tab', '\r': 'enter', '\n': 'enter', '\u001b': 'escape', '\u007f': 'backspace' },
};

/** Keys typed faster than they are read come together. */
export const separate = (keys: string): Press[] =>
  [...keys].map((text) => {
    const name = controls[text];
    return { text, ...(name !== undefined && { name }) };
  });

export function Screen({ terminal }: { readonly terminal: Terminal }): ReactNode {
  const picture = useSyncExternalStore(terminal.subscribe, () => terminal.picture);
  const { columns, rows } = useWindowSize();
  const { exit } = useApp();
  useInput((input, key) => {
    const press = pressOf(input, key);
    if (press === undefined) return;
    const each = press.name === undefined ? separate(press.text) : [press];
    for (const one of each) if (!terminal.press(one)) exit();
  });
  return h(Frame, { picture, columns, rows, live: true });
}
