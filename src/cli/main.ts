// The command line: its tree of commands, and how its errors become exit codes.
import { buildApplication, buildRouteMap, proposeCompletions, run, text_en } from '@stricli/core';
import { completionCommand } from './commands/completion.ts';
import { historyCommand, undoCommand } from './commands/history.ts';
import { listRoutes } from './commands/lists.ts';
import { appsCommand, logCommand } from './commands/log.ts';
import { modeCommand, pauseCommand } from './commands/mode.ts';
import { namesCommand } from './commands/names.ts';
import { checkCommand, explainCommand, testCommand } from './commands/policy.ts';
import { answerCommand, askCommand, promptsCommand } from './commands/prompts.ts';
import { ruleRoutes, rulesCommand } from './commands/rules.ts';
import { runCommand } from './commands/run.ts';
import { doctorCommand, statusCommand } from './commands/status.ts';
import { upCommand } from './commands/up.ts';
import { type Context, Ending, exits, type Injected } from './context.ts';
import { complain, safe } from './output.ts';

export type { Injected, UpOptions } from './context.ts';

const root = buildRouteMap({
  routes: {
    up: upCommand,
    status: statusCommand,
    doctor: doctorCommand,
    log: logCommand,
    apps: appsCommand,
    names: namesCommand,
    lists: listRoutes,
    rules: rulesCommand,
    rule: ruleRoutes,
    undo: undoCommand,
    history: historyCommand,
    ask: askCommand,
    prompts: promptsCommand,
    answer: answerCommand,
    explain: explainCommand,
    check: checkCommand,
    test: testCommand,
    mode: modeCommand,
    pause: pauseCommand,
    run: runCommand,
    completion: completionCommand,
  },
  docs: {
    brief: 'An application firewall: application by application, it decides who may talk to whom',
    fullDescription:
      'An application firewall: application by application, it decides who may talk to whom.\n\n' +
      'Start it with `sudo postern up`; every other command asks the one that runs, or works on files alone.\n' +
      'Exit codes: 0 done, 1 the answer is no, 2 the command line is wrong, 3 no daemon, 4 not permitted.',
  },
});

function application(version: string) {
  return buildApplication<Context>(root, {
    name: 'postern',
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: true, onlyRequiredInUsageLine: true },
    determineExitCode: (error) => (error instanceof Ending ? error.code : exits.no),
    localization: {
      text: {
        ...text_en,
        // An ending says itself what there is to say.
        exceptionWhileRunningCommand: (error) => {
          if (!(error instanceof Ending)) return `postern: ${error instanceof Error ? error.stack : error}`;
          if (error.message === '') return '';
          const hint = error.hint === undefined ? '' : `\n  ${safe(error.hint)}`;
          return `postern: ${safe(error.message)}${hint}`;
        },
      },
    },
  });
}

/** Runs one command; resolves to its exit code. stricli's own codes, which are negative, all mean a wrong command line. */
export async function runCli(argv: readonly string[], injected: Injected, version: string): Promise<number> {
  let exitCode: number | string | null | undefined;
  const processView = {
    stdout: process.stdout,
    stderr: {
      write: (text: string) => {
        if (text.trim() !== '') process.stderr.write(text);
      },
      getColorDepth: () => 1,
    },
    env: process.env,
    get exitCode() {
      return exitCode;
    },
    set exitCode(code) {
      exitCode = code;
    },
  };
  // A reader that has enough, such as `head`, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exits.done);
    complain(error.message);
  });
  const app = application(version);
  const context: Context = {
    process: processView as Context['process'],
    injected,
    version,
    propose: async (words) => (await proposeCompletions(app, words, context)).map(({ completion }) => completion),
  };
  await run(app, [...argv], context);
  const code = Number(exitCode ?? 0);
  return code < 0 ? exits.usage : code;
}
