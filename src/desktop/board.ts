// Keeps what the desktop shows to what is wanted: shows, replaces and closes notifications, and tells what people did with them.
import type { Deed, Note, NoteAction } from './note.ts';
import { fitNote } from './note.ts';

/** What shows notifications; a number stands for one that is shown. */
export interface Screen {
  show(note: Note, replaces: number, now: number): Promise<number | undefined>;
  close(id: number): Promise<void>;
}

export interface BoardOptions {
  readonly screen: Screen;
  readonly now: () => number;
  readonly did: (deed: Deed) => void;
}

interface Shown {
  readonly id: number;
  readonly text: string;
  readonly since: number;
  /** Of all its texts: a press may come when the words have just changed. */
  readonly actions: readonly NoteAction[];
}

/** The words of one change at most so often: each time some desktops show it anew. */
const changeMs = 1000;
/** A daemon may say that a notification closed before it says which button closed it. */
const afterwordMs = 250;

const textOf = ({ title, body, actions }: Note): string => JSON.stringify([title, body, actions.map(({ key }) => key)]);

export class Board {
  readonly #options: BoardOptions;
  #capabilities: ReadonlySet<string> | undefined;
  #wanted: ReadonlyMap<string, Note> = new Map();
  readonly #shown = new Map<string, Shown>();
  /** Those that a person has dealt with, and that closed by themselves: they do not come back. */
  readonly #done = new Set<string>();
  #working: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  want(notes: ReadonlyMap<string, Note>): void {
    this.#wanted = notes;
    for (const key of [...this.#done]) if (!notes.has(key)) this.#done.delete(key);
    void this.#work();
  }

  /** Another daemon, which shows nothing yet; undefined: none. */
  daemonChanged(capabilities: ReadonlySet<string> | undefined): void {
    this.#capabilities = capabilities;
    this.#shown.clear();
    void this.#work();
  }

  invoked(id: number, action: string): void {
    const found = [...this.#shown].find(([, shown]) => shown.id === id);
    const deed = found?.[1].actions.find(({ key }) => key === action)?.deed;
    if (found === undefined || deed === undefined) return;
    // Daemons close a notification whose button was pressed, and say so as if a person had closed it.
    this.#done.add(found[0]);
    this.#options.did(deed);
    void this.#work();
  }

  closed(id: number, dismissed: boolean): void {
    const found = [...this.#shown].find(([, shown]) => shown.id === id);
    if (found === undefined) return;
    const [key] = found;
    const deed = this.#wanted.get(key)?.dismissed;
    setTimeout(() => {
      if (this.#shown.get(key)?.id !== id) return;
      this.#shown.delete(key);
      if (dismissed && deed !== undefined && this.#wanted.has(key) && !this.#done.has(key)) this.#options.did(deed);
      this.#done.add(key);
    }, afterwordMs);
  }

  /** Takes everything away. */
  async clear(): Promise<void> {
    clearTimeout(this.#timer);
    this.#wanted = new Map();
    await this.#work();
  }

  #work(): Promise<void> {
    this.#again = true;
    this.#working ??= this.#workOff().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #workOff(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#close();
      await this.#show();
    }
  }

  async #close(): Promise<void> {
    for (const [key, { id }] of [...this.#shown]) {
      if (this.#wanted.has(key) && !this.#done.has(key)) continue;
      this.#shown.delete(key);
      await this.#options.screen.close(id);
    }
  }

  async #show(): Promise<void> {
    const capabilities = this.#capabilities;
    if (capabilities === undefined) return;
    for (const [key, note] of this.#wanted) {
      if (this.#done.has(key) || this.#wanted.get(key) !== note) continue;
      const before = this.#shown.get(key);
      const fitted = fitNote(note, capabilities);
      const text = textOf(fitted);
      if (before?.text === text) continue;
      const now = this.#options.now();
      if (before !== undefined && now - before.since < changeMs) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.#work(), changeMs);
        continue;
      }
      const id = await this.#options.screen.show(fitted, before?.id ?? 0, now);
      if (id === undefined || this.#capabilities !== capabilities) continue;
      const actions = [...fitted.actions, ...(before?.actions ?? [])];
      const seen = new Set<string>();
      const each = actions.filter(({ key: one }) => !seen.has(one) && seen.add(one)).slice(0, 40);
      this.#shown.set(key, { id, text, since: now, actions: each });
    }
  }
}
