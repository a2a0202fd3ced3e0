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
  // What queries ask for; the index has all of it, so that the columns are filled without reading a record. Rows lie in the order
  // in which they were written: by their ids, a record of more than 1 kB took a page of its own and the tree was half empty.
  `
  CREATE TABLE kept (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    app TEXT NOT NULL,
    path TEXT,
    uid INTEGER,
    direction TEXT NOT NULL,
    protocol TEXT NOT NULL,
    name TEXT,
    address TEXT NOT NULL,
    port INTEGER NOT NULL,
    service INTEGER NOT NULL,
    country TEXT,
    network INTEGER,
    action TEXT NOT NULL,
    enforced INTEGER NOT NULL,
    rule TEXT,
    reason TEXT NOT NULL,
    own INTEGER NOT NULL,
    bytes_out INTEGER,
    bytes_in INTEGER,
    record TEXT NOT NULL
  );
  INSERT INTO kept SELECT sequence, id, time, last_time, app,
    coalesce(record ->> '$.attempt.process.script', record ->> '$.attempt.process.exe',
             record ->> '$.attempt.process.image.path'),
    uid, direction, protocol, record ->> '$.attempt.names[0].name', address, port,
    CASE direction WHEN 'in' THEN coalesce(record ->> '$.attempt.flow.local.port', 0) ELSE port END,
    record ->> '$.country', record ->> '$.as', action, enforced, rule, coalesce(record ->> '$.reason', 'mode'), 0,
    bytes_out, bytes_in, record FROM connections ORDER BY sequence;
  DROP TABLE connections;
  ALTER TABLE kept RENAME TO connections;
  CREATE INDEX connections_by_time ON connections (time);
  CREATE INDEX connections_by_app ON connections
    (app, address, port, uid, action, time, last_time, bytes_out, bytes_in);
  CREATE INDEX connections_by_action ON connections (action, time);
  CREATE INDEX connections_by_uid ON connections (uid, sequence);
  CREATE INDEX connections_asked ON connections
    (sequence, id, time, app, path, uid, name, address, service, protocol, direction, country, network, rule, reason, action,
     enforced, own, bytes_out, bytes_in);
  `,
  appTables,
  // Names of an app, whoever of its users spoke to them: counted without sorting.
  'CREATE INDEX app_names_by_name ON app_names (app, name);',
];
