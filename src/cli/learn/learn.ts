// postern learn: allow for a while, look at what it was, keep what is right as rules
import { readFileSync } from 'node:fs';
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { RuleChange } from '#model/api.ts';
import {
  defaultLearnMinutes,
  type LearningView,
  type LearnReview,
  type LearnSubject,
  maxLearnMinutes,
} from '#model/learn/learning.ts';
import type { RuleText } from '#model/rule.ts';
import { formatDiagnostic, parseRuleFile } from '#policy/index.ts';
import { ask, type Context, Ending, exits, mustHold } from '../context.ts';
import { type ClientFlags, type ConditionFlags, clientFlags, conditionFlags, conditionsOf } from '../flags.ts';
import { safe, write, writeJson } from '../output.ts';
import { formatLearnings, formatReview, rulesFile, stateOf } from './format.ts';

const oneName = {
  kind: 'tuple',
  parameters: [{ brief: 'Which; the newest when left out', parse: String, optional: true, placeholder: 'NAME' }],
} as const;

async function nameOf(flags: ClientFlags, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const [newest] = await ask<LearningView[]>(flags, 'GET', '/learnings');
  if (newest === undefined)
    throw new Ending(exits.no, 'nothing was learned yet', 'postern learn start --help says how');
  return newest.name;
}

const { app, script, package: inPackage, sha256, unit, flatpak, snap, appimage, container } = conditionFlags;
const { ancestor, args, user, group, supplementaryGroup, cgroup, label } = conditionFlags;
const subjectFlags = {
  ...{ app, script, package: inPackage, sha256, unit, flatpak, snap, appimage, container },
  ...{ ancestor, args, user, group, supplementaryGroup, cgroup, label },
};

/** `10m`, `1h`, `2d`, in minutes. */
function parseSpan(text: string): number {
  const found = /^([1-9]\d{0,5})([mhd])$/.exec(text);
  const minutes = Number(found?.[1]) * ({ m: 1, h: 60, d: 1440 }[found?.[2] ?? ''] ?? Number.NaN);
  if (minutes >= 1 && minutes <= maxLearnMinutes) return minutes;
  throw new Error(`"${text}" must be a time such as 10m, 1h or 2d, and at most 7d`);
}

interface StartFlags extends ClientFlags, Pick<ConditionFlags, keyof typeof subjectFlags> {
  readonly all: boolean;
  readonly for?: number;
}

const startFlags = {
  ...clientFlags,
  ...subjectFlags,
  all: { kind: 'boolean', brief: 'Every program', default: false, withNegated: false },
  for: {
    kind: 'parsed',
    parse: parseSpan,
    brief: 'How long: 10m, 1h (default), 2d',
    optional: true,
    placeholder: 'TIME',
  },
} as const;

async function start(flags: StartFlags, subject: LearnSubject): Promise<void> {
  const given = Object.keys(subject).length > 0;
  if (given === flags.all) {
    const hint = 'for example --app /usr/bin/curl, --unit nginx.service, or --all';
    throw new Ending(exits.usage, given ? 'say whom it is about or --all, not both' : 'say whom it is about', hint);
  }
  const asked = { subject, minutes: flags.for ?? defaultLearnMinutes };
  const learning = await ask<LearningView>(flags, 'POST', '/learnings', asked);
  if (flags.json) {
    writeJson(learning);
    return;
  }
  write(
    `"${safe(learning.name)}" ${stateOf(learning, Date.now())}: ${safe(learning.text)} is allowed what no rule refuses.`,
  );
  write(`Look at what it finds with: postern learn review "${safe(learning.name)}"`);
}

const startCommand = buildCommand<StartFlags, [], Context>({
  docs: {
    brief: 'Allow for a while what no rule refuses, and note it',
    fullDescription:
      'For a while, allow a program, a unit or everything what no rule refuses, and note it. Rules that you made decide as before;\n' +
      'nothing is asked about what is learned. It ends by itself.\n\nExamples:\n' +
      '  postern learn start --app /usr/bin/curl --for 10m\n  postern learn start --unit nginx.service\n  postern learn start --all --for 1d\n',
  },
  parameters: { flags: startFlags },
  func: (flags) => start(flags, conditionsOf(flags) as LearnSubject),
});

const stopCommand = buildCommand<ClientFlags, [string?], Context>({
  docs: {
    brief: 'End it now',
    fullDescription:
      'End it now; what it found stays to be reviewed.\n\nExample:\n  postern learn stop "learning curl"\n',
  },
  parameters: { flags: clientFlags, positional: oneName },
  async func(flags, given) {
    const name = await nameOf(flags, given);
    const learning = await ask<LearningView>(flags, 'POST', `/learnings/${encodeURIComponent(name)}/stop`, {});
    if (flags.json) writeJson(learning);
    else write(`"${safe(name)}" has ended. Look at what it found with: postern learn review "${safe(name)}"`);
  },
});

