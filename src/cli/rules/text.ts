// postern rule text, postern rule try: a rule as its file has it, and what a text would mean before it is kept.
import { readFileSync } from 'node:fs';
import { buildCommand } from '@stricli/core';
import type { AttemptWords, RuleTrial, RuleYaml } from '#model/shown/ruletext.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, type ConditionFlags, clientFlags, conditionFlags, conditionsOf } from '../flags.ts';
import { complain, paint, paintAction, safe, write, writeJson } from '../output.ts';

const nameParameter = { parse: String, brief: 'Name of the rule', placeholder: 'NAME' } as const;

export const textFlag = {
  kind: 'parsed',
  parse: String,
  brief: "The rule's YAML: a file, or - for standard input",
  optional: true,
  placeholder: 'FILE',
} as const;

export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Ending(exits.usage, `--text: ${error instanceof Error ? error.message : error}`);
  }
}

/** On several lines as it is; what a terminal would obey is escaped. */
const safeLines = (text: string) => text.replace(/\n$/, '').split('\n').map(safe).join('\n');

export const textCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: "Print a rule's YAML, as its file has it",
    fullDescription:
      "Print a rule's YAML as its file has it, comments and all. Change it and put it back with: postern rule edit NAME --text FILE.\n\n" +
      'Example:\n  postern rule text curl-web\n',
  },
  parameters: { flags: clientFlags, positional: { kind: 'tuple', parameters: [nameParameter] } },
  async func(flags, name) {
    const found = await ask<RuleYaml>(flags, 'GET', `/rules/${encodeURIComponent(name)}/text`);
    if (flags.json) writeJson(found);
    else write(safeLines(found.text));
    if (!flags.json && found.locked !== null) complain(safe(found.locked));
  },
});

function attemptOf(flags: ConditionFlags): AttemptWords | undefined {
  const { args, ...words } = conditionsOf(flags);
  if (args === undefined && Object.keys(words).length === 0) return undefined;
  return { ...words, ...(args !== undefined && { args: [args].flat().join(' ').split(' ') }) } as AttemptWords;
}

function printTrial(trial: RuleTrial): void {
  for (const { line, column, severity, message } of trial.problems) {
    write(
      paint(severity === 'error' ? 'red' : 'yellow', `line ${line}, column ${column}: ${severity}: ${safe(message)}`),
    );
  }
  if (trial.sentence !== null) write(safe(trial.sentence));
  if (trial.place !== null) write(`It would be rule ${trial.place} of ${trial.of}, with priority ${trial.priority}.`);
  if (trial.needsPriority !== null) {
    write(paint('yellow', `A fence would overrule it: give it priority ${trial.needsPriority}.`));
  }
  if (trial.shadowedBy.length > 0) {
    write(paint('yellow', `It would never decide, because of ${trial.shadowedBy.map(safe).join(', ')}.`));
  }
  if (trial.attemptProblem !== null) write(paint('red', `The attempt cannot be made: ${safe(trial.attemptProblem)}`));
  if (trial.decision !== null) {
    const { action, rule, trace } = trial.decision;
    write(
      `The attempt: ${paintAction(action)} ${rule === null ? 'by the mode, as no rule matches' : `by rule "${safe(rule)}"`}`,
    );
    for (const step of trace) write(`  ${paint('bold', safe(step.rule))}: ${safe(step.why)}`);
  }
  if (trial.tests !== null) {
    for (const { message } of trial.tests.failed) write(paint('red', safe(message)));
    write(`Its tests: ${trial.tests.passed} passed, ${trial.tests.failed.length} failed.`);
  }
}

interface TryFlags extends ClientFlags, ConditionFlags {
  readonly text?: string;
  readonly replaces?: string;
}

export const tryCommand = buildCommand<TryFlags, [], Context>({
  docs: {
    brief: 'Try a rule among the others before it is kept',
    fullDescription:
      "Say what a rule's YAML would mean among the rules there are: what is wrong in it, where it would stand, whether its tests hold and, " +
      'with the words of an attempt, what would be decided and why. Nothing is changed.\n' +
      'Exit code 1 when something is wrong or a test fails.\n\nExamples:\n' +
      '  postern rule try --text -\n' +
      '  postern rule try --text - --replaces curl-web --app /usr/bin/curl --to 192.0.2.7:443\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      ...conditionFlags,
      text: textFlag,
      replaces: {
        kind: 'parsed',
        parse: String,
        brief: 'The rule in whose place it is tried',
        optional: true,
        placeholder: 'NAME',
      },
    },
  },
  async func(flags) {
    const attempt = attemptOf(flags);
    const trial = await ask<RuleTrial>(flags, 'POST', '/rules/try', {
      ...(flags.text !== undefined && { text: readText(flags.text) }),
      ...(flags.replaces !== undefined && { replaces: flags.replaces }),
      ...(attempt !== undefined && { attempt }),
    });
    if (flags.json) writeJson(trial);
    else printTrial(trial);
    const wrong = trial.problems.some(({ severity }) => severity === 'error') || trial.attemptProblem !== null;
    if (wrong || (trial.tests?.failed.length ?? 0) > 0) throw new Ending(exits.no);
  },
});
