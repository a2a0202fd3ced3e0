// Sums up connections by app while they are written, each once, however often it is told of.
import type { StatementSync } from 'node:sqlite';
import type { Connection } from '#model/connection.ts';
import { pathOfProgram } from '#model/process.ts';
import { nobody } from './tables.ts';

type Prepare = (sql: string) => StatementSync;

/** Rows of one user at most, the oldest leaving first, so that nobody pushes out what others did. */
const maxNames = 20_000;
const maxFiles = 5000;
const maxDays = 20_000;

const day = "date(? / 1000, 'unixepoch', 'localtime')";

/** Which file it ran: another one at the same path is another. */
export function fileKey(process: NonNullable<Connection['attempt']['process']>): string {
  const { script, exe, image, sha256 } = process;
  const { device, inode, ctime } = image?.identity ?? {};
  const version = image === undefined ? (sha256 ?? '') : `${device}:${inode}:${ctime}`;
  return [script ?? '', exe ?? image?.path ?? '', version].join('\n');
}

/** What stands in the journal of this connection; undefined where it is new. */
export function standing(prepare: Prepare, id: string): Standing | undefined {
  return prepare('SELECT action, bytes_out, bytes_in FROM connections WHERE id = ?').get(id) as Standing | undefined;
}

interface Standing {
  readonly action: string;
  readonly bytes_out: number | null;
  readonly bytes_in: number | null;
}

const isRefusal = (action: string | undefined) => (action === 'reject' || action === 'drop' ? 1 : 0);

/** To be called in the transaction that writes the connection; `before` as it stood until then. */
export function tally(prepare: Prepare, app: string, connection: Connection, before: Standing | undefined): void {
  const { attempt, time, lastTime, action, end } = connection;
  const uid = attempt.process?.uid ?? nobody;
  const isNew = before === undefined ? 1 : 0;
  const refused = isRefusal(action) - isRefusal(before?.action);
  const [out, into] = [end?.bytesOut ?? null, end?.bytesIn ?? null];
  const bytesOut = out === null ? null : out - (before?.bytes_out ?? 0);
  const bytesIn = into === null ? null : into - (before?.bytes_in ?? 0);
  if (isNew === 1 || refused !== 0 || (bytesOut ?? 0) !== 0 || (bytesIn ?? 0) !== 0) {
    const ended = isNew === 1 ? time : (end?.time ?? lastTime);
    prepare(
      `INSERT INTO app_days VALUES (?, ?, ${day}, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        connections = connections + excluded.connections, refused = refused + excluded.refused,
        bytes_out = CASE WHEN excluded.bytes_out IS NULL THEN bytes_out ELSE coalesce(bytes_out, 0) + excluded.bytes_out END,
        bytes_in = CASE WHEN excluded.bytes_in IS NULL THEN bytes_in ELSE coalesce(bytes_in, 0) + excluded.bytes_in END`,
    ).run(app, uid, ended, isNew, refused, bytesOut, bytesIn);
  }
  const name = attempt.names?.[0]?.name ?? attempt.flow.remote.address;
  if (isNew === 1 || refused !== 0) {
    prepare(
      `INSERT INTO app_names VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        last = max(last, excluded.last), connections = connections + excluded.connections,
        refused = refused + excluded.refused, last_refused = nullif(max(coalesce(last_refused, 0), coalesce(excluded.last_refused, 0)), 0)`,
    ).run(
      ...[app, uid, name, attempt.flow.direction ?? 'out', time, lastTime],
      ...[isNew, refused, isRefusal(action) === 1 ? lastTime : null],
    );
  }
  const { process } = attempt;
  if (isNew === 0 || process === undefined || process.kernel === true || pathOfProgram(process) === undefined) return;
  prepare(
    `INSERT INTO app_files VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      last = max(last, excluded.last), connections = connections + 1, process = excluded.process,
      sha256 = coalesce(excluded.sha256, sha256), package = coalesce(excluded.package, package),
      package_version = coalesce(excluded.package_version, package_version)`,
  ).run(
    ...[app, uid, fileKey(process), time, lastTime, process.sha256 ?? null],
    ...[process.package ?? null, process.packageVersion ?? null, JSON.stringify(process)],
  );
}

/** Rows older than this leave, and of each user what is too many. */
export function retainTallies(prepare: Prepare, oldest: number): void {
  prepare('DELETE FROM app_files WHERE last < ?').run(oldest);
  prepare('DELETE FROM app_names WHERE last < ?').run(oldest);
  prepare(`DELETE FROM app_days WHERE day < ${day}`).run(oldest);
  prepare(
    `DELETE FROM app_files WHERE (app, uid, file) IN (SELECT app, uid, file FROM
      (SELECT app, uid, file, row_number() OVER (PARTITION BY uid ORDER BY last DESC) AS place FROM app_files) WHERE place > ?)`,
  ).run(maxFiles);
  prepare(
    `DELETE FROM app_names WHERE (app, uid, name, direction) IN (SELECT app, uid, name, direction FROM
      (SELECT app, uid, name, direction, row_number() OVER (PARTITION BY uid ORDER BY last DESC) AS place FROM app_names)
      WHERE place > ?)`,
  ).run(maxNames);
  prepare(
    `DELETE FROM app_days WHERE (app, uid, day) IN (SELECT app, uid, day FROM
      (SELECT app, uid, day, row_number() OVER (PARTITION BY uid ORDER BY day DESC) AS place FROM app_days) WHERE place > ?)`,
  ).run(maxDays);
}
