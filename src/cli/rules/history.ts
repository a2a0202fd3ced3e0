// postern history, postern history diff, postern history rollback
import { buildCommand, buildRouteMap, numberParser } from '@stricli/core';
import type { VersionView } from '#model/api.ts';
import type { RolledBack, VersionDifference } from '#model/shown/difference.ts';
import { ask, type Context, mustHold } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatTime, paint, safe, table, write, writeJson } from '../output.ts';

const change = { parse: numberParser, brief: 'Number of a change', placeholder: 'CHANGE' } as const;

const listCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Show the changes of rules',
    fullDescription: 'Show the changes of rules, the newest first.\n\nExample:\n  postern history\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const versions = await ask<VersionView[]>(flags, 'GET', '/history');
    if (flags.json) writeJson(versions);
    else
      write(
        table(
          ['CHANGE', 'WHEN', 'WHO', 'WHAT'],
          versions.map(({ id, time, user, what }) => [String(id), formatTime(time), safe(user), safe(what)]),
        ),
      );
  },
});

const marks = { same: ' ', removed: '-', added: '+' } as const;
const styles = { same: 'reset', removed: 'red', added: 'green' } as const;

/** As `diff -u` writes it. */
export function formatDifference({ files }: Pick<VersionDifference, 'files'>): string {
  if (files.length === 0) return 'There is no difference.';
  const lines = files.flatMap(({ file, hunks }) => [
    paint('bold', `--- ${safe(file)}`),
    paint('bold', `+++ ${safe(file)}`),
    ...hunks.flatMap((hunk) => {
      const span = (side: 'before' | 'after') => {
        const numbers = hunk.flatMap((line) => line[side] ?? []);
        return `${numbers[0] ?? 0},${numbers.length}`;
      };
      return [
        paint('cyan', `@@ -${span('before')} +${span('after')} @@`),
        ...hunk.map(({ kind, text }) => paint(styles[kind], `${marks[kind]}${safe(text)}`)),
      ];
    }),
  ]);
  return lines.join('\n');
}

const diffCommand = buildCommand<ClientFlags, [number, string?], Context>({
  docs: {
    brief: 'Show what a change did, or the difference between two',
    fullDescription:
      'Show what a change did to the rules. With a second number, or `now`: the difference between how the first left them and how ' +
      'the second did, or how they are now.\n\n' +
      'Examples:\n  postern history diff 12\n  postern history diff 12 15\n  postern history diff 12 now\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        change,
        { parse: String, brief: 'Another change, or now', optional: true, placeholder: 'CHANGE|now' },
      ],
    },
  },
  func: showDifference,
});

/** What a change did, or what is different between it and another, or now. */
export async function showDifference(flags: ClientFlags, id: number, to?: string): Promise<void> {
  const query = new URLSearchParams(to === undefined ? {} : { to });
  const found = await ask<VersionDifference>(flags, 'GET', `/history/${id}/difference?${query}`);
  if (flags.json) writeJson(found);
  else write(formatDifference(found));
}

/** Also by itself: `postern rollback`. */
export const rollbackCommand = buildCommand<ClientFlags, [number], Context>({
  docs: {
    brief: 'Have the rules again as a change left them',
    fullDescription:
      'Have the rules again as they were right after a change: every change after it is taken back. `postern undo` takes this back in turn.\n\n' +
      'Example:\n  postern history rollback 12\n',
  },
  parameters: { flags: clientFlags, positional: { kind: 'tuple', parameters: [change] } },
  async func(flags, id) {
    const done = await ask<RolledBack>(flags, 'POST', `/history/${id}/rollback`);
    if (flags.json) writeJson(done);
    else
      write(`The rules are as change ${done.to.id} left them (${safe(done.to.what)}). Take it back with: postern undo`);
    mustHold(done);
  },
});

export const historyRoutes = buildRouteMap({
  routes: { list: listCommand, diff: diffCommand, rollback: rollbackCommand },
  defaultCommand: 'list',
  docs: { brief: 'Show the changes of rules, compare them, go back to one' },
});
