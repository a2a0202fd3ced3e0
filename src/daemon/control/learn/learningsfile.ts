// The times of learning that there were, kept over restarts until they are forgotten.
import { join } from 'node:path';
import { z } from 'zod';
import { type Learning, learningSchema } from '#model/learn/learning.ts';
import { readIfThere, writeAtomically } from '#store/atomicfile.ts';

const schema = z.array(learningSchema);

/** The oldest make room. */
export const maxLearnings = 100;

export class LearningsFile {
  readonly #file: string;
  readonly #onProblem: (text: string) => void;
  #all: readonly Learning[];

  /** `onProblem` is told in a sentence when the file cannot be read or written. */
  constructor(stateDir: string, onProblem: (text: string) => void) {
    this.#file = join(stateDir, 'learnings.json');
    this.#onProblem = onProblem;
    this.#all = this.#read();
  }

  #read(): readonly Learning[] {
    try {
      const text = readIfThere(this.#file);
      return text === undefined ? [] : schema.parse(JSON.parse(text));
    } catch {
      this.#onProblem(`What was learned could not be read from ${this.#file}; it begins anew.`);
      return [];
    }
  }

  /** The newest first. */
  get all(): readonly Learning[] {
    return this.#all;
  }

  change(change: (all: readonly Learning[]) => readonly Learning[]): void {
    this.#all = change(this.#all).slice(0, maxLearnings);
    try {
      writeAtomically(this.#file, `${JSON.stringify(this.#all)}\n`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#onProblem(
        `What is learned cannot be kept in ${this.#file} (${why}); it holds until Postern is started again.`,
      );
    }
  }
}
