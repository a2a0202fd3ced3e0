// A command without any network: an empty network namespace, which needs neither root nor a daemon.
import { spawnSync } from 'node:child_process';
import { Ending, exits } from '../context.ts';

/** util-linux unshare: a new network namespace with nothing in it but a loopback that is down. */
const unshare = ['--user', '--map-current-user', '--net', '--'] as const;
/** Root of the machine needs no user namespace, and keeps its rights without one. */
const unshareAsRoot = ['--net', '--'] as const;

function reason(stderr: string, missing: boolean): string {
  if (missing) return 'the program unshare is not installed (apt install util-linux)';
  const text = stderr.trim().replace(/^unshare: /, '');
  return `the system forbids it (${text}); an administrator can allow user namespaces with: sysctl kernel.unprivileged_userns_clone=1, or user.max_user_namespaces above 0`;
}

/** The command line that leaves the network, or why there is none, as a clause. */
export function withoutNetwork(
  command: readonly string[],
): { readonly command: readonly string[] } | { readonly problem: string } {
  let problem = '';
  const ways = process.geteuid?.() === 0 ? [unshareAsRoot, unshare] : [unshare];
  for (const way of ways) {
    const tried = spawnSync('unshare', [...way, 'true'], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
    if (tried.status === 0) return { command: ['unshare', ...way, ...command] };
    problem = reason(tried.stderr ?? '', tried.error !== undefined);
  }
  return { problem };
}

export function notConfined(problem: string): Ending {
  return new Ending(
    exits.notPermitted,
    `the command was not run, because it cannot be kept from the network: ${problem}`,
  );
}
