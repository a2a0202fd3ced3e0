// The connections of a journal file, read beside the Postern that writes it.
import { DatabaseSync } from 'node:sqlite';
import type { Connection } from '#model/connection.ts';
import { migrations } from '../migrations.ts';

/** Throws a sentence when it cannot be read. In the order in which they were written. */
export function* readRows(file: string, since: number): Generator<Connection> {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
  } catch (error) {
    throw new Error(`the journal ${file} cannot be opened: ${error instanceof Error ? error.message : error}`);
  }
  try {
    const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (row.user_version !== migrations.length) {
      const which = row.user_version < migrations.length ? 'an earlier' : 'a later';
      throw new Error(`the journal ${file} is of ${which} version of Postern; start this one to bring it up to date`);
    }
    // Forward through the table, whose rows lie in the order of their places: by an index each would be looked up by itself.
    database.exec('PRAGMA mmap_size = 8589934592');
    const rows = database.prepare('SELECT record FROM connections WHERE +time >= ?').iterate(since);
    for (const { record } of rows) yield JSON.parse(String(record)) as Connection;
  } finally {
    database.close();
  }
}