const reviewCommand = buildCommand<ClientFlags & { readonly yaml: boolean }, [string?], Context>({
  docs: {
    brief: 'Show the rules that would cover what was learned',
    fullDescription:
      'Show the fewest and narrowest rules that cover what was learned, with what each stands for: names rather than addresses,\n' +
      'a domain where three or more of its names were used, ports exactly. Once it was accepted, show what differs since:\n' +
      'what was not allowed (exit code 1), and which rules nothing came under.\n\nExamples:\n' +
      '  postern learn review\n  postern learn review "learning curl" --yaml > curl.yaml\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      yaml: { kind: 'boolean', brief: 'As a rule file, to be edited', default: false, withNegated: false },
    },
    positional: oneName,
  },
  async func(flags, given) {
    const review = await ask<LearnReview>(flags, 'GET', `/learnings/${encodeURIComponent(await nameOf(flags, given))}`);
    if (flags.json) writeJson(review);
    else write(flags.yaml ? rulesFile(review).trimEnd() : formatReview(review));
    if ((review.since?.departures.length ?? 0) > 0) throw new Ending(exits.no);
  },
});

/** The rules of a file that `review --yaml` wrote and somebody edited. */
function readRules(file: string): RuleText[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Ending(exits.no, `${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const { records, diagnostics } = parseRuleFile(text, file, 'local');
  const wrong = diagnostics.filter(({ severity }) => severity === 'error');
  if (wrong.length > 0) throw new Ending(exits.no, wrong.map(formatDiagnostic).join('\n'));
  return records.map(({ rule }) => rule);
}

const acceptCommand = buildCommand<ClientFlags & { readonly rules?: string }, [string?], Context>({
  docs: {
    brief: 'Keep what was learned as rules',
    fullDescription:
      'Keep what was learned as rules: all that review shows, or those of a file that was made of it. Learning ends with it, in\n' +
      'the same change, so that one undo takes all back. What departed since an earlier acceptance is added the same way.\n\nExamples:\n' +
      '  postern learn accept "learning curl"\n  postern learn accept --rules curl.yaml\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      rules: { kind: 'parsed', parse: String, brief: 'The rules instead', optional: true, placeholder: 'FILE' },
    },
    positional: oneName,
  },
  async func(flags, given) {
    const name = await nameOf(flags, given);
    let rules: readonly RuleText[];
    if (flags.rules !== undefined) rules = readRules(flags.rules);
    else {
      const { proposals, since } = await ask<LearnReview>(flags, 'GET', `/learnings/${encodeURIComponent(name)}`);
      rules = (since === null ? proposals : since.departures).map(({ rule }) => rule);
    }
    if (rules.length === 0) throw new Ending(exits.no, `there is nothing to accept in "${name}"`);
    const made = await ask<RuleChange>(flags, 'POST', `/learnings/${encodeURIComponent(name)}/accept`, { rules });
    if (flags.json) writeJson(made);
    else
      write(
        `${rules.length === 1 ? 'One rule was' : `${rules.length} rules were`} added (change ${made.version.id}); postern undo takes all back.`,
      );
    mustHold(made);
  },
});

const forgetCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: 'Take it off the list',
    fullDescription:
      'End it where it goes on, and take it off the list. The rules that came of it stay.\n\nExample:\n  postern learn forget "learning curl"\n',
  },
  parameters: {
    flags: clientFlags,
    positional: { kind: 'tuple', parameters: [{ brief: 'Which', parse: String, placeholder: 'NAME' }] },
  },
  async func(flags, name) {
    await ask<null>(flags, 'DELETE', `/learnings/${encodeURIComponent(name)}`);
    if (flags.json) writeJson(null);
    else write(`"${safe(name)}" is forgotten.`);
  },
});

const listCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'List what was learned',
    fullDescription: 'List what was learned, the newest first.\n\nExample:\n  postern learn\n',
  },
  parameters: { flags: clientFlags },
  func: list,
});

async function list(flags: ClientFlags): Promise<void> {
  const learnings = await ask<LearningView[]>(flags, 'GET', '/learnings');
  if (flags.json) writeJson(learnings);
  else write(formatLearnings(learnings));
}

/** What no word stands before: it begins where it is said with whom, else it lists. */
const shortCommand = buildCommand<StartFlags, [], Context>({
  docs: {
    brief: 'Begin, as start does, or list what was learned',
    fullDescription:
      'As start where it is said with whom, else as list.\n\nExample:\n  postern learn --unit nginx.service\n',
  },
  parameters: { flags: startFlags },
  async func(flags) {
    const subject = conditionsOf(flags) as LearnSubject;
    const begins = flags.all || flags.for !== undefined || Object.keys(subject).length > 0;
    await (begins ? start(flags, subject) : list(flags));
  },
});

export const learnRoutes = buildRouteMap({
  routes: {
    list: listCommand,
    start: startCommand,
    stop: stopCommand,
    review: reviewCommand,
    accept: acceptCommand,
    forget: forgetCommand,
    short: shortCommand,
  },
  defaultCommand: 'short',
  docs: { brief: 'Learn what a program does, review it, keep it as rules', hideRoute: { short: true } },
});
