// The open questions, as the gate tells of them.
import { appOf } from '#attribution/app.ts';
import type { Listed, PromptView } from '#model/api.ts';
import type { Place } from '#model/net/place.ts';
import type { Process } from '#model/process.ts';
import type { Prompt } from '#model/prompt.ts';
import { namesForRules } from '#policy/index.ts';
import { timesBefore } from '#store/history.ts';
import type { Journal } from '#store/journal.ts';
import { registeredDomain } from './domains.ts';

export class Prompts {
  readonly #open = new Map<string, PromptView>();
  readonly #journal: Journal;
  readonly #userName: (uid: number) => string | undefined;
  readonly #listsWith: (nameOrAddress: string) => readonly string[];
  readonly #placeOf: (address: string) => Place;

  constructor(parts: {
    readonly journal: Journal;
    readonly userName: (uid: number) => string | undefined;
    readonly listsWith: (nameOrAddress: string) => readonly string[];
    readonly placeOf: (address: string) => Place;
  }) {
    this.#journal = parts.journal;
    this.#userName = parts.userName;
    this.#listsWith = parts.listsWith;
    this.#placeOf = parts.placeOf;
  }

  /** All that are open in a gate that was just found. */
  replace(prompts: readonly Prompt[]): void {
    this.#open.clear();
    for (const prompt of prompts) this.put(prompt);
  }

  put(prompt: Prompt): PromptView {
    const { process, flow } = prompt.attempt;
    const app = appOf(process as Process | undefined).title;
    const known = this.#open.get(prompt.id);
    const names = namesForRules(prompt.attempt);
    const view: PromptView = {
      ...prompt,
      app,
      user: process?.uid === undefined ? null : (this.#userName(process.uid) ?? `uid ${process.uid}`),
      before: known?.before ?? timesBefore(this.#journal, app, flow.remote.address, flow.remote.port ?? 0),
      names: names.map((known) => ({ ...known, domain: registeredDomain(known.name) ?? null })),
      lists: [...names.flatMap(({ name }) => this.#listed(name, name)), ...this.#listed(flow.remote.address, null)],
      ...this.#placeOf(flow.remote.address),
    };
    this.#open.set(prompt.id, view);
    return view;
  }

  #listed(text: string, name: string | null): Listed[] {
    return this.#listsWith(text).map((list) => ({ list, name }));
  }

  remove(id: string): void {
    this.#open.delete(id);
  }

  get(id: string): PromptView | undefined {
    return this.#open.get(id);
  }

  /** The oldest first; with `uid` only those of this user's programs. */
  list(uid?: number): PromptView[] {
    return [...this.#open.values()].filter(({ attempt }) => uid === undefined || attempt.process?.uid === uid);
  }
}
