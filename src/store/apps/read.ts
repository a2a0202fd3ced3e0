// What is known of one app: its files, whom it spoke to, and its days.
import type { Connection } from '#model/connection.ts';
import type { Journal } from '../journal.ts';
import { nobody } from './tables.ts';
import { fileKey } from './tally.ts';

type RecordedProcess = NonNullable<Connection['attempt']['process']>;

export interface AppFile {
  readonly uid: number | null;
  readonly first: number;
  readonly last: number;
  readonly connections: number;
  readonly sha256: string | null;
  readonly package: string | null;
  readonly packageVersion: string | null;
  /** As it ran last. */
  readonly process: RecordedProcess;
}

export interface AppName {
  readonly name: string;
  readonly direction: string;
  readonly first: number;
  readonly last: number;
  readonly connections: number;
  readonly refused: number;
  readonly lastRefused: number | null;
}

export interface AppDay {
  /** `2026-11-26`, by this machine's clock. */
  readonly day: string;
  readonly connections: number;
  readonly refused: number;
  /** Null where none was counted. */
  readonly bytesOut: number | null;
  readonly bytesIn: number | null;
}

const numberOrNull = (value: unknown) => (value === null ? null : Number(value));
const textOrNull = (value: unknown) => (value === null ? null : String(value));

/** Only what one user did, where `uid` says whom. */
const ofUser = (uid: number | undefined) => (uid === undefined ? '' : ` AND uid = ${Math.trunc(uid)}`);

export function readAppFiles(journal: Journal, app: string, uid: number | undefined, limit: number): AppFile[] {
  journal.flush();
  return journal
    .query(`SELECT * FROM app_files WHERE app = ?${ofUser(uid)} ORDER BY last DESC LIMIT ?`, app, limit)
    .map((row) => ({
      uid: row.uid === nobody ? null : Number(row.uid),
      first: Number(row.first),
      last: Number(row.last),
      connections: Number(row.connections),
      sha256: textOrNull(row.sha256),
      package: textOrNull(row.package),
      packageVersion: textOrNull(row.package_version),
      process: JSON.parse(String(row.process)) as RecordedProcess,
    }));
}

/** The last ones first; `total` is how many there are. */
export function readAppNames(
  journal: Journal,
  app: string,
  uid: number | undefined,
  limit: number,
): { readonly names: AppName[]; readonly total: number } {
  journal.flush();
  const names = journal
    .query(
      `SELECT name, direction, min(first) AS first, max(last) AS last, sum(connections) AS connections, sum(refused) AS refused,
        max(last_refused) AS last_refused, count(*) OVER () AS total
       FROM app_names WHERE app = ?${ofUser(uid)} GROUP BY name, direction ORDER BY last DESC LIMIT ?`,
      app,
      limit,
    )
    .map((row) => ({
      name: String(row.name),
      direction: String(row.direction),
      first: Number(row.first),
      last: Number(row.last),
      connections: Number(row.connections),
      refused: Number(row.refused),
      lastRefused: numberOrNull(row.last_refused),
      total: Number(row.total),
    }));
  return { names: names.map(({ total: _, ...name }) => name), total: names[0]?.total ?? 0 };
}

/** The last days that it was seen on, the oldest first. */
export function readAppDays(journal: Journal, app: string, uid: number | undefined, limit: number): AppDay[] {
  journal.flush();
  return journal
    .query(
      `SELECT day, sum(connections) AS connections, sum(refused) AS refused, sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in
       FROM app_days WHERE app = ?${ofUser(uid)} GROUP BY day ORDER BY day DESC LIMIT ?`,
      app,
      limit,
    )
    .map((row) => ({
      day: String(row.day),
      connections: Number(row.connections),
      refused: Number(row.refused),
      bytesOut: numberOrNull(row.bytes_out),
      bytesIn: numberOrNull(row.bytes_in),
    }))
    .reverse();
}

/** What was found out about a file after it was seen. */
export function learnFile(
  journal: Journal,
  app: string,
  process: RecordedProcess,
  { sha256, package: name, packageVersion }: Pick<RecordedProcess, 'sha256' | 'package' | 'packageVersion'>,
): void {
  journal.write(
    `UPDATE app_files SET sha256 = coalesce(?, sha256), package = coalesce(?, package), package_version = coalesce(?, package_version)
     WHERE app = ? AND uid = ? AND file = ?`,
    ...[sha256 ?? null, name ?? null, packageVersion ?? null],
    ...[app, process.uid ?? nobody, fileKey(process)],
  );
}
