// Lines of the terminal view, of pieces side by side: one takes the room that the others leave.
import { Box, Text, type TextProps } from 'ink';
import { createElement as h, type ReactNode } from 'react';

export type Style = Pick<TextProps, 'color' | 'bold' | 'dimColor' | 'inverse'>;

/** One line at most; what does not fit is cut, and an ellipsis says so. */
export const text = (content: string, style: Style = {}, key?: string): ReactNode =>
  h(Text, { wrap: 'truncate-end', ...style, ...(key !== undefined && { key }) }, content);

/** Takes what room there is. */
export const wide = (content: string, style: Style = {}): ReactNode =>
  h(
    Box,
    { key: 'wide', flexGrow: 1, flexShrink: 1, flexBasis: 0, minWidth: 0, height: 1, overflow: 'hidden' },
    text(content, style),
  );

/** Of just this width. */
export const cell = (key: string, width: number, content: string, style: Style = {}, right = false): ReactNode =>
  h(
    Box,
    {
      key,
      width,
      height: 1,
      flexShrink: 0,
      marginLeft: 1,
      overflow: 'hidden',
      justifyContent: right ? 'flex-end' : 'flex-start',
    },
    text(content, style),
  );

export const line = (key: string, ...pieces: ReactNode[]): ReactNode =>
  h(Box, { key, height: 1, flexShrink: 0 }, ...pieces);
