// The journal's tables, as numbered steps: a file of an older version takes the steps it lacks.
import { appTables } from './apps/tables.ts';

/** Step n brings a file from user_version n to n + 1; a step once released is never changed. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    app TEXT NOT NULL,
    uid INTEGER,
    direction TEXT NOT NULL,
    protocol TEXT NOT NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL,
    action TEXT NOT NULL,
    enforced INTEGER NOT NULL,
    rule TEXT,
    record TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX connections_by_sequence ON connections (sequence);
  CREATE INDEX connections_by_time ON connections (time);
  CREATE INDEX connections_by_app ON connections (app, address, port);
  CREATE INDEX connections_by_action ON connections (action, time);
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL
  );
  CREATE INDEX events_by_time ON events (time);
  CREATE TABLE hits (
    rule TEXT PRIMARY KEY,
    hits INTEGER NOT NULL,
    last_hit INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  // For what one user may see, in its order, and for retention, which takes from the user with the most rows.
  'CREATE INDEX connections_by_uid ON connections (uid, sequence);',
  // Null where nothing was counted. The index has all that is asked about apps, so that their sums read no record.
  `
  ALTER TABLE connections ADD COLUMN bytes_out INTEGER;
  ALTER TABLE connections ADD COLUMN bytes_in INTEGER;
  DROP INDEX connections_by_app;
  CREATE INDEX connections_by_app ON connections
    (app, address, port, uid, action, time, last_time, bytes_out, bytes_in);
  `,
  appTables,
];
