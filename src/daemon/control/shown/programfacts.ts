// Finds out the hash and the package of each program file that is seen for the first time, so that its changes have dates.
// Off the packets' way: one file after another, on another thread that ends when nothing is left to read.
import { appOf } from '#attribution/app.ts';
import { Facts } from '#kernel/proc/facts/facts.ts';
import type { Connection } from '#model/connection.ts';
import type { Process } from '#model/process.ts';
import { Lru } from '#std/lru.ts';
import { learnFile } from '#store/apps/read.ts';
import { fileKey } from '#store/apps/tally.ts';
import type { Journal } from '#store/journal.ts';

/** Files that wait to be read at most, in all and of one user; those beyond are read when they are seen again. */
const maxWaiting = 256;
const maxWaitingOfUser = 64;
const remembered = 4096;

type Recorded = NonNullable<Connection['attempt']['process']>;

export class ProgramFacts {
  readonly #journal: Journal;
  readonly #seen = new Lru<string, true>(remembered);
  #waiting: Recorded[] = [];
  #facts: Facts | undefined;
  #busy = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** A file that is seen again costs a look. */
  see(process: Recorded | undefined): void {
    if (process?.image?.state !== 'host') return;
    if (process.sha256 !== undefined && process.package !== undefined) return;
    const key = `${process.uid} ${fileKey(process)}`;
    if (this.#seen.get(key) !== undefined) return;
    const ofUser = this.#waiting.filter(({ uid }) => uid === process.uid).length;
    if (this.#waiting.length >= maxWaiting || ofUser >= maxWaitingOfUser) return;
    this.#seen.set(key, true);
    this.#waiting.push(process);
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    const facts = new Facts();
    this.#facts = facts;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const process = next as Process;
      await Promise.allSettled([facts.hash(process), facts.package(process)]);
      const { sha256, package: name, packageVersion } = facts.known(process);
      learnFile(this.#journal, appOf(process).title, next, {
        ...(sha256 !== undefined && { sha256 }),
        ...(name !== undefined && { package: name, packageVersion }),
      });
    }
    facts.close();
    this.#facts = undefined;
    this.#busy = false;
  }

  close(): void {
    this.#waiting = [];
    this.#facts?.close();
  }
}
