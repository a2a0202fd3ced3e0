// postern plan: what applying a folder of rules would change.
import { buildCommand } from '@stricli/core';
import { ownPlaces } from '#kernel/places/placefiles.ts';
import { type Mode, modes } from '#model/mode.ts';
import type { PolicyPlan } from '#model/shown/policyfiles.ts';
import { type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { parseWhen } from '../history/asked.ts';
import { write, writeJson } from '../output.ts';
import { inPlaceOf, type Present, readPresent, readSide, type Side } from './folders.ts';
import { formatPlan } from './format.ts';
import { makePlan } from './planning.ts';

export interface PlanFlags extends ClientFlags {
  readonly against?: string;
  readonly journal?: string;
  readonly since: string;
  readonly mode?: Mode;
}

const text = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, placeholder }) as const;

/** `wanted` in the place of what is there. */
export function planOf(
  wanted: Side,
  present: Present,
  flags: Partial<Pick<PlanFlags, 'journal' | 'since' | 'mode'>> & { readonly quick?: boolean },
  now: number,
): PolicyPlan {
  const { running } = present;
  const journal = flags.journal ?? running?.journal;
  const since = parseWhen(flags.since ?? '7d', now);
  const none = flags.quick === true ? 'postern plan does' : 'say where its journal is, with --journal FILE';
  return makePlan(present, inPlaceOf(present, wanted), {
    mode: flags.mode ?? running?.mode ?? 'ask',
    places: ownPlaces(),
    now,
    history: journal === undefined || flags.quick === true ? { none } : { journal, since },
  });
}

export const planCommand = buildCommand<PlanFlags, [string], Context>({
  docs: {
    brief: 'Say what applying a folder of rules would change',
    fullDescription:
      'Say what would change if the rule files of a folder took the place of those that hold: files and rules, their tests, what lint finds anew,\n' +
      'and what of the recorded connections would be decided otherwise. With --against, another folder stands for the running Postern, and\n' +
      'none is needed. Rules made on this machine (50-local.yaml) stay, unless the folder has a file of that name.\n' +
      'Exit code 0 when nothing would change, 1 when something would, or is wrong; in the JSON, `ok` says whether it can be applied.\n\nExamples:\n' +
      '  sudo postern plan ./rules\n' +
      '  sudo postern plan ./rules --json > plan.json\n' +
      '  postern plan ./rules --against ./base/rules\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      against: text('The rules that hold, instead of those of the running Postern', 'DIR'),
      journal: text('The journal (default that of the running Postern)', 'FILE'),
      since: {
        kind: 'parsed',
        parse: String,
        brief: 'Of recorded connections, from when: 7d (default), 12h, or a date',
        default: '7d',
        placeholder: 'TIME',
      },
      mode: {
        kind: 'enum',
        values: modes,
        brief: 'Mode to judge in (default that of the running Postern, or ask)',
        optional: true,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'Folder with rule files', placeholder: 'DIR' }],
    },
  },
  async func(flags, path) {
    const now = Date.now();
    const present = await readPresent(flags);
    const plan = planOf(readSide(path), present, flags, now);
    if (flags.json) writeJson(plan);
    else {
      write(formatPlan(plan, present.folder, now));
      if (plan.ok && !plan.same && present.running !== null) write(`Do it with: postern apply ${path}`);
    }
    if (!plan.same || !plan.ok) throw new Ending(exits.no);
  },
});
