// Where processes keep their compiled code, so that they are there in a fraction of the time, and without the memory that it takes
// to compile. What stands in it is run: only its owner can have written it.
import { lchownSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const besideProgram = join(import.meta.dirname, '../../.state');

/**
 * Of a process that root starts for this user: beside the program, else in the runtime folder. Undefined where both are
 * somebody else's.
 */
export function codeFolder(runtimeDir: string, uid: number, beside: string = besideProgram): string | undefined {
  return ownFolder(join(beside, `code-${uid}`), uid) ?? ownFolder(join(runtimeDir, `code-${uid}`), uid);
}

/** Of the command line: root's stands beside the program, another user's in their cache (XDG Base Directory Specification). */
export function ownCodeFolder(): string | undefined {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return ownFolder(join(besideProgram, 'code-0'), uid);
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  return cache?.startsWith('/') ? ownFolder(join(cache, 'postern'), uid) : undefined;
}

function ownFolder(path: string, uid: number): string | undefined {
  try {
    if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) lchownSync(path, uid, -1);
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}
