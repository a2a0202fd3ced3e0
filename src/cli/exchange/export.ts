// postern export: rules in the language of another tool, as far as it can say them.
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { type ExportFormat, type ExportReport, exportFormats } from '#model/exchange/reports.ts';
import { modes } from '#model/mode.ts';
import { selfTestRule } from '#model/shown/selftest.ts';
import { type Context, Ending, exits } from '../context.ts';
import { jsonFlag } from '../flags.ts';
import { paint, safe, write, writeJson } from '../output.ts';
import { writeFiles } from './files.ts';

type Mode = (typeof modes)[number];

interface ExportFlags {
  readonly policy: string;
  readonly unit?: readonly string[];
  readonly mode: Mode;
  readonly out?: string;
  readonly force: boolean;
  readonly json: boolean;
}

function parseFormat(text: string): ExportFormat {
  const found = exportFormats.find((format) => format === text);
  if (found === undefined) throw new Error(`"${text}" is none of ${exportFormats.join(', ')}`);
  return found;
}

async function exported(
  format: ExportFormat,
  { policy: folder, mode, unit: flagged = [] }: ExportFlags,
  given: string | undefined,
): Promise<ExportReport> {
  const { exportSystemd, isUnitName, unitsOf } = await import('#policy/export/systemd.ts');
  const asked = [...(given === undefined ? [] : [given]), ...flagged];
  const wrong = asked.find((name) => !isUnitName(name));
  if (wrong !== undefined) throw new Ending(exits.usage, `"${wrong}" is no name of a unit such as nginx.service`);
  if (asked.length > 0 && format !== 'systemd') throw new Ending(exits.usage, 'a unit goes with systemd alone');
  const { compileFolder } = await import('../rulesdir.ts');
  // Where Postern is not, nobody tries whether it refuses.
  const { policy } = compileFolder(folder, { mode, disabled: new Set([selfTestRule]) });
  if (format === 'nft') return (await import('#kernel/nft/standalone.ts')).exportNft(policy);
  if (format === 'lsrules') return (await import('#policy/export/lsrules.ts')).exportLsrules(policy.ordered);
  const units = asked.length > 0 ? [...new Set(asked)] : unitsOf(policy.ordered);
  if (units.length === 0)
    throw new Ending(exits.no, 'no rule names a unit', 'say which one: postern export systemd nginx.service');
  return exportSystemd(policy.ordered, units, mode === 'lockdown');
}

function written(report: ExportReport, out: string | undefined, force: boolean): ExportReport {
  if (out === undefined) return report;
  const files = report.files.map(({ name, text }) => ({ path: join(out, name), text }));
  writeFiles(files, force);
  return { ...report, written: files.map(({ path }) => path) };
}

function formatReport({ carried, left, traps, written: paths }: ExportReport): string {
  return [
    `${carried.length === 1 ? '1 rule' : `${carried.length} rules`} carried over.`,
    ...(left.length > 0 ? [paint('red', `${left.length} could not be carried over:`)] : []),
    ...left.map(({ from, why }) => `  ${safe(from)}: ${safe(why)}`),
    ...traps.map(({ from, text }) => paint('yellow', `  ${from === null ? '' : `${safe(from)}: `}${safe(text)}`)),
    ...paths.map((path) => `wrote ${safe(path)}`),
  ].join('\n');
}

const text = (brief: string, placeholder: string) => ({ kind: 'parsed', parse: String, brief, placeholder }) as const;

export const exportCommand = buildCommand<ExportFlags, [ExportFormat, string?], Context>({
  docs: {
    brief: 'Write rules in the language of another tool',
    fullDescription:
      'Write the rules of a folder in the language of another tool, as far as it can say them; the rest is listed, in the file and in the\n' +
      'report. Needs no daemon. FORMAT is nft (a table of its own), systemd (drop-ins with IPAddressAllow= and IPAddressDeny=) or\n' +
      'lsrules (Little Snitch). Without --out it prints the files, and the report on standard error.\n' +
      'Exit code 1 when a rule could not be carried over.\n\nExamples:\n' +
      '  postern export nft --policy ./rules\n  postern export systemd nginx.service --mode lockdown --out /run/systemd/system\n',
  },
  parameters: {
    flags: {
      policy: { ...text('Folder or file of rules (default /etc/postern)', 'DIR'), default: '/etc/postern' },
      unit: { ...text('systemd: this unit, instead of all that rules name', 'UNIT'), variadic: true, optional: true },
      mode: {
        kind: 'enum',
        values: modes,
        brief: 'systemd: with lockdown, what no rule decides is refused (default allow)',
        default: 'allow',
      },
      out: { ...text('Folder to write the files into', 'DIR'), optional: true },
      force: { kind: 'boolean', brief: 'Write over files that are there', default: false, withNegated: false },
      json: jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: parseFormat, brief: exportFormats.join(', '), placeholder: 'FORMAT' },
        { parse: String, brief: 'systemd: the same as --unit', placeholder: 'UNIT', optional: true },
      ],
    },
  },
  async func(flags, format, given) {
    const report = written(await exported(format, flags, given), flags.out, flags.force);
    if (flags.json) writeJson(report);
    else if (flags.out !== undefined) write(formatReport(report));
    else {
      const several = report.files.length > 1;
      write(
        report.files
          .map((file) => `${several ? `# ${file.name}\n` : ''}${file.text}`)
          .join('\n')
          .trimEnd(),
      );
      process.stderr.write(`${formatReport(report)}\n`);
    }
    if (report.left.length > 0) throw new Ending(exits.no);
  },
});
