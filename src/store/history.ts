// What people ask of the journal: the log, the apps, how often before.
import type { Connection } from '#model/connection.ts';
import { nobody } from './apps/tables.ts';
import type { Journal, JournalEvent, JournalRow } from './journal.ts';

export interface LogFilter {
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Part of the app's name. */
  readonly app?: string | undefined;
  readonly action?: string | undefined;
  /** Only rows after this place, the oldest first; without it the newest first. */
  readonly after?: number | undefined;
  /** Only rows before this place. */
  readonly before?: number | undefined;
  /** Only Postern's own connections, or only those that are none. */
  readonly own?: boolean | undefined;
  /** Only connections of this user. */
  readonly uid?: number | undefined;
  readonly limit: number;
}

export function readLog(journal: Journal, filter: LogFilter): JournalRow[] {
  journal.flush();
  const conditions: [string, string | number | undefined][] = [
    ['time >= ?', filter.since],
    ['time <= ?', filter.until],
    ["app LIKE ? ESCAPE '\\'", filter.app === undefined ? undefined : `%${filter.app.replace(/[\\%_]/g, '\\$&')}%`],
    ['action = ?', filter.action],
    ['sequence > ?', filter.after],
    ['sequence < ?', filter.before],
    ['own = ?', filter.own === undefined ? undefined : Number(filter.own)],
    ['uid = ?', filter.uid],
  ];
  const used = conditions.filter(([, value]) => value !== undefined);
  const where = used.length === 0 ? '' : `WHERE ${used.map(([sql]) => sql).join(' AND ')}`;
  const order = filter.after === undefined ? 'DESC' : 'ASC';
  const rows = journal.query(
    `SELECT sequence, record FROM connections ${where} ORDER BY sequence ${order} LIMIT ?`,
    ...used.map(([, value]) => value as string | number),
    filter.limit,
  );
  return rows.map(rowOf);
}

const rowOf = (row: Record<string, unknown>): JournalRow => ({
  sequence: Number(row.sequence),
  connection: JSON.parse(String(row.record)) as Connection,
});

/** The connections at these places that are still there, the oldest first. */
export function readConnections(journal: Journal, places: readonly number[], uid: number | undefined): JournalRow[] {
  const own = uid === undefined ? '' : 'AND uid = ?';
  const sql = `SELECT sequence, record FROM connections WHERE sequence IN (SELECT value FROM json_each(?)) ${own} ORDER BY sequence`;
  return journal.query(sql, JSON.stringify(places), ...(uid === undefined ? [] : [uid])).map(rowOf);
}

/** The connection of an id; undefined where there is none, or it is not this user's. */
export function readConnection(journal: Journal, id: string, uid: number | undefined): JournalRow | undefined {
  journal.flush();
  const own = uid === undefined ? '' : 'AND uid = ?';
  const sql = `SELECT sequence, record FROM connections WHERE id = ? ${own}`;
  return journal.query(sql, id, ...(uid === undefined ? [] : [uid])).map(rowOf)[0];
}

/** Events after this place; `others`: without those for administrators alone. */
export function readEvents(journal: Journal, after: number, others: boolean, limit: number): JournalEvent[] {
  journal.flush();
  const shown = others ? `AND ${publicEvents}` : '';
  return journal
    .query(
      `SELECT sequence, time, type, data FROM events WHERE sequence > ? ${shown} ORDER BY sequence LIMIT ?`,
      after,
      limit,
    )
    .map((row) => ({
      sequence: Number(row.sequence),
      time: Number(row.time),
      type: String(row.type),
      data: JSON.parse(String(row.data)) as unknown,
    }));
}

/** How the types of events begin that are for administrators alone: they say which programs people run, and who logs in. */
const privateTypes = ['prompt-', 'rules-', 'run-', 'login', 'password-'] as const;

const publicEvents = privateTypes.map((begin) => `type NOT LIKE '${begin}%'`).join(' AND ');

