// postern diff: two folders of rules, or one and what holds, or two versions of the rules.
import { buildCommand } from '@stricli/core';
import { type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { write, writeJson } from '../output.ts';
import { formatDifference, showDifference } from '../rules/history.ts';
import { differenceBetween, inPlaceOf, readPresent, readSide } from './folders.ts';
import { formatRules } from './format.ts';

export const diffCommand = buildCommand<ClientFlags, [string, string?], Context>({
  docs: {
    brief: 'Show what is different between rules',
    fullDescription:
      'Show what is different between the rules that hold and those of a folder, or between two folders, rule by rule and line by line; two\n' +
      'folders need no running Postern. With the numbers of changes, as postern history diff.\n' +
      'Exit code 1 when folders differ.\n\nExamples:\n' +
      '  sudo postern diff ./rules\n  postern diff ./base/rules ./rules\n  postern diff 12\n  postern diff 12 now\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, brief: 'A folder with rule files, or the number of a change', placeholder: 'DIR|CHANGE' },
        { parse: String, brief: 'Another one', placeholder: 'DIR|CHANGE|now', optional: true },
      ],
    },
  },
  async func(flags, first, second) {
    if (/^\d+$/.test(first)) {
      await showDifference(flags, Number(first), second);
      return;
    }
    const one = second === undefined ? await readPresent(flags) : readSide(first);
    const other = second === undefined ? inPlaceOf(one, readSide(first)) : readSide(second);
    const difference = differenceBetween(one, other);
    if (flags.json) writeJson(difference);
    else write([...formatRules(difference.rules), formatDifference(difference)].join('\n'));
    if (difference.files.length > 0) throw new Ending(exits.no);
  },
});
