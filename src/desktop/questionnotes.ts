// Which questions have a notification of their own, and which are told of together, so that nobody is flooded.
import type { PromptView } from '#model/api.ts';
import type { Lifetime } from '#model/rule.ts';
import { clip, type Note, plain } from './note.ts';
import { questionNote } from './questionnote.ts';

/** Notifications of single questions in a minute. */
export const maxInMinute = 5;
const minuteMs = 60_000;

export class QuestionNotes {
  readonly #lifetime: Lifetime;
  readonly #own = new Map<string, { readonly note: Note; readonly version: number }>();
  readonly #together = new Set<string>();
  #begun: number[] = [];

  constructor(lifetime: Lifetime) {
    this.#lifetime = lifetime;
  }

  /** What is to be shown of these questions, by a key that stays with each. `now` in milliseconds since 1970. */
  plan(prompts: ReadonlyMap<string, PromptView>, now: number): Map<string, Note> {
    for (const id of [...this.#own.keys()]) if (!prompts.has(id)) this.#own.delete(id);
    for (const id of [...this.#together]) if (!prompts.has(id)) this.#together.delete(id);
    this.#begun = this.#begun.filter((time) => time > now - minuteMs);
    const notes = new Map<string, Note>();
    for (const prompt of prompts.values()) {
      if (prompt.deadline <= now || this.#together.has(prompt.id)) continue;
      if (!this.#own.has(prompt.id) && this.#begun.length >= maxInMinute) {
        this.#together.add(prompt.id);
        continue;
      }
      notes.set(`question ${prompt.id}`, this.#noteOf(prompt, now));
    }
    const rest = [...prompts.values()].filter(({ id, deadline }) => this.#together.has(id) && deadline > now);
    if (rest.length > 0) notes.set('questions', togetherNote(rest));
    return notes;
  }

  #noteOf(prompt: PromptView, now: number): Note {
    const known = this.#own.get(prompt.id);
    const version = known?.version ?? 1;
    const note = questionNote(prompt, this.#lifetime, version);
    if (known === undefined) this.#begun.push(now);
    else if (known.note.title === note.title && known.note.body === note.body) return known.note;
    else {
      const changed = { note: questionNote(prompt, this.#lifetime, version + 1), version: version + 1 };
      this.#own.set(prompt.id, changed);
      return changed.note;
    }
    this.#own.set(prompt.id, { note, version });
    return note;
  }
}

function togetherNote(prompts: readonly PromptView[]): Note {
  const apps = [...new Set(prompts.map(({ app }) => app))];
  const shown = apps.slice(0, 6).map((app) => plain(app, 40));
  const others = apps.length > shown.length ? ` and ${apps.length - shown.length} more` : '';
  const questions = prompts.length === 1 ? 'One more question waits' : `${prompts.length} more questions wait`;
  const open = { type: 'open', view: '/ask' } as const;
  return {
    title: apps.length === 1 ? '1 program asks' : `${apps.length} programs ask`,
    body: clip(`${shown.join(', ')}${others}.\n${questions} in the pages.`, 500),
    instead: 'Open the pages with: postern ui --open',
    urgency: 'critical',
    expires: Math.max(...prompts.map(({ deadline }) => deadline)),
    actions: [
      { key: 'open', label: 'Open the questions', deed: open },
      { key: 'default', label: 'Open the questions', deed: open },
    ],
  };
}
