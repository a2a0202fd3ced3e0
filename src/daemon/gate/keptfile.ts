// What a gate knows and the next one shall know too, kept over restarts of Postern in a file that only root may have written.
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export class KeptFile {
  readonly #path: string;
  readonly #read: () => string | undefined;
  readonly #timer: NodeJS.Timeout;
  #written = '';

  /** `read` gives the text to keep, undefined where it is the same as before. What a crash forgets is at most `everyMs` old. */
  constructor(path: string, everyMs: number, read: () => string | undefined) {
    this.#path = path;
    this.#read = read;
    this.#timer = setInterval(() => this.write(), everyMs).unref();
  }

  write(): void {
    const text = this.#read();
    if (text === undefined || text === this.#written) return;
    const beside = `${this.#path}.new`;
    try {
      rmSync(beside, { force: true });
      writeFileSync(beside, text, { mode: 0o600, flag: 'wx' });
      renameSync(beside, this.#path);
      this.#written = text;
    } catch {
      // Without it the next gate begins with what it sees itself: less is known, and nothing is known wrongly.
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.write();
  }
}

/** The text of an earlier run; undefined where there is none, or root did not write it. */
export function readKept(path: string): string | undefined {
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
