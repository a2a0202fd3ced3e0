// Where systemd-resolved's monitor is, and whether what is there can be nobody else's: names decide who may connect where.
import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '#std/result.ts';

/** Where systemd-resolved makes it, since systemd 252 (src/resolve/resolved-varlink.c). */
export const monitorPath = '/run/systemd/resolve/io.systemd.Resolve.Monitor';

/** `absent`: there is no such service; `untrusted`: somebody else could have put it there. */
export interface PathError {
  readonly kind: 'absent' | 'untrusted';
  readonly text: string;
}

/** Root, and the user that systemd-resolved runs as, where there is one. */
export function monitorOwners(passwd = '/etc/passwd'): readonly number[] {
  let text: string;
  try {
    text = readFileSync(passwd, 'utf8');
  } catch {
    return [0];
  }
  const uid = /^systemd-resolve:[^:]*:(\d+):/m.exec(text)?.[1];
  return uid === undefined ? [0] : [0, Number(uid)];
}

/**
 * That `path` is a socket of one of `owners`, in a folder that only they can write to, and that no link and nobody else's
 * folder lies on the way. The socket itself is for everybody to connect to (mode 0666): what may be asked, the service decides.
 */
export function checkMonitorPath(path: string, owners: readonly number[]): Result<true, PathError> {
  for (let at = path; ; at = dirname(at)) {
    let stats: Stats;
    try {
      stats = lstatSync(at);
    } catch (error) {
      const text = `${path} cannot be had: ${error instanceof Error ? error.message : error}`;
      return fail({ kind: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'untrusted', text });
    }
    const wrong = at === path ? wrongOfSocket(stats, owners) : wrongOfFolder(stats, owners, at === dirname(path));
    if (wrong !== undefined) return fail({ kind: 'untrusted', text: `${at} ${wrong}` });
    if (at === dirname(at)) return ok(true);
  }
}

function wrongOfSocket(stats: Stats, owners: readonly number[]): string | undefined {
  if (!stats.isSocket()) return 'is no socket';
  return wrongOwner(stats, owners);
}

/** A folder further up may be everybody's where each has only what is his own (sticky), such as /tmp. */
function wrongOfFolder(stats: Stats, owners: readonly number[], last: boolean): string | undefined {
  if (!stats.isDirectory()) return 'is no folder, or a link to one';
  const sticky = (stats.mode & 0o1000) !== 0 && !last;
  if ((stats.mode & 0o022) !== 0 && !sticky) return 'can be written to by others than its owner';
  return wrongOwner(stats, owners);
}

function wrongOwner({ uid }: Stats, owners: readonly number[]): string | undefined {
  return owners.includes(uid) ? undefined : `belongs to the user with uid ${uid}, not to root or systemd-resolve`;
}
