// The block lists as people ask for them: with the rules that name each, and how often these decided.
import type { ListServices, Served } from '#api/services.ts';
import type { ListChange, ListDefinition, ListHit, ListView } from '#model/net/list.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { readHits } from '#store/history.ts';
import type { Journal } from '#store/journal.ts';
import type { ListKeeper } from '#store/lists/keeper.ts';
import type { PolicyKeeper } from '../policykeeper.ts';

interface ListingParts {
  readonly lists: ListKeeper;
  readonly keeper: PolicyKeeper;
  readonly journal: Journal;
}

export class Listing implements ListServices {
  readonly #parts: ListingParts;

  constructor(parts: ListingParts) {
    this.#parts = parts;
  }

  all(): readonly ListView[] {
    const hits = readHits(this.#parts.journal);
    return this.#parts.lists.views().map((view) => {
      const rules = this.#parts.keeper.records
        .map(({ rule }) => rule)
        .filter((rule) =>
          [rule.to ?? [], rule.from ?? []]
            .flat()
            .some((text) => text.split(':')[1] === view.name && text.startsWith('list:')),
        )
        .map(({ name }) => name);
      return { ...view, rules, hits: rules.reduce((sum, name) => sum + (hits.get(name)?.hits ?? 0), 0) };
    });
  }

  async add(name: string, definition: ListDefinition): Promise<Served<ListView>> {
    return this.#done(name, await this.#parts.lists.add(name, definition));
  }

  async change(name: string, change: ListChange): Promise<Served<ListView>> {
    return this.#done(name, await this.#parts.lists.change(name, change));
  }

  async #done(name: string, done: Result<void>): Promise<Served<ListView>> {
    if (!done.ok) return fail({ code: 'conflict', message: done.error });
    const view = this.all().find((one) => one.name === name);
    return view === undefined ? fail({ code: 'not-found', message: `there is no list "${name}"` }) : ok(view);
  }

  async remove(name: string): Promise<Served<null>> {
    const done = await this.#parts.lists.remove(name);
    if (done.ok) return ok(null);
    const there = this.#parts.lists.views().some((view) => view.name === name);
    return fail({ code: there ? 'conflict' : 'not-found', message: done.error });
  }

  async update(name: string | undefined): Promise<Served<readonly ListView[]>> {
    const done = await this.#parts.lists.update(name);
    return done.ok ? ok(this.all()) : fail({ code: 'conflict', message: done.error });
  }

  having(text: string): Promise<readonly ListHit[]> {
    return this.#parts.lists.test(text);
  }
}
