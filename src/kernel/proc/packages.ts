// Which package owns a file, from the lists of dpkg, or by asking rpm. Runs on the facts thread: it reads many files.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Owner {
  readonly name: string;
  readonly version: string | undefined;
}

const dpkg = '/var/lib/dpkg';

/** Where /bin, /sbin and /lib are links into /usr, lists may have either path (usrmerge). */
function aliases(path: string): string[] {
  const merged = /^\/usr(\/(?:bin|sbin|lib\w*)\/.*)$/.exec(path)?.[1];
  if (merged !== undefined) return [path, merged];
  return /^\/(?:bin|sbin|lib\w*)\//.test(path) ? [path, `/usr${path}`] : [path];
}

function dpkgVersion(name: string): string | undefined {
  const status = readFileSync(join(dpkg, 'status'), 'utf8');
  const begin = status.startsWith(`Package: ${name}\n`) ? 0 : status.indexOf(`\nPackage: ${name}\n`);
  if (begin < 0) return undefined;
  const end = status.indexOf('\n\n', begin);
  return /^Version: (.+)$/m.exec(status.slice(begin, end < 0 ? undefined : end))?.[1];
}

function dpkgOwner(path: string): Owner | null {
  const wanted = aliases(path).map((alias) => Buffer.from(`\n${alias}\n`));
  for (const file of readdirSync(join(dpkg, 'info'))) {
    if (!file.endsWith('.list')) continue;
    // The first line is always `/.`, so that every other one follows a line's end.
    const list = readFileSync(join(dpkg, 'info', file));
    if (!wanted.some((line) => list.includes(line))) continue;
    const name = file.slice(0, -'.list'.length).replace(/:[a-z0-9-]+$/, '');
    return { name, version: dpkgVersion(name) };
  }
  return null;
}

function rpmOwner(path: string): Owner | null {
  try {
    const format = '%{NAME}\\n%{VERSION}-%{RELEASE}\\n';
    const text = execFileSync('rpm', ['-qf', '--qf', format, '--', path], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [name, version] = text.split('\n');
    return name === undefined || name === '' ? null : { name, version };
  } catch {
    return null;
  }
}

/** The database's time of change: what was found before it may be wrong now. */
export function databaseTime(): number {
  for (const file of [join(dpkg, 'status'), '/var/lib/rpm/rpmdb.sqlite', '/usr/lib/sysimage/rpm/rpmdb.sqlite']) {
    try {
      return statSync(file).mtimeMs;
    } catch {
      // The next one.
    }
  }
  return 0;
}

/** null: no package has the file. */
export function packageOf(path: string): Owner | null {
  return existsSync(join(dpkg, 'status')) ? dpkgOwner(path) : rpmOwner(path);
}
