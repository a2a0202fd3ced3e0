// postern replay
import { buildCommand } from '@stricli/core';
import { type Mode, modes } from '#model/mode.ts';
import type { ReplayReport } from '#model/shown/replay.ts';
import type { Replay } from '#policy/index.ts';
import { type Context, Ending, exits } from '../context.ts';
import { jsonFlag } from '../flags.ts';
import { parseWhen } from '../history/asked.ts';
import { formatAge, formatTime, paint, paintAction, safe, table, write, writeJson } from '../output.ts';

interface Flags {
  readonly json: boolean;
  readonly since: string;
  readonly mode: Mode;
  readonly against?: string;
  readonly journal: string;
}

const shownGroups = 50;
const jsonGroups = 10_000;
const progressMs = 500;

export function formatReplay(report: ReplayReport, now = Date.now()): string {
  const { since, connections, changed, groups, more } = report;
  if (since === null) return 'The journal has no connection of that time.';
  const of = `${connections === 1 ? '1 connection' : `${connections} connections`} since ${formatTime(since)}`;
  if (changed === 0) return `${of}: nothing would be decided otherwise.`;
  const rows = groups.map(({ app, destination, direction, was, would, rule, times, last }) => [
    `${times}×`,
    `${paintAction(was)} → ${paintAction(would)}`,
    app,
    `${direction === 'in' ? '←' : direction === 'forward' ? '⇢' : '→'} ${destination}`,
    rule === null ? 'by the mode' : `by "${safe(rule)}"`,
    formatAge(last, now),
  ]);
  return [
    `${of}: ${paint('bold', String(changed))} would be decided otherwise.`,
    table(['TIMES', 'CHANGE', 'APP', 'DESTINATION', 'DECIDED', 'LAST'], rows),
    ...(more > 0 ? [`and ${more} more; --json has up to ${jsonGroups}`] : []),
  ].join('\n');
}

export const replayCommand = buildCommand<Flags, [string], Context>({
  docs: {
    brief: 'Say what other rules would have done with recorded connections',
    fullDescription:
      'Decide the connections of the journal anew by the rules of a folder, and show which would be decided otherwise than they were; with --against,\n' +
      'otherwise than by the rules of another folder. Needs no daemon, but the right to read the journal. Exit code 1 where something differs.\n\nExamples:\n' +
      '  sudo postern replay ./rules --since 7d\n  sudo postern replay ./rules --against /etc/postern --since 30d\n',
  },
  parameters: {
    flags: {
      json: jsonFlag,
      since: {
        kind: 'parsed',
        parse: String,
        brief: 'From when: 7d (default), 12h, or a date',
        default: '7d',
        placeholder: 'TIME',
      },
      mode: { kind: 'enum', values: modes, brief: 'Mode to judge in (default ask)', default: 'ask' },
      against: {
        kind: 'parsed',
        parse: String,
        brief: 'The rules to compare with, instead of what was done',
        optional: true,
        placeholder: 'DIR',
      },
      journal: {
        kind: 'parsed',
        parse: String,
        brief: 'The journal (default /var/lib/postern/journal.db)',
        default: '/var/lib/postern/journal.db',
        placeholder: 'FILE',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'Folder with rule files, or one file', placeholder: 'DIR' }],
    },
  },
  async func({ json, since, mode, against, journal }, path) {
    const now = Date.now();
    const from = parseWhen(since, now);
    const { replayJournal } = await import('../replay/halves.ts');
    const shows = process.stderr.isTTY === true;
    let told = performance.now();
    const tell = (count: number) => {
      if (!shows || performance.now() - told < progressMs) return;
      told = performance.now();
      process.stderr.write(`\r${count} connections …`);
    };
    let replay: Replay;
    try {
      replay = await replayJournal({ path, against, mode, journal, since: from, now }, tell);
    } catch (error) {
      throw error instanceof Ending
        ? error
        : new Ending(exits.no, error instanceof Error ? error.message : String(error));
    } finally {
      if (shows) process.stderr.write('\r\u001b[K');
    }
    const report = replay.report(json ? jsonGroups : shownGroups);
    if (json) writeJson(report);
    else write(formatReplay(report, now));
    if (report.changed > 0) throw new Ending(exits.no);
  },
});
