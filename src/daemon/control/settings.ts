// The mode, kept over restarts: what a person chose, what it is for the moment, and the revision of the policy.
import { join } from 'node:path';
import { z } from 'zod';
import { type Mode, modes } from '#model/mode.ts';
import { readIfThere, writeAtomically } from '#store/atomicfile.ts';

const schema = z.strictObject({
  mode: z.enum(modes),
  revision: z.int().min(0),
  pausedUntil: z.number().nullable(),
  revert: z.strictObject({ to: z.enum(modes), at: z.number() }).nullable(),
});
export type Settings = z.infer<typeof schema>;

const first: Settings = { mode: 'observe', revision: 0, pausedUntil: null, revert: null };

export class SettingsFile {
  readonly #file: string;
  readonly #onProblem: (text: string) => void;
  #settings: Settings;
  #complained = false;

  /** `onProblem` is told in a sentence when the file cannot be read, and once when it cannot be written. */
  constructor(stateDir: string, onProblem: (text: string) => void) {
    this.#file = join(stateDir, 'settings.json');
    this.#onProblem = onProblem;
    this.#settings = this.#read();
  }

  #read(): Settings {
    try {
      const text = readIfThere(this.#file);
      return text === undefined ? first : schema.parse(JSON.parse(text));
    } catch {
      this.#onProblem(
        `The mode could not be read from ${this.#file}; it is ${first.mode} unless postern up says another.`,
      );
      return first;
    }
  }

  get current(): Settings {
    return this.#settings;
  }

  /** Holds for this run also when it cannot be written: a full disk must not decide over the mode. */
  change(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change };
    try {
      writeAtomically(this.#file, `${JSON.stringify(this.#settings)}\n`);
      this.#complained = false;
    } catch (error) {
      if (this.#complained) return;
      this.#complained = true;
      const why = error instanceof Error ? error.message : String(error);
      this.#onProblem(`The mode cannot be kept in ${this.#file} (${why}); it holds until Postern is started again.`);
    }
  }

  /** The mode in force at this time. */
  mode(now: number): Mode {
    const { mode, pausedUntil, revert } = this.#settings;
    if (pausedUntil !== null && now < pausedUntil) return 'observe';
    return revert !== null && now >= revert.at ? revert.to : mode;
  }

  /** When the mode changes by itself; undefined when it does not. */
  nextChange(): number | undefined {
    const times = [this.#settings.pausedUntil, this.#settings.revert?.at ?? null].filter((time) => time !== null);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Writes down what time has changed already. */
  settle(now: number): void {
    const { pausedUntil, revert } = this.#settings;
    if (pausedUntil !== null && now >= pausedUntil) this.change({ pausedUntil: null });
    if (revert !== null && now >= revert.at) this.change({ mode: revert.to, revert: null });
  }
}
