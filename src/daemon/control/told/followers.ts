// Who follows what happens: each hears what may be told to them, and first what was told while they were away.
import type { EventView, LogLine } from '#model/api.ts';
import { isPrivate, readEvents, readLog, replayFrom } from '#store/history.ts';
import type { Journal, JournalRow } from '#store/journal.ts';

type Listener = { readonly uid: number | undefined; readonly hear: (event: EventView) => void };

/** Rows that a follower who comes back may have missed. */
const replayRows = 1000;

export class Followers {
  readonly #journal: Journal;
  readonly #now: () => number;
  readonly #line: (row: JournalRow) => LogLine;
  readonly #listeners = new Set<Listener>();

  constructor(journal: Journal, now: () => number, line: (row: JournalRow) => LogLine) {
    this.#journal = journal;
    this.#now = now;
    this.#line = line;
  }

  /** Something happened: into the journal and to all who follow and may hear of it. */
  record(type: string, data: unknown): void {
    this.tell(this.#journal.event(type, data), isPrivate(type) ? null : undefined);
  }

  /** `owner`: the user whose program it is about; undefined: everybody may hear it; null: administrators alone. */
  tell(event: EventView, owner: number | undefined | null): void {
    for (const { uid, hear } of this.#listeners) {
      if (uid === undefined || owner === undefined || owner === uid) hear(event);
    }
  }

  follow(after: number | undefined, uid: number | undefined, hear: (event: EventView) => void): () => void {
    if (after !== undefined) for (const event of this.#missed(after, uid)) hear(event);
    const listener: Listener = { uid, hear };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * What was told after this place; events about questions only to those who may see all. Of more than a follower can
   * be told again, the newest, and before them how many were left out.
   */
  #missed(place: number, uid: number | undefined): EventView[] {
    const journal = this.#journal;
    const { after, left } = replayFrom(journal, place, uid, replayRows);
    const leftOut =
      left === 0 ? [] : [{ sequence: after, time: this.#now(), type: 'left-out', data: { events: left } }];
    const lines = readLog(journal, { after, uid, limit: replayRows }).map((row) => this.#line(row));
    const connections = lines.map((line) => ({
      sequence: line.sequence,
      time: line.lastTime,
      type: 'connection',
      data: line,
    }));
    const events = readEvents(journal, after, uid !== undefined, replayRows);
    return [...leftOut, ...[...connections, ...events].sort((a, b) => a.sequence - b.sequence)];
  }
}
