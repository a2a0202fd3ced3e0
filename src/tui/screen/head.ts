// The head of the terminal view: the mode, what waits, what goes on and what was lost.

import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import { createElement as h } from 'react';
import type { Mode } from '#model/mode.ts';
import { formatBytes } from '#std/bytes.ts';
import { formatSpan } from '#std/span.ts';
import { lossesOf, ratesOf } from '../rows.ts';
import type { Picture } from '../terminal.ts';
import type { Style } from './line.ts';

const colours: Readonly<Record<Mode, string>> = {
  ...{ off: 'gray', observe: 'cyan', allow: 'green', ask: 'green', lockdown: 'red' },
};
const rate = (value: number) => (value >= 10 ? String(Math.round(value)) : value.toFixed(1));

/** The most important first: what does not fit into the line is left out at its end. */
export function headPieces({ watched, lines, now }: Picture): readonly (readonly [string, Style])[] {
  const { link, problem, status, told } = watched;
  const pieces: [string, Style][] = [['Postern', { bold: true }]];
  if (link !== 'live' || status === undefined) {
    pieces.push([problem?.message ?? 'connecting …', { color: 'red' }]);
    return pieces;
  }
  const { mode, pausedUntil, revertsAt, revertsTo, gate } = status;
  pieces.push([mode, { bold: true, color: colours[mode] }]);
  if (pausedUntil !== null) pieces.push([`paused for ${formatSpan(pausedUntil - now)}`, { color: 'yellow' }]);
  if (revertsAt !== null) pieces.push([`back to ${revertsTo} in ${formatSpan(revertsAt - now)}`, { color: 'yellow' }]);
  const questions = told.prompts.size;
  if (questions > 0)
    pieces.push([questions === 1 ? '1 question' : `${questions} questions`, { color: 'yellow', bold: true }]);
  if (gate === null) pieces.push(['the gate is away', { color: 'red' }]);
  const lost = lossesOf(status);
  if (lost > 0) pieces.push([`${lost} lost`, { color: 'red' }]);
  const { connections, refused, bytes } = ratesOf(lines, now);
  pieces.push([`${rate(connections)} conn/s`, {}]);
  if (refused > 0) pieces.push([`${rate(refused)} refused/s`, { color: 'red' }]);
  if (bytes > 0) pieces.push([`${formatBytes(bytes)}/s`, {}]);
  if (gate !== null)
    pieces.push([
      gate.kernelPath.tier === 'none' ? 'without eBPF' : `eBPF ${gate.kernelPath.tier}`,
      { dimColor: true },
    ]);
  if (lost === 0) pieces.push(['nothing lost', { dimColor: true }]);
  return pieces;
}

export function Head({ picture }: { readonly picture: Picture }): ReactNode {
  const pieces = headPieces(picture).flatMap(([content, style], at) => [
    ...(at === 0 ? [] : [h(Text, { key: `${at} between`, dimColor: true }, ' · ')]),
    h(Text, { key: String(at), ...style }, content),
  ]);
  return h(Box, { height: 1, flexShrink: 0 }, h(Text, { wrap: 'truncate-end' }, ...pieces));
}
