// Whose browser it will be, and opening it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fail, ok, type Result } from '#std/result.ts';

export interface BrowserUser {
  readonly uid: number;
  readonly gid: number;
}

/** Who called sudo, where that is how this came to run as root; undefined: whoever runs this. */
export function browserUser(
  environment: NodeJS.ProcessEnv = process.env,
  own: number | undefined = process.geteuid?.(),
): BrowserUser | undefined {
  const { SUDO_UID = '', SUDO_GID = '' } = environment;
  if (own !== 0 || !/^\d{1,10}$/.test(SUDO_UID) || !/^\d{1,10}$/.test(SUDO_GID)) return undefined;
  return { uid: Number(SUDO_UID), gid: Number(SUDO_GID) };
}

function accountOf(uid: number): readonly string[] | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find((fields) => fields[2] === String(uid));
}

/** undefined where /etc/passwd has none. */
export const accountName = (uid: number): string | undefined => accountOf(uid)?.[0];

/** What sudo left as root's in the environment. */
function environmentOf(user: BrowserUser | undefined): NodeJS.ProcessEnv {
  if (user === undefined) return process.env;
  const home = accountOf(user.uid)?.[5] ?? process.env.HOME;
  return { ...process.env, HOME: home, XDG_RUNTIME_DIR: `/run/user/${user.uid}` };
}

/** By the desktop's own way. The link stands in its arguments, where others read it, and is of no use to them. */
export function openBrowser(url: string, user: BrowserUser | undefined): Promise<Result<void>> {
  return new Promise((resolve) => {
    const child = spawn('xdg-open', [url], { stdio: 'ignore', detached: true, env: environmentOf(user), ...user });
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(fail(error.code === 'ENOENT' ? 'xdg-open is not installed' : `xdg-open: ${error.message}`)),
    );
    child.once('spawn', () => {
      child.unref();
      resolve(ok(undefined));
    });
  });
}
