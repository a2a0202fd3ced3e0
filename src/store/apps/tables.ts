// What is kept of each app beside its connections: its files, whom it spoke to, and its days. It outlives the rows that it was
// summed up from when these leave for want of room, and is a page's answer without reading them.

/** A user that is not known. */
export const nobody = -1;

/**
 * A step of the journal's migrations: once released it is never changed. Days are those of this machine's time zone. What
 * stands in records takes long to read: files are summed up of the newest rows alone.
 */
export const appTables = `
  CREATE TABLE app_files (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    file TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    sha256 TEXT,
    package TEXT,
    package_version TEXT,
    process TEXT NOT NULL,
    PRIMARY KEY (app, uid, file)
  ) WITHOUT ROWID;
  CREATE TABLE app_names (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    direction TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    last_refused INTEGER,
    PRIMARY KEY (app, uid, name, direction)
  ) WITHOUT ROWID;
  CREATE TABLE app_days (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    day TEXT NOT NULL,
    connections INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    bytes_out INTEGER,
    bytes_in INTEGER,
    PRIMARY KEY (app, uid, day)
  ) WITHOUT ROWID;
  INSERT INTO app_files
    SELECT app, coalesce(uid, ${nobody}),
      coalesce(record ->> '$.attempt.process.script', '') || char(10) ||
        coalesce(record ->> '$.attempt.process.exe', record ->> '$.attempt.process.image.path', '') || char(10) ||
        coalesce(record ->> '$.attempt.process.image.identity.device' || ':' || (record ->> '$.attempt.process.image.identity.inode') || ':' ||
          (record ->> '$.attempt.process.image.identity.ctime'), record ->> '$.attempt.process.sha256', ''),
      min(time), max(time), count(*),
      max(record ->> '$.attempt.process.sha256'), max(record ->> '$.attempt.process.package'), max(record ->> '$.attempt.process.packageVersion'),
      record -> '$.attempt.process'
    FROM connections
    WHERE sequence > (SELECT max(sequence) FROM connections) - 30000 AND record -> '$.attempt.process' IS NOT NULL
    GROUP BY 1, 2, 3;
  INSERT INTO app_names
    SELECT app, coalesce(uid, ${nobody}), coalesce(record ->> '$.attempt.names[0].name', address), direction,
      min(time), max(time), count(*), sum(action IN ('reject', 'drop')), max(CASE WHEN action IN ('reject', 'drop') THEN time END)
    FROM connections GROUP BY 1, 2, 3, 4;
  INSERT INTO app_days
    SELECT app, coalesce(uid, ${nobody}), date(time / 1000, 'unixepoch', 'localtime'),
      count(*), sum(action IN ('reject', 'drop')), sum(bytes_out), sum(bytes_in)
    FROM connections GROUP BY 1, 2, 3;
`;
