// The connections of a journal file, read beside the Postern that writes it.
import { DatabaseSync } from 'node:sqlite';
import type { Recorded } from '#policy/index.ts';
import { migrations } from '../migrations.ts';

/** Places of rows, from the first to before the second. */
export type Stretch = readonly [from: number, before: number];

/** The journal, opened to be read; throws a sentence when it cannot be. */
function open(file: string): DatabaseSync {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
  } catch (error) {
    throw new Error(`the journal ${file} cannot be opened: ${error instanceof Error ? error.message : error}`);
  }
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (row.user_version === migrations.length) return database;
  database.close();
  const which = row.user_version < migrations.length ? 'an earlier' : 'a later';
  throw new Error(`the journal ${file} is of ${which} version of Postern; start this one to bring it up to date`);
}

/** All rows that there are, in two halves; the places say how many there may be in each. Throws a sentence as `readRows` does. */
export function halvesOf(file: string): readonly [Stretch, Stretch] {
  const database = open(file);
  try {
    const found = database.prepare('SELECT min(sequence) AS first, max(sequence) AS last FROM connections').get();
    const [first, last] = [Number(found?.first ?? 0), Number(found?.last ?? 0)];
    const middle = Math.floor((first + last) / 2);
    return [
      [first, middle],
      [middle, last + 1],
    ];
  } finally {
    database.close();
  }
}

const everything: Stretch = [0, Number.MAX_SAFE_INTEGER];

/** Throws a sentence when it cannot be read. In the order in which they were written. */
export function* readRows(file: string, since: number, [from, before] = everything): Generator<Recorded> {
  const database = open(file);
  try {
    // Forward through the table, whose rows lie in the order of their places: by an index each would be looked up by itself.
    database.exec('PRAGMA mmap_size = 8589934592');
    const select = database.prepare(
      'SELECT time, action, record FROM connections WHERE +time >= ? AND sequence >= ? AND sequence < ? ORDER BY sequence',
    );
    select.setReturnArrays(true);
    const rows = select.iterate(since, from, before) as Iterable<unknown> as Iterable<
      [number, Recorded['action'], string]
    >;
    for (const [time, action, record] of rows) yield { time, action, attempt: attemptIn(record) };
  } finally {
    database.close();
  }
}

const member = '"attempt":';
/** What follows an attempt: as the gate tells it, and where the rest stands before. */
const followers = [',"action":', ',"end":', ',"country":'] as const;

/**
 * The attempt of a connection in JSON, read without the rest of it, which is a third. No text inside of a string can be taken
 * for a member, since its quotes are escaped; and what begins with an object and is not all of it, or more, is no JSON.
 */
export function attemptIn(record: string): Recorded['attempt'] {
  const begin = record.indexOf(member);
  const follower = followers.find((one) => record.indexOf(one, begin) >= 0);
  if (begin >= 0 && follower !== undefined) {
    const end = record.indexOf(follower, begin);
    try {
      return JSON.parse(record.slice(begin + member.length, end)) as Recorded['attempt'];
    } catch {
      // Its members stand in another order.
    }
  }
  return (JSON.parse(record) as { attempt: Recorded['attempt'] }).attempt;
}