/** What may follow a place in the journal and is shown to this user; undefined: to administrators. */
const followed = (uid: number | undefined) =>
  uid === undefined
    ? 'SELECT sequence FROM connections WHERE sequence > ?1 UNION ALL SELECT sequence FROM events WHERE sequence > ?1'
    : `SELECT sequence FROM connections WHERE sequence > ?1 AND uid = ${uid} UNION ALL
       SELECT sequence FROM events WHERE sequence > ?1 AND ${publicEvents}`;

/** Whether an event is for administrators alone. */
export function isPrivate(type: string): boolean {
  return privateTypes.some((begin) => type.startsWith(begin));
}

/** Where the newest `limit` rows behind a place begin, and how many there are before these. */
export function replayFrom(
  journal: Journal,
  after: number,
  uid: number | undefined,
  limit: number,
): { readonly after: number; readonly left: number } {
  journal.flush();
  const [row] = journal.query(
    `SELECT sequence FROM (${followed(uid)}) ORDER BY sequence DESC LIMIT 1 OFFSET ?2`,
    after,
    limit,
  );
  if (row === undefined) return { after, left: 0 };
  const begin = Number(row.sequence);
  const [counted] = journal.query(`SELECT count(*) AS left FROM (${followed(uid)}) WHERE sequence <= ?2`, after, begin);
  return { after: begin, left: Number(counted?.left ?? 0) };
}

export interface AppSummary {
  readonly app: string;
  readonly connections: number;
  readonly refused: number;
  readonly first: number;
  readonly last: number;
  /** Names, and addresses where there is none. */
  readonly destinations: number;
  readonly users: readonly number[];
  /** Of the connections that have ended; null where none of them was counted. */
  readonly bytesOut: number | null;
  readonly bytesIn: number | null;
}

export function readApps(journal: Journal, uid?: number): AppSummary[] {
  journal.flush();
  const own = uid === undefined ? '' : 'WHERE uid = ?1';
  return journal
    .query(
      // Each part goes through a table or an index in its own order: together in one they would have to be sorted.
      `SELECT * FROM
        (SELECT app, sum(connections) AS connections, sum(refused) AS refused, sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in
         FROM app_days ${own} GROUP BY app)
       JOIN (SELECT app, min(first) AS first, max(last) AS last FROM app_names ${own} GROUP BY app) USING (app)
       JOIN (SELECT app, count(DISTINCT name) AS destinations FROM app_names ${own} GROUP BY app) USING (app)
       JOIN (SELECT app, group_concat(nullif(uid, ${nobody})) AS users
         FROM (SELECT DISTINCT app, uid FROM app_days ${own}) GROUP BY app) USING (app)
       ORDER BY last DESC LIMIT 10000`,
      ...(uid === undefined ? [] : [uid]),
    )
    .map((row) => ({
      app: String(row.app),
      connections: Number(row.connections),
      refused: Number(row.refused),
      first: Number(row.first),
      last: Number(row.last),
      destinations: Number(row.destinations),
      users: row.users === null ? [] : String(row.users).split(',').map(Number),
      bytesOut: row.bytes_out === null ? null : Number(row.bytes_out),
      bytesIn: row.bytes_in === null ? null : Number(row.bytes_in),
    }));
}

/** How often this app spoke to this address and port before. */
export function timesBefore(journal: Journal, app: string, address: string, port: number): number {
  const [row] = journal.query(
    'SELECT count(*) AS times FROM connections WHERE app = ? AND address = ? AND port = ?',
    app,
    address,
    port,
  );
  return Number(row?.times ?? 0);
}

export interface Hits {
  readonly hits: number;
  readonly lastHit: number;
}

export function readHits(journal: Journal): ReadonlyMap<string, Hits> {
  journal.flush();
  return new Map(
    journal
      .query('SELECT rule, hits, last_hit FROM hits')
      .map((row) => [String(row.rule), { hits: Number(row.hits), lastHit: Number(row.last_hit) }]),
  );
}
