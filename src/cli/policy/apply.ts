// postern apply: a folder of rules in the place of those that hold, as one change.
import { readFileSync } from 'node:fs';
import { buildCommand } from '@stricli/core';
import { type Applied, type PolicyPlan, policyPlanSchema } from '#model/shown/policyfiles.ts';
import { ask, type Context, Ending, exits, mustHold } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { safe, write, writeJson } from '../output.ts';
import { closeInput, readAnswer } from '../question.ts';
import { readPresent, readSide } from './folders.ts';
import { formatPlan } from './format.ts';
import { planOf } from './plan.ts';

interface Flags extends ClientFlags {
  readonly plan?: string;
  readonly note?: string;
  readonly yes: boolean;
}

function readPlan(file: string): PolicyPlan {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Ending(exits.no, `the plan cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  try {
    return policyPlanSchema.parse(JSON.parse(text));
  } catch {
    throw new Ending(exits.no, `${file} is no plan`, 'make one: postern plan DIR --json > plan.json');
  }
}

const again = 'make the plan anew: postern plan DIR --json';

async function isWanted(): Promise<boolean> {
  const answer = await readAnswer('Apply it? [y/N] ');
  closeInput();
  return /^y(es)?$/i.test(answer ?? '');
}

export const applyCommand = buildCommand<Flags, [string], Context>({
  docs: {
    brief: 'Put a folder of rules in the place of those that hold',
    fullDescription:
      'Put the rule files of a folder in the place of those that hold, byte by byte, as one change with who, when and what: `postern undo` takes it\n' +
      'back. Rules made on this machine (50-local.yaml) stay, unless the folder has a file of that name. Nothing is done where a rule is\n' +
      'wrong or a test fails; with --plan, nothing else than that plan, and nothing where the rules or the folder changed since.\n' +
      'In a terminal it asks first. Exit code 0 also when there was nothing to do, 1 when nothing was done for a reason that it says.\n\nExamples:\n' +
      '  sudo postern apply ./rules\n' +
      '  sudo postern apply ./rules --plan plan.json --note ticket-4711\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      plan: {
        kind: 'parsed',
        parse: String,
        brief: 'What postern plan --json printed: a file, or -',
        optional: true,
        placeholder: 'FILE',
      },
      note: { kind: 'parsed', parse: String, brief: 'Why, for the history', optional: true, placeholder: 'TEXT' },
      yes: { kind: 'boolean', brief: 'Ask nothing', default: false, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'Folder with rule files', placeholder: 'DIR' }],
    },
  },
  async func(flags, path) {
    const now = Date.now();
    const agreed = flags.plan === undefined ? undefined : readPlan(flags.plan);
    const present = await readPresent(flags);
    const asks = !flags.yes && !flags.json && process.stdin.isTTY === true && process.stdout.isTTY === true;
    const wanted = readSide(path);
    const plan = planOf(wanted, present, { quick: !asks }, now);
    if (agreed !== undefined && agreed.state !== plan.state) {
      throw new Ending(exits.no, 'the rules have changed since the plan was made', again);
    }
    if (agreed !== undefined && agreed.wanted !== plan.wanted) {
      throw new Ending(exits.no, `the files in ${path} have changed since the plan was made`, again);
    }
    if (!flags.json) write(formatPlan(plan, present.folder, now));
    if (!plan.ok) throw new Ending(exits.no, 'nothing was applied: the rules are wrong, or a test of theirs failed');
    if (!plan.same && asks && !(await isWanted())) throw new Ending(exits.no, 'nothing was applied');
    const asked = {
      files: wanted.texts,
      state: plan.state,
      ...(flags.note !== undefined && { note: flags.note }),
    };
    const done = await ask<Applied>(flags, 'PUT', '/policy', asked);
    if (flags.json) writeJson(done);
    else if (done.version !== null) {
      write(`Applied as change ${done.version.id} by ${safe(done.version.user)}. Take it back with: postern undo`);
    }
    mustHold(done);
  },
});
