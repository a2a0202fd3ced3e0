// The user and group that the control plane runs as.
import { execFileSync } from 'node:child_process';
import { fail, ok, type Result } from '#std/result.ts';

export const accountName = 'postern';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

function entry(database: 'passwd' | 'group'): string[] | undefined {
  try {
    const line = execFileSync('getent', [database, accountName], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return line.trim().split(':');
  } catch {
    return undefined;
  }
}

/** The account that script/setup or the package made. */
export function controlAccount(): Result<Account> {
  const uid = Number(entry('passwd')?.[2]);
  const gid = Number(entry('group')?.[2]);
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) {
    return fail(
      `there is no user and group "${accountName}" for the control plane to run as; make them with: ` +
        `useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${accountName}`,
    );
  }
  if (uid === 0) return fail(`the user "${accountName}" must not be root (uid 0)`);
  return ok({ uid, gid });
}
