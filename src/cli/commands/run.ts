// postern run --no-network -- COMMAND
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { buildCommand } from '@stricli/core';
import { type Context, Ending, exits } from '../context.ts';

/** util-linux unshare: a new network namespace with nothing in it but a loopback that is down. */
const unshare = ['--user', '--map-current-user', '--net', '--'] as const;
/** Root of the machine needs no user namespace, and keeps its rights without one. */
const unshareAsRoot = ['--net', '--'] as const;

function reason(stderr: string, missing: boolean): string {
  if (missing) return 'the program unshare is not installed (apt install util-linux)';
  const text = stderr.trim().replace(/^unshare: /, '');
  return `the system forbids it (${text}); an administrator can allow user namespaces with: sysctl kernel.unprivileged_userns_clone=1, or user.max_user_namespaces above 0`;
}

/** Which way of leaving the network works here; ends the command when none does. */
function wayOut(): readonly string[] {
  let problem = '';
  const ways = process.geteuid?.() === 0 ? [unshareAsRoot, unshare] : [unshare];
  for (const way of ways) {
    const tried = spawnSync('unshare', [...way, 'true'], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
    if (tried.status === 0) return way;
    problem = reason(tried.stderr ?? '', tried.error !== undefined);
  }
  throw new Ending(
    exits.notPermitted,
    `the command was not run, because it cannot be kept from the network: ${problem}`,
  );
}

/** Its exit code, as a shell says it: 128 and the number of the signal that ended it. */
function runCommandIn(way: readonly string[], command: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', [...way, ...command], { stdio: 'inherit' });
    // Ctrl-C and its kin reach the command from the terminal itself; others are handed on.
    const forward = ['SIGTERM', 'SIGHUP'] as const;
    const keep = ['SIGINT', 'SIGQUIT'] as const;
    for (const signal of forward) process.on(signal, () => child.kill(signal));
    for (const signal of keep) process.on(signal, () => {});
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  });
}

export const runCommand = buildCommand<{ readonly network: boolean }, string[], Context>({
  docs: {
    brief: 'Run a command without any network',
    fullDescription:
      'Run a command without any network, as any user and without a daemon, in an empty network namespace.\n' +
      'The exit code is that of the command; 4 when it could not be confined, and then it was not run.\n\nExamples:\n' +
      '  postern run --no-network -- ping 8.8.8.8      "Network is unreachable"\n' +
      '  postern run --no-network -- make test\n',
  },
  parameters: {
    flags: { network: { kind: 'boolean', brief: 'Only --no-network in this version', default: true } },
    positional: {
      kind: 'array',
      parameter: { parse: String, brief: 'The command and its arguments', placeholder: 'COMMAND' },
      minimum: 1,
    },
  },
  async func({ network }, ...command) {
    if (network)
      throw new Ending(exits.usage, 'say --no-network: this version can only take the network away altogether');
    const code = await runCommandIn(wayOut(), command);
    if (code !== 0) throw new Ending(code);
  },
});
