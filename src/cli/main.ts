// The command line: its tree of commands, and how its errors become exit codes.
import {
  buildApplication,
  buildRouteMap,
  type Command,
  proposeCompletions,
  type RouteMap,
  run,
  text_en,
} from '@stricli/core';
import { type Context, Ending, exits, type Injected } from './context.ts';
import { complain, safe } from './output.ts';

export type { Injected, UpOptions } from './context.ts';

type Target = Command<Context> | RouteMap<Context>;

/** Each is loaded when it is called: what one command needs, the others need not wait for. */
const routes: Readonly<Record<string, () => Promise<Target>>> = {
  up: async () => (await import('./commands/up.ts')).upCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  'self-test': async () => (await import('./machine/selftest.ts')).selfTestCommand,
  doctor: async () => (await import('./commands/status.ts')).doctorCommand,
  top: async () => (await import('./live/top.ts')).topCommand,
  log: async () => (await import('./commands/log.ts')).logCommand,
  views: async () => (await import('./history/views.ts')).viewRoutes,
  apps: async () => (await import('./apps/apps.ts')).appsCommand,
  names: async () => (await import('./commands/names.ts')).namesCommand,
  lists: async () => (await import('./commands/lists.ts')).listRoutes,
  networks: async () => (await import('./machine/networks.ts')).networkRoutes,
  settings: async () => (await import('./machine/settings.ts')).settingRoutes,
  rules: async () => (await import('./commands/rules.ts')).rulesCommand,
  rule: async () => (await import('./commands/rules.ts')).ruleRoutes,
  undo: async () => (await import('./commands/history.ts')).undoCommand,
  learn: async () => (await import('./learn/learn.ts')).learnRoutes,
  history: async () => (await import('./rules/history.ts')).historyRoutes,
  ask: async () => (await import('./commands/prompts.ts')).askCommand,
  prompts: async () => (await import('./commands/prompts.ts')).promptsCommand,
  answer: async () => (await import('./commands/prompts.ts')).answerCommand,
  explain: async () => (await import('./commands/policy.ts')).explainCommand,
  check: async () => (await import('./commands/policy.ts')).checkCommand,
  test: async () => (await import('./commands/policy.ts')).testCommand,
  import: async () => (await import('./exchange/import.ts')).importCommand,
  export: async () => (await import('./exchange/export.ts')).exportCommand,
  lint: async () => (await import('./rules/lint.ts')).lintCommand,
  diff: async () => (await import('./policy/diff.ts')).diffCommand,
  plan: async () => (await import('./policy/plan.ts')).planCommand,
  apply: async () => (await import('./policy/apply.ts')).applyCommand,
  rollback: async () => (await import('./rules/history.ts')).rollbackCommand,
  replay: async () => (await import('./rules/replay.ts')).replayCommand,
  mode: async () => (await import('./commands/mode.ts')).modeCommand,
  pause: async () => (await import('./commands/mode.ts')).pauseCommand,
  password: async () => (await import('./pages/password.ts')).passwordRoutes,
  sessions: async () => (await import('./pages/sessions.ts')).sessionsCommand,
  ui: async () => (await import('./pages/ui.ts')).uiCommand,
  agent: async () => (await import('./live/agent.ts')).agentCommand,
  run: async () => (await import('./run/command.ts')).runCommand,
  runs: async () => (await import('./run/command.ts')).runsCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommand,
};

/** The tree of commands: of the one that is called or, where it is none of them, of all, for help and for what was meant. */
async function tree(called: string | undefined): Promise<RouteMap<Context>> {
  const names = called !== undefined && Object.hasOwn(routes, called) ? [called] : Object.keys(routes);
  const targets = await Promise.all(names.map(async (name) => [name, await routes[name]?.()] as const));
  return buildRouteMap<string, Context>({
    routes: Object.fromEntries(targets.flatMap(([name, target]) => (target === undefined ? [] : [[name, target]]))),
    docs: {
      brief: 'An application firewall: application by application, it decides who may talk to whom',
      fullDescription:
        'An application firewall: application by application, it decides who may talk to whom.\n\n' +
        'Start it with `sudo postern up`; every other command asks the one that runs, or works on files alone.\n' +
        'Exit codes: 0 done, 1 the answer is no, 2 the command line is wrong, 3 no daemon, 4 not permitted.',
    },
  });
}

function application(root: RouteMap<Context>, version: string) {
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
  const app = application(await tree(argv[0]), version);
  const context: Context = {
    process: processView as Context['process'],
    injected,
    version,
    propose: async (words) =>
      (await proposeCompletions(application(await tree(undefined), version), words, context)).map(
        ({ completion }) => completion,
      ),
  };
  await run(app, [...argv], context);
  const code = Number(exitCode ?? 0);
  return code < 0 ? exits.usage : code;
}
