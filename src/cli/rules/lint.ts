// postern lint
import { buildCommand } from '@stricli/core';
import type { LintReport } from '#model/shown/lint.ts';
import { type Context, Ending, exits } from '../context.ts';
import { jsonFlag } from '../flags.ts';
import { parseWhen } from '../history/asked.ts';
import { paint, safe, write, writeJson } from '../output.ts';

interface Flags {
  readonly json: boolean;
  readonly journal?: string;
  readonly since: string;
}

export function formatLint({ findings, used }: LintReport): string {
  const lines = findings.map(({ rule, kind, place, message }) => {
    const where = place === null ? '' : `${safe(place.file)}:${place.line}:${place.column}: `;
    return `${where}${paint('yellow', kind)}: rule "${safe(rule)}": ${safe(message)}`;
  });
  if (findings.length === 0) lines.push('Nothing was found.');
  if (used === null) lines.push('How they are used was not looked at; --journal FILE does.');
  return lines.join('\n');
}

export const lintCommand = buildCommand<Flags, [string], Context>({
  docs: {
    brief: 'Find rules that are worth a look',
    fullDescription:
      'Find rules that can never decide, that say the same twice, that have ended, exceptions that their fence overrules; and with --journal those that\n' +
      'nothing came under, and those for anywhere that reached two places at most. Needs no daemon. Exit code 1 where something was found.\n\nExamples:\n' +
      '  postern lint ./rules\n  sudo postern lint /etc/postern --journal /var/lib/postern/journal.db\n',
  },
  parameters: {
    flags: {
      json: jsonFlag,
      journal: {
        kind: 'parsed',
        parse: String,
        brief: 'The journal that says how they are used',
        optional: true,
        placeholder: 'FILE',
      },
      since: {
        kind: 'parsed',
        parse: String,
        brief: 'From when: 90d (default), or a date',
        default: '90d',
        placeholder: 'TIME',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'Folder with rule files, or one file', placeholder: 'DIR' }],
    },
  },
  async func({ json, journal, since }, path) {
    const now = Date.now();
    const from = parseWhen(since, now);
    const { lintRules, Usage } = await import('#policy/index.ts');
    const { ownPlaces } = await import('#kernel/places/placefiles.ts');
    const { compileFolder } = await import('../rulesdir.ts');
    const places = ownPlaces();
    const { policy, records, accounts } = compileFolder(path, { mode: 'ask', places }, true);
    const usage = journal === undefined ? undefined : new Usage(policy, now);
    if (journal !== undefined && usage !== undefined) {
      const { readRows } = await import('#store/replay/rows.ts');
      try {
        for (const connection of readRows(journal, from)) usage.add(connection);
      } catch (error) {
        throw new Ending(exits.no, error instanceof Error ? error.message : String(error));
      }
    }
    const findings = lintRules(policy, records, { accounts, places, now, usage });
    const used = usage === undefined ? null : { connections: usage.connections, since: usage.since };
    const report: LintReport = { findings, used };
    if (json) writeJson(report);
    else write(formatLint(report));
    if (findings.length > 0) throw new Ending(exits.no);
  },
});
