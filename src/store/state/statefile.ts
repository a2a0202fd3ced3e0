// A small state that outlives its process: a file of JSON, read once and written whole.
import type { z } from 'zod';
import { readIfThere, writeAtomically } from '../atomicfile.ts';

export interface StateFilePlan<T> {
  readonly file: string;
  readonly schema: z.ZodType<T>;
  /** Where there is no file, or none that can be read. */
  readonly empty: T;
  /** The sentences for these; what is written holds in memory all the same. */
  unreadable(file: string): string;
  unkept(file: string, why: string): string;
  onProblem(text: string): void;
  /** Of the file, where it is not for the group. */
  readonly mode?: number;
}

export class StateFile<T> {
  readonly #plan: StateFilePlan<T>;

  constructor(plan: StateFilePlan<T>) {
    this.#plan = plan;
  }

  read(): T {
    const { file, schema, empty, unreadable, onProblem } = this.#plan;
    try {
      const text = readIfThere(file);
      return text === undefined ? empty : schema.parse(JSON.parse(text));
    } catch {
      onProblem(unreadable(file));
      return empty;
    }
  }

  write(value: T): void {
    const { file, unkept, onProblem, mode } = this.#plan;
    try {
      writeAtomically(file, `${JSON.stringify(value)}\n`, mode);
    } catch (error) {
      onProblem(unkept(file, error instanceof Error ? error.message : String(error)));
    }
  }
}
