// What running programs were at their exec, kept over restarts of Postern in a file that only root may have written.
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** How often it is written while programs start: what a crash forgets is at most this old. */
const writeMs = 60_000;

export class IdentitiesFile {
  readonly #path: string;
  readonly #read: () => string;
  readonly #timer: NodeJS.Timeout;
  #written = '';

  /** `identities` gives the text to keep. */
  constructor(path: string, identities: () => string) {
    this.#path = path;
    this.#read = identities;
    this.#timer = setInterval(() => this.write(), writeMs).unref();
  }

  write(): void {
    const text = this.#read();
    if (text === this.#written) return;
    const beside = `${this.#path}.new`;
    try {
      rmSync(beside, { force: true });
      writeFileSync(beside, text, { mode: 0o600, flag: 'wx' });
      renameSync(beside, this.#path);
      this.#written = text;
    } catch {
      // Without the file, a program whose file was replaced is unknown after the next restart; nothing else depends on it.
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.write();
  }
}

/** The text of an earlier run; undefined where there is none, or root did not write it. */
export function readIdentities(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { uid, mode, size } = fstatSync(fd);
    const trusted = uid === 0 && (mode & 0o022) === 0 && size < 64 * 1024 * 1024;
    return trusted ? readFileSync(fd, 'utf8') : undefined;
  } finally {
    closeSync(fd);
  }
}
