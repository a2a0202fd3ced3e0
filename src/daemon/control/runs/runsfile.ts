// The commands that are confined, kept so that they still are when Postern comes again.
import { join } from 'node:path';
import { z } from 'zod';
import { type RunState, runStateSchema } from '#model/run/run.ts';
import { readIfThere, writeAtomically } from '#store/atomicfile.ts';

const schema = z.array(runStateSchema);

export class RunsFile {
  readonly #file: string;
  readonly #onProblem: (text: string) => void;

  /** `onProblem` is told in a sentence when the file cannot be read or written. */
  constructor(stateDir: string, onProblem: (text: string) => void) {
    this.#file = join(stateDir, 'runs.json');
    this.#onProblem = onProblem;
  }

  read(): readonly RunState[] {
    try {
      const text = readIfThere(this.#file);
      return text === undefined ? [] : schema.parse(JSON.parse(text));
    } catch {
      this.#onProblem(`Which commands are confined could not be read from ${this.#file}.`);
      return [];
    }
  }

  write(all: readonly RunState[]): void {
    try {
      writeAtomically(this.#file, `${JSON.stringify(all)}\n`, 0o600);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#onProblem(`Which commands are confined cannot be kept in ${this.#file} (${why}).`);
    }
  }
}
