// Opens a SQLite file, brings it to today's tables, and sets a broken one aside.
import { existsSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { migrations } from './migrations.ts';

/** SQLITE_CORRUPT and SQLITE_NOTADB (sqlite3.h): the file is not what it should be. */
const brokenCodes = [11, 26];
/** SQLITE_FULL and SQLITE_IOERR: the disk is. */
const fullCodes = [13, 10];

/** SQLite's primary result code of an error it threw; undefined for other errors. */
function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;
}

export function isBroken(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && brokenCodes.includes(code);
}

export function isFull(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && fullCodes.includes(code);
}

function migrate(database: DatabaseSync): void {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (row.user_version > migrations.length) {
    throw new Error(`it was written by a later version of Postern (tables of version ${row.user_version})`);
  }
  for (let step = row.user_version; step < migrations.length; step++) {
    database.exec(`BEGIN; ${migrations[step]} PRAGMA user_version = ${step + 1}; COMMIT`);
  }
}

/** Throws what SQLite throws, or an Error for a file of a later version. */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 1000 });
  try {
    // Incremental: what retention frees goes back to the disk in small steps. It must be set before the first table.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    migrate(database);
    // A torn page shows when it is read: the schema and the newest rows are read here.
    database.prepare('SELECT count(*) FROM (SELECT sequence FROM connections ORDER BY sequence DESC LIMIT 100)').get();
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Renames the file and its companions out of the way; returns the new name. */
export function setAside(file: string, now: number): string {
  const aside = `${file}.broken-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  return aside;
}
