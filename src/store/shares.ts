// Who has how many rows in the journal, so that retention takes from whoever has the most: one user's flood pushes out its
// own rows and not those of others.
import type { DatabaseSync } from 'node:sqlite';

/** A user; null for rows without one. Events are a share of their own. */
type Share = number | null | 'events';

export class Shares {
  /** As counted last, without what was removed since: rows that came meanwhile are seen at the next count. */
  #rows: ReadonlyMap<Share, number> = new Map();

  #count(database: DatabaseSync): void {
    const users = database.prepare('SELECT uid, count(*) AS rows FROM connections GROUP BY uid').all();
    const events = database.prepare('SELECT count(*) AS rows FROM events').get();
    this.#rows = new Map<Share, number>([
      ...users.map(({ uid, rows }) => [uid as number | null, Number(rows)] as const),
      ['events', Number(events?.rows ?? 0)],
    ]);
  }

  #largest(): readonly [share: Share, rows: number] {
    let largest: readonly [Share, number] = ['events', 0];
    for (const entry of this.#rows) if (entry[1] > largest[1]) largest = entry;
    return largest;
  }

  /** Removes up to `limit` of the oldest rows of the largest share, and at most half of it; with the places of connections. */
  shrink(
    database: DatabaseSync,
    limit: number,
  ): { readonly removed: number; readonly connections: readonly Record<string, unknown>[] } {
    // Counting takes a look at every row, so it is done again only when the last count has been used up.
    if (this.#largest()[1] < 2 * limit) this.#count(database);
    const [share, rows] = this.#largest();
    const number = Math.min(limit, Math.ceil(rows / 2));
    const connections =
      share === 'events'
        ? []
        : database
            .prepare(
              'DELETE FROM connections WHERE id IN (SELECT id FROM connections WHERE uid IS ? ORDER BY sequence LIMIT ?) RETURNING sequence',
            )
            .all(share, number);
    const removed =
      share === 'events'
        ? Number(
            database
              .prepare('DELETE FROM events WHERE sequence IN (SELECT sequence FROM events ORDER BY time LIMIT ?)')
              .run(number).changes,
          )
        : connections.length;
    this.#rows = new Map([...this.#rows, [share, rows - removed]]);
    return { removed, connections };
  }
}
