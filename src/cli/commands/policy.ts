// postern explain, check, test: what rules say, with no daemon needed.
import { buildCommand } from '@stricli/core';
import type { CheckReport } from '#model/api.ts';
import { attemptToJson } from '#model/attempt.ts';
import type { Explanation } from '#model/decision.ts';
import { modes } from '#model/mode.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { conditionFlags, jsonFlag, runtimeDirFlag } from '../flags.ts';
import { paint, paintAction, safe, write, writeJson } from '../output.ts';
import { type AskedAttempt, type AskedFlags, askedOf } from '../policy/asked.ts';

type Mode = (typeof modes)[number];

const modeFlag = { kind: 'enum', values: modes, brief: 'Mode to judge in (default ask)', default: 'ask' } as const;

interface ExplainFlags extends AskedFlags {
  readonly policy?: string;
  readonly mode: Mode;
}

async function explainHere(flags: ExplainFlags, { attempt, where }: AskedAttempt): Promise<Explanation> {
  const { judgingGuests } = await import('#policy/index.ts');
  const { compileFolder } = await import('../rulesdir.ts');
  const { ownPlaces } = await import('#kernel/places/placefiles.ts');
  const { policy } = compileFolder(flags.policy as string, { mode: flags.mode, places: ownPlaces(), where }, true);
  return judgingGuests(policy).explain(attempt, Date.now());
}

function print({ action, rule, by, trace, logged }: Explanation): void {
  write(
    by === 'rule'
      ? `${paintAction(action)} by rule "${safe(rule ?? '')}"`
      : `${paintAction(action)} by the mode: no rule matches`,
  );
  if (logged.length > 0) write(`logged by ${logged.map(safe).join(', ')}`);
  for (const step of trace) write(`  ${paint('bold', safe(step.rule))}: ${safe(step.why)}`);
}

export const explainCommand = buildCommand<ExplainFlags, [string?], Context>({
  docs: {
    brief: 'Say what the rules make of an attempt, and why',
    fullDescription:
      'Say what the rules make of an attempt, and for each rule above the winner why it did not match.\n' +
      'The attempt is given by the words of rules, as JSON (also a line of the log or a question), or by the ID of one. With --policy it is\n' +
      'judged by the rules of a folder, and but for an ID needs no daemon.\n' +
      'The answer is JSON when the question was. Exit code 1 when the attempt is refused.\n\nExamples:\n' +
      '  postern explain --app /usr/bin/curl --user alice --to 192.0.2.7:443\n' +
      '  postern explain --app /usr/bin/curl --to 192.0.2.7:443 --profile public\n' +
      '  postern explain mif2k8pl-17\n' +
      '  postern explain --policy ./rules --json \'{"flow":{"protocol":"tcp","remote":{"address":"192.0.2.7","port":443}}}\'\n',
  },
  parameters: {
    flags: {
      ...conditionFlags,
      json: {
        kind: 'parsed',
        parse: String,
        brief: 'The attempt as JSON: text, a file, or -',
        optional: true,
        inferEmpty: true,
        placeholder: 'ATTEMPT',
      },
      policy: {
        kind: 'parsed',
        parse: String,
        brief: 'Folder or file of rules instead of the running Postern',
        optional: true,
        placeholder: 'DIR',
      },
      mode: modeFlag,
      runtimeDir: runtimeDirFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          brief: 'Of a line of the log (log --json) or an open question',
          placeholder: 'ID',
          optional: true,
        },
      ],
    },
  },
  async func(flags, id) {
    const asked = await askedOf(flags, id);
    const explanation =
      flags.policy === undefined
        ? await ask<Explanation>(flags, 'POST', '/explain', { ...attemptToJson(asked.attempt), where: asked.where })
        : await explainHere(flags, asked);
    if (flags.json !== undefined) writeJson(explanation);
    else {
      if (asked.was !== undefined) write(asked.was);
      print(explanation);
    }
    if (explanation.action === 'reject' || explanation.action === 'drop') throw new Ending(exits.no);
  },
});

const folder = {
  kind: 'tuple',
  parameters: [{ parse: String, brief: 'Folder with rule files, or one file', placeholder: 'DIR' }],
} as const;

interface FolderFlags {
  readonly json: boolean;
}

export const checkCommand = buildCommand<FolderFlags, [string], Context>({
  docs: {
    brief: 'Check rule files',
    fullDescription:
      'Check rule files; errors and warnings come as file:line:column. Needs no daemon.\n\nExample:\n  postern check /etc/postern\n',
  },
  parameters: { flags: { json: jsonFlag }, positional: folder },
  async func({ json }, path) {
    const { compilePolicy, completeAccounts, formatDiagnostic } = await import('#policy/index.ts');
    const { readLocalAccounts, readRules } = await import('../rulesdir.ts');
    const { records, disabled, diagnostics } = readRules(path);
    const accounts = completeAccounts(readLocalAccounts(), records);
    const { problems } = compilePolicy(records, { revision: 0, mode: 'ask', accounts, disabled, now: Date.now() });
    const all = [...diagnostics, ...problems];
    const broken = all.some(({ severity }) => severity === 'error');
    if (json) writeJson({ ok: !broken, problems: all } satisfies CheckReport);
    else {
      for (const problem of all) {
        const line = safe(formatDiagnostic(problem));
        write(paint(problem.severity === 'error' ? 'red' : 'yellow', line));
      }
      const own = records.filter(({ origin }) => origin !== 'builtin').length;
      write(broken ? 'These rules would be refused.' : `${own} rules are right.`);
    }
    if (broken) throw new Ending(exits.no);
  },
});

export const testCommand = buildCommand<FolderFlags & { readonly mode: Mode }, [string], Context>({
  docs: {
    brief: 'Run the tests that stand in rule files',
    fullDescription:
      'Run the `tests:` of rules against all rules of the folder. Needs no daemon.\n\nExample:\n  postern test /etc/postern\n',
  },
  parameters: { flags: { json: jsonFlag, mode: modeFlag }, positional: folder },
  async func({ json, mode }, path) {
    const { formatDiagnostic, runRuleTests } = await import('#policy/index.ts');
    const { ownPlaces } = await import('#kernel/places/placefiles.ts');
    const { readAliases, readLocalAccounts, readRules } = await import('../rulesdir.ts');
    const { records, disabled, diagnostics } = readRules(path);
    const wrong = diagnostics.find(({ severity }) => severity === 'error');
    if (wrong !== undefined) throw new Ending(exits.no, formatDiagnostic(wrong));
    const context = {
      revision: 0,
      mode,
      places: ownPlaces(),
      accounts: readLocalAccounts(),
      disabled,
      aliases: readAliases(records),
      now: Date.now(),
    };
    const { passed, failed } = runRuleTests(records, context);
    if (json) writeJson({ passed, failed });
    else {
      for (const { place, message, explanation } of failed) {
        write(
          paint(
            'red',
            `${place === null ? '' : `${safe(place.file)}:${place.line}:${place.column}: `}${safe(message)}`,
          ),
        );
        for (const step of explanation?.trace.slice(-3) ?? []) write(`  ${safe(step.rule)}: ${safe(step.why)}`);
      }
      write(`${passed} passed, ${failed.length} failed`);
    }
    if (failed.length > 0) throw new Ending(exits.no);
  },
});
