// The script that an interpreter runs, as a file of the host: the path in the arguments is only what the process says.
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { scriptOf } from '#attribution/script.ts';
import type { Image } from '#model/process.ts';
import { readLinkBytes } from './folder.ts';

const ours = readLinkBytes('/proc/self/ns/mnt');

/** Whether the process sees the files that we see: our mount namespace, and no root folder of its own. */
function seesOurFiles(folder: string): boolean {
  const theirs = readLinkBytes(`${folder}/ns/mnt`);
  const root = readLinkBytes(`${folder}/root`);
  return ours !== undefined && theirs?.equals(ours) === true && root?.toString() === '/';
}

/** Whether `path`, which has no links on the host, is the same file for a process with other mounts. */
function sameFileFor(folder: string, path: string): boolean {
  const host = statSync(path, { bigint: true });
  let at = `${folder}/root`;
  for (const part of path.split('/').slice(1)) {
    at = `${at}/${part}`;
    // A link there would be followed from our own root.
    if (lstatSync(at).isSymbolicLink()) return false;
  }
  const theirs = statSync(at, { bigint: true });
  return theirs.dev === host.dev && theirs.ino === host.ino;
}

/**
 * The real path of the script, so that `/usr/bin/npm` is the file it leads to. null when the process runs no script, or one that
 * the host does not have at this path; undefined when the arguments are not known.
 */
export function readScript(
  folder: string,
  image: Image,
  args: readonly string[] | undefined,
  cwd: string | undefined,
): string | null | undefined {
  if (args === undefined) return undefined;
  const named = scriptOf(image.path, args, cwd);
  return named === null ? null : scriptAt(named, folder, false);
}

/**
 * The real path of the file that a process names so; null when the host does not have that file there. Without `folder` the process
 * is gone, and `ours` tells that its mount namespace was ours.
 */
export function scriptAt(named: string, folder: string | undefined, ours: boolean): string | null {
  try {
    const path = realpathSync.native(named);
    if (!statSync(path).isFile()) return null;
    if (folder === undefined) return ours ? path : null;
    return seesOurFiles(folder) || sameFileFor(folder, path) ? path : null;
  } catch {
    return null;
  }
}

/** The path that a rule's path leads to, its symbolic links followed; the path itself when there is no such file. */
export function canonicalPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
