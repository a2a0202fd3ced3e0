// The views of History that people keep, each user their own; over restarts, until they are forgotten.
import { join } from 'node:path';
import { z } from 'zod';
import type { Served, ViewServices } from '#api/services.ts';
import { maxViews, type SavedView, savedViewSchema, type View } from '#model/query/view.ts';
import { fail, ok } from '#std/result.ts';
import { readIfThere, writeAtomically } from '#store/atomicfile.ts';

/** By the number of their user. */
const schema = z.record(z.string().regex(/^\d+$/), z.array(savedViewSchema));

/** Who have views at all, so that nobody fills the disk. */
const maxUsers = 1000;

export class Views implements ViewServices {
  readonly #file: string;
  readonly #onProblem: (text: string) => void;
  readonly #all: Map<string, readonly SavedView[]>;

  /** `onProblem` is told in a sentence when the file cannot be read or written. */
  constructor(stateDir: string, onProblem: (text: string) => void) {
    this.#file = join(stateDir, 'views.json');
    this.#onProblem = onProblem;
    this.#all = this.#read();
  }

  #read(): Map<string, readonly SavedView[]> {
    try {
      const text = readIfThere(this.#file);
      return new Map(text === undefined ? [] : Object.entries(schema.parse(JSON.parse(text))));
    } catch {
      this.#onProblem(`The views of History could not be read from ${this.#file}; they begin anew.`);
      return new Map();
    }
  }

  /** The newest last. */
  list(uid: number): readonly SavedView[] {
    return this.#all.get(String(uid)) ?? [];
  }

  keep(uid: number, name: string, view: View): Served<readonly SavedView[]> {
    const others = this.list(uid).filter((one) => one.name !== name);
    if (others.length >= maxViews || (!this.#all.has(String(uid)) && this.#all.size >= maxUsers)) {
      const message = `there is no room for more than ${maxViews} views`;
      return fail({ code: 'too-many', message, hint: 'postern views forget NAME makes room' });
    }
    return ok(this.#put(uid, [...others, { name, view }]));
  }

  forget(uid: number, name: string): Served<readonly SavedView[]> {
    const views = this.list(uid);
    const left = views.filter((one) => one.name !== name);
    if (left.length === views.length) return fail({ code: 'not-found', message: `there is no view "${name}"` });
    return ok(this.#put(uid, left));
  }

  #put(uid: number, views: readonly SavedView[]): readonly SavedView[] {
    if (views.length === 0) this.#all.delete(String(uid));
    else this.#all.set(String(uid), views);
    try {
      writeAtomically(this.#file, `${JSON.stringify(Object.fromEntries(this.#all))}\n`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#onProblem(
        `The views of History cannot be kept in ${this.#file} (${why}); they hold until Postern is started again.`,
      );
    }
    return views;
  }
}
