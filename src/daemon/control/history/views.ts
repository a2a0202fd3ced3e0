// The views of History that people keep, each user their own; over restarts, until they are forgotten.
import { join } from 'node:path';
import { z } from 'zod';
import type { Served, ViewServices } from '#api/services.ts';
import { maxViews, type SavedView, savedViewSchema, type View } from '#model/query/view.ts';
import { fail, ok } from '#std/result.ts';
import { StateFile } from '#store/state/statefile.ts';

/** By the number of their user. */
const schema = z.record(z.string().regex(/^\d+$/), z.array(savedViewSchema));

/** Who have views at all, so that nobody fills the disk. */
const maxUsers = 1000;

export class Views implements ViewServices {
  readonly #file: StateFile<Readonly<Record<string, readonly SavedView[]>>>;
  readonly #all: Map<string, readonly SavedView[]>;

  /** `onProblem` is told in a sentence when the file cannot be read or written. */
  constructor(stateDir: string, onProblem: (text: string) => void) {
    this.#file = new StateFile({
      file: join(stateDir, 'views.json'),
      schema,
      empty: {},
      unreadable: (file) => `The views of History could not be read from ${file}; they begin anew.`,
      unkept: (file, why) =>
        `The views of History cannot be kept in ${file} (${why}); they hold until Postern is started again.`,
      onProblem,
    });
    this.#all = new Map(Object.entries(this.#file.read()));
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
    this.#file.write(Object.fromEntries(this.#all));
    return views;
  }
}
