// postern import: the rules of other tools as rule files, with a report of what could not be carried over.
import { basename, dirname, join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { type ImportFormat, type ImportReport, importFormats } from '#model/exchange/reports.ts';
import { formatJson } from '#std/text.ts';
import { type Context, Ending, exits } from '../context.ts';
import { jsonFlag } from '../flags.ts';
import { paint, safe, write, writeJson } from '../output.ts';
import { type Written, writeFiles } from './files.ts';
import { readSources } from './sources.ts';

interface ImportFlags {
  readonly out?: string;
  readonly force: boolean;
  readonly aliases?: string;
  readonly json: boolean;
}

function parseFormat(text: string): ImportFormat {
  const found = importFormats.find((format) => format === text);
  if (found === undefined) throw new Error(`"${text}" is none of ${importFormats.join(', ')}`);
  return found;
}

/** Where the files stand below --out: as in /etc/postern, so that the folder can be copied there. */
function placed(
  out: string,
  files: readonly { name: string; text: string }[],
  lists: ImportReport['lists'],
): Written[] {
  const inRules = basename(out) === 'rules.d';
  const [rulesFolder, listsFolder] = [
    inRules ? out : join(out, 'rules.d'),
    join(inRules ? dirname(out) : out, 'lists.d'),
  ];
  return [
    ...files.map(({ name, text }) => ({ path: join(rulesFolder, name), text })),
    ...lists.map(({ name, source }) => ({
      path: join(listsFolder, `${name}.yaml`),
      text: `source: ${formatJson(source)}\n`,
    })),
  ];
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;

/** More of each are in --json. */
const maxShown = 200;

export function formatReport({ rules, carried, left, traps, lists, files }: ImportReport): string {
  const shown = (lines: readonly string[]) => [
    ...lines.slice(0, maxShown),
    ...(lines.length > maxShown ? [`  … and ${lines.length - maxShown} more; --json has them all`] : []),
  ];
  const lines = [
    `${count(carried.length, 'rule')} carried over, as ${count(rules.length, 'rule')} of Postern:`,
    ...shown(carried.map(({ from, rules: names }) => `  ${safe(from)}: ${names.map((name) => safe(name)).join(', ')}`)),
  ];
  if (lists.length > 0) {
    lines.push(`${count(lists.length, 'list')} that they need:`);
    lines.push(...shown(lists.map(({ name, source }) => `  ${safe(name)}: ${safe(source)}`)));
  }
  if (left.length > 0) {
    lines.push(paint('red', `${left.length} could not be carried over:`));
    lines.push(...shown(left.map(({ from, why }) => `  ${safe(from)}: ${safe(why)}`)));
  }
  if (traps.length > 0) {
    lines.push(paint('yellow', `${count(traps.length, 'trap')}, where a rule means other than it seems:`));
    lines.push(...shown(traps.map(({ from, text }) => `  ${from === null ? '' : `${safe(from)}: `}${safe(text)}`)));
  }
  for (const file of files) lines.push(`wrote ${safe(file)}`);
  return lines.join('\n');
}

export const importCommand = buildCommand<ImportFlags, [ImportFormat, string], Context>({
  docs: {
    brief: 'Turn the rules of another tool into rule files',
    fullDescription:
      'Turn the rules of another tool into rule files, and report what was carried over, what could not be and why, and what means\n' +
      'other than it seems. Needs no daemon. FORMAT is opensnitch, iptables (iptables-save), nft (nft list ruleset, also -j), ufw,\n' +
      'lsrules (Little Snitch) or portmaster. Without --out it prints the rules, and the report on standard error.\n' +
      'Exit code 1 when something could not be carried over.\n\nExamples:\n' +
      '  postern import opensnitch /etc/opensnitchd/rules --out imported\n  postern check imported\n' +
      '  iptables-save | postern import iptables -\n',
  },
  parameters: {
    flags: {
      out: {
        kind: 'parsed',
        parse: String,
        brief: 'Folder to write rules.d and lists.d into',
        optional: true,
        placeholder: 'DIR',
      },
      force: { kind: 'boolean', brief: 'Write over files that are there', default: false, withNegated: false },
      aliases: {
        kind: 'parsed',
        parse: String,
        brief: "OpenSnitch's network_aliases.json, where it is not beside the folder of its rules",
        optional: true,
        placeholder: 'FILE',
      },
      json: jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: parseFormat, brief: importFormats.join(', '), placeholder: 'FORMAT' },
        { parse: String, brief: 'File, folder of files, or - for standard input', placeholder: 'PATH' },
      ],
    },
  },
  async func({ out, force, aliases, json }, format, path) {
    const { importRules } = await import('#policy/import/import.ts');
    const { ruleFiles } = await import('#policy/import/ruletext.ts');
    const result = importRules(format, readSources(format, path, aliases));
    const files = ruleFiles(result);
    const written = out === undefined ? [] : placed(out, files, result.report.lists);
    writeFiles(written, force);
    const report: ImportReport = { ...result.report, files: written.map((file) => file.path) };
    if (json) writeJson(report);
    else if (out === undefined) {
      write(files.map(({ text }) => text.trimEnd()).join('\n'));
      process.stderr.write(`${formatReport(report)}\n`);
    } else write(formatReport(report));
    if (report.left.length > 0) throw new Ending(exits.no);
  },
});
