// Processes that had /proc say something else of them: a line in the log of the service for each, as far as there are not too many.
import type { Forgery, Process } from '#model/process.ts';
import { escapeText } from '#std/text.ts';

const mostInAMinute = 20;
const minuteMs = 60_000;

const asked: Readonly<Record<Forgery, string>> = {
  exe: 'another program in its place',
  args: 'other arguments than its own',
};

export class Disguises {
  readonly #write: (line: string) => void;
  #since = Number.NEGATIVE_INFINITY;
  #written = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** `now` in milliseconds. What is not written is counted all the same, by the kernel's program. */
  tell(pid: number, process: Process | undefined, what: Forgery, now: number): void {
    if (now - this.#since >= minuteMs) {
      this.#since = now;
      this.#written = 0;
    }
    this.#written += 1;
    if (this.#written > mostInAMinute) return;
    const program = process?.image === undefined ? 'a program that is not known' : escapeText(process.image.path);
    const more = this.#written === mostInAMinute ? ' More of this minute are only counted.' : '';
    this.#write(
      `process ${pid} (${program}) asked the kernel to show ${asked[what]} in /proc; it is judged as what it is.${more}`,
    );
  }
}
