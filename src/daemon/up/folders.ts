// The folders Postern works in: made where they are missing, and opened to the control plane's group.
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fail, ok, type Result } from '#std/result.ts';
import { type Account, accountName } from './account.ts';

export interface Folders {
  readonly configDir: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/** The folder above which the account cannot go, if any. */
function closedParent(path: string, account: Account): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const search = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & search) === 0) return folder;
    if (folder === '/') return undefined;
  }
}

/** `flags`: O_NOFOLLOW where somebody else than root may have put a link, which would give away what it leads to. */
function prepare(path: string, mode: number, owner: { uid: number; gid: number }, flags = 0): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
  try {
    const now = fstatSync(fd);
    if (now.uid !== owner.uid || now.gid !== owner.gid) fchownSync(fd, owner.uid, owner.gid);
    if ((now.mode & 0o7777) !== mode) fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

/** Absolute paths, ready to be used; the error names the folder and what to do. */
export function prepareFolders(wanted: Folders, account: Account): Result<Folders> {
  const folders = {
    configDir: resolve(wanted.configDir),
    stateDir: resolve(wanted.stateDir),
    runtimeDir: resolve(wanted.runtimeDir),
  };
  const rootAndGroup = { uid: 0, gid: account.gid };
  try {
    // The group writes the rules that people make and nothing beside them; only the state is the control plane's own.
    prepare(folders.configDir, 0o755, rootAndGroup);
    prepare(join(folders.configDir, 'rules.d'), 0o2775, rootAndGroup, constants.O_NOFOLLOW);
    prepare(join(folders.configDir, 'machine'), 0o2775, rootAndGroup, constants.O_NOFOLLOW);
    prepare(join(folders.configDir, 'lists.d'), 0o2775, rootAndGroup, constants.O_NOFOLLOW);
    prepare(join(folders.configDir, 'geo'), 0o2775, rootAndGroup, constants.O_NOFOLLOW);
    prepare(folders.stateDir, 0o2750, account);
    // Sticky: neither process can take away the other's socket. Set-group-id: the gate's socket is open to the group alone.
    prepare(folders.runtimeDir, 0o3775, rootAndGroup);
  } catch (error) {
    return fail(`a folder of Postern could not be made ready: ${error instanceof Error ? error.message : error}`);
  }
  for (const path of Object.values(folders)) {
    const closed = closedParent(path, account);
    if (closed !== undefined) {
      return fail(
        `the user "${accountName}" cannot reach ${path}, because ${closed} is closed to it; ` +
          `open it (chmod o+x ${closed}) or choose another folder`,
      );
    }
  }
  return ok(folders);
}
