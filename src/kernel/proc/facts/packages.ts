// Which package owns a file, from the lists of dpkg, or by asking rpm. Runs on the facts thread: it reads many files.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DpkgIndex } from './dpkg.ts';

export interface Owner {
  readonly name: string;
  readonly version: string | undefined;
}

const dpkg = '/var/lib/dpkg';

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
    const time = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (time !== undefined) return time;
  }
  return 0;
}

let index: DpkgIndex | undefined;
let indexTime = 0;

/** null: no package has the file. The first question, and the first after a change of the database, reads all lists. */
export function packageOf(path: string): Owner | null {
  if (!existsSync(join(dpkg, 'status'))) return rpmOwner(path);
  const time = databaseTime();
  if (index === undefined || time !== indexTime) {
    index = new DpkgIndex(dpkg, lstatSync('/bin').isSymbolicLink());
    indexTime = time;
  }
  return index.find(path);
}
