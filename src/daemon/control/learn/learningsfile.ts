// The times of learning that there were, kept over restarts until they are forgotten.
import { join } from 'node:path';
import { z } from 'zod';
import { type Learning, learningSchema } from '#model/learn/learning.ts';
import { StateFile } from '#store/state/statefile.ts';

/** The oldest make room. */
export const maxLearnings = 100;

export class LearningsFile {
  readonly #file: StateFile<readonly Learning[]>;
  #all: readonly Learning[];

  /** `onProblem` is told in a sentence when the file cannot be read or written. */
  constructor(stateDir: string, onProblem: (text: string) => void) {
    this.#file = new StateFile({
      file: join(stateDir, 'learnings.json'),
      schema: z.array(learningSchema),
      empty: [],
      unreadable: (file) => `What was learned could not be read from ${file}; it begins anew.`,
      unkept: (file, why) =>
        `What is learned cannot be kept in ${file} (${why}); it holds until Postern is started again.`,
      onProblem,
    });
    this.#all = this.#file.read();
  }

  /** The newest first. */
  get all(): readonly Learning[] {
    return this.#all;
  }

  change(change: (all: readonly Learning[]) => readonly Learning[]): void {
    this.#all = change(this.#all).slice(0, maxLearnings);
    this.#file.write(this.#all);
  }
}
