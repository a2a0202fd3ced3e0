// Where a path leads, as a process sees it: by its own root, its own working folder and its own mounts.
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { inProcess } from '../proc/process/folder.ts';
import { statOf } from './places.ts';

/** As the kernel has it: MAXSYMLINKS, include/linux/namei.h. */
const maxLinks = 40;

export interface Reached {
  /** From its root, without links. */
  readonly path: string;
  /** What stands there for this process; undefined: nothing. */
  readonly file: Stats | undefined;
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** `folder` is the process's in /proc; what is not there leads nowhere else. */
function follow(folder: string, pid: number, path: string): string | undefined {
  const own = new RegExp(`^/proc/(?:self|thread-self|${pid})/(root|cwd|fd/\\d+)$`);
  const cwd = path.startsWith('/') ? '' : tried(() => readlinkSync(`${folder}/cwd`));
  if (cwd === undefined) return undefined;
  const waiting = `${cwd}/${path}`.split('/');
  let at = '';
  for (let links = 0; waiting.length > 0; ) {
    const part = waiting.shift();
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
      continue;
    }
    const next = `${at}/${part}`;
    // These two would lead to us.
    const magic = own.exec(next)?.[1];
    const link = magic !== undefined || tried(() => lstatSync(`${folder}/root${next}`))?.isSymbolicLink() === true;
    if (!link || /^\/proc\/(thread-)?self$/.test(next)) {
      at = next;
      continue;
    }
    links += 1;
    const target = tried(() => readlinkSync(magic === undefined ? `${folder}/root${next}` : `${folder}/${magic}`));
    if (target === undefined || links > maxLinks) return undefined;
    if (target.startsWith('/')) at = '';
    waiting.unshift(...target.split('/'));
  }
  return at === '' ? '/' : at;
}

/** Undefined where the process has ended, or the path leads in circles. */
export function reachedBy(pid: number, path: string): Reached | undefined {
  return inProcess(pid, (folder) => {
    const found = follow(folder, pid, path);
    // A process that has ended meanwhile has no root.
    if (found === undefined || tried(() => readlinkSync(`${folder}/root`)) === undefined) return undefined;
    return { path: found, file: statOf(`${folder}/root${found}`) };
  });
}
