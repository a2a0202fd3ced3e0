// The journal: one row a connection, one row an event, hits of rules. It can fail in every way without touching anything else.
import { existsSync, statSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { appOf } from '#attribution/app.ts';
import type { Connection } from '#model/connection.ts';
import { type Process, pathOfProgram } from '#model/process.ts';
import { servicePort } from '#model/query/fields.ts';
import { retainTallies, standing, tally } from './apps/tally.ts';
import { isBroken, isFull, openDatabase, setAside } from './database.ts';
import { Shares } from './shares.ts';

export interface JournalOptions {
  readonly file: string;
  /** Rows older than this leave. */
  readonly maxAgeMs: number;
  /** Bytes of the file beyond which rows leave: the oldest of whoever has the most. */
  readonly maxBytes: number;
  readonly now: () => number;
  /** A sentence that a person should read. */
  onNotice(text: string): void;
  /** Connections of these places left; undefined: all of them, with their file. */
  onGone?(sequences: readonly number[] | undefined): void;
}

export interface JournalEvent {
  readonly sequence: number;
  readonly time: number;
  readonly type: string;
  readonly data: unknown;
}

/** A connection with the place it has in the journal; a change of it takes a new place. */
export interface JournalRow {
  readonly sequence: number;
  readonly connection: Connection;
}

type Write = (database: DatabaseSync) => void;

const gatherMs = 200;
const gatherRows = 500;
/** Writes kept while the disk is full; beyond, they are lost and counted. */
const maxWaiting = 20_000;
const retentionMs = 60_000;
const talliesMs = 3_600_000;
/** Rows removed at once, so that nobody waits for retention; while there are more, the next go soon. */
const retentionRows = 2000;
const retentionAgainMs = 50;
/** Retention begins above the bound and goes on down to this share of it: rows are counted once for many that come. */
const retainedShare = 0.95;

export class Journal {
  readonly #options: JournalOptions;
  #bounds: Pick<JournalOptions, 'maxAgeMs' | 'maxBytes'>;
  #database: DatabaseSync | undefined;
  #sequence = 0;
  #waiting: Write[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #retention: NodeJS.Timeout;
  #retainSoon: NodeJS.Timeout | undefined;
  /** When what is kept of apps is looked through next. */
  #retainTallies = 0;
  #complained = false;
  /** While retention goes on. */
  #shares: Shares | undefined;
  #statements = new Map<string, StatementSync>();
  /** Writes that are lost for good. */
  lost = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#bounds = options;
    this.#open();
    this.#retention = setInterval(() => this.retain(), retentionMs).unref();
  }

  #open(): void {
    const { file, now, onNotice } = this.#options;
    this.#statements = new Map();
    try {
      this.#database = openDatabase(file);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (isFull(error)) {
        this.#complain(
          `The journal ${file} cannot be opened (${why}); Postern goes on without it until there is room.`,
        );
        return;
      }
      let aside: string;
      try {
        aside = setAside(file, now());
        this.#database = openDatabase(file);
      } catch (second) {
        const again = second instanceof Error ? second.message : String(second);
        this.#complain(`No journal can be kept in ${file} (${again}); Postern goes on without it until it can.`);
        return;
      }
      onNotice(
        `The journal ${file} could not be read (${why}). It was set aside as ${aside}, and a new one was begun.`,
      );
    }
    this.#sequence = Math.max(this.#sequence, this.#lastSequence());
  }

  /** Says once that nothing can be written, until it can again: what is said becomes a row that waits too. */
  #complain(text: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#options.onNotice(text);
  }

  #lastSequence(): number {
    const row = this.query(
      'SELECT max(coalesce((SELECT max(sequence) FROM connections), 0), coalesce((SELECT max(sequence) FROM events), 0)) AS last',
    )[0];
    return Number(row?.last ?? 0);
  }

  /** The place of the newest row, also of those not written yet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Puts a connection in, or in the place of its earlier state. */
  connection(connection: Connection): JournalRow {
    const sequence = ++this.#sequence;
    const { attempt } = connection;
    const app = appOf(attempt.process as Process | undefined).title;
    const values: SQLInputValue[] = [
      connection.id,
      sequence,
      connection.time,
      connection.lastTime,
      app,
      attempt.process?.uid ?? null,
      attempt.flow.direction ?? 'out',
      attempt.flow.protocol,
      attempt.flow.remote.address,
      attempt.flow.remote.port ?? 0,
      connection.action,
      connection.enforced ? 1 : 0,
      connection.rule,
      JSON.stringify(connection),
      connection.end?.bytesOut ?? null,
      connection.end?.bytesIn ?? null,
      (attempt.process && pathOfProgram(attempt.process)) ?? null,
      attempt.names?.[0]?.name ?? null,
      connection.country ?? null,
      connection.as ?? null,
      connection.reason,
      servicePort(attempt),
      connection.own === true ? 1 : 0,
    ];
    const prepare = (sql: string) => this.#prepare(sql);
    this.#write(() => {
      tally(prepare, app, connection, standing(prepare, connection.id));
      this.#prepare(
        'INSERT OR REPLACE INTO connections (id, sequence, time, last_time, app, uid, direction, protocol, address, port, action, enforced, rule, record, bytes_out, bytes_in, path, name, country, network, reason, service, own) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ).run(...values);
    });
    return { sequence, connection };
  }

  event(type: string, data: unknown): JournalEvent {
    const event = { sequence: ++this.#sequence, time: this.#options.now(), type, data };
    this.#write(() => {
      this.#prepare('INSERT INTO events (sequence, time, type, data) VALUES (?, ?, ?, ?)').run(
        event.sequence,
        event.time,
        type,
        JSON.stringify(data),
      );
    });
    return event;
  }

  /** A change of what is kept of apps. */
  write(sql: string, ...values: SQLInputValue[]): void {
    this.#write(() => {
      this.#prepare(sql).run(...values);
    });
  }

  hit(rule: string, hits: number, lastHit: number): void {
    this.#write(() => {
      this.#prepare(
        'INSERT INTO hits (rule, hits, last_hit) VALUES (?, ?, ?) ON CONFLICT (rule) DO UPDATE SET hits = hits + excluded.hits, last_hit = max(last_hit, excluded.last_hit)',
      ).run(rule, hits, lastHit);
    });
  }

  /** Forgets the hits of all other rules: a new rule of an old name begins at nothing. */
  keepHits(rules: ReadonlySet<string>): void {
    const names = JSON.stringify([...rules]);
    this.#write(() => {
      this.#prepare('DELETE FROM hits WHERE rule NOT IN (SELECT value FROM json_each(?))').run(names);
    });
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = (this.#database as DatabaseSync).prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #write(write: Write): void {
    if (this.#waiting.length >= maxWaiting) {
      this.lost += 1;
      return;
    }
    this.#waiting.push(write);
    if (this.#waiting.length >= gatherRows && !this.#complained) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), gatherMs);
  }

  /** Writes what was gathered, in one transaction. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    // Whoever deletes it to make room gets that room when it is closed.
    if (this.#complained) this.#beginAgainIfRemoved();
    if (this.#database === undefined) this.#open();
    if (this.#database === undefined) {
      this.#later();
      return;
    }
    const writes = this.#waiting;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const write of writes) write(this.#database);
      this.#database.exec('COMMIT');
      this.#waiting = [];
      this.#complained = false;
      if (this.#bytes() > this.#bounds.maxBytes) this.#retainAgain();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A full disk is waited for; a broken file is set aside and what was gathered goes into the new one. */
  #failed(error: unknown): void {
    const { file, now, onNotice } = this.#options;
    const why = error instanceof Error ? error.message : String(error);
    try {
      this.#database?.exec('ROLLBACK');
    } catch {
      // There is no transaction any more.
    }
    if (isBroken(error)) {
      this.#close();
      try {
        const aside = setAside(file, now());
        this.#open();
        onNotice(`The journal ${file} is broken (${why}). It was set aside as ${aside}, and a new one was begun.`);
      } catch (second) {
        const again = second instanceof Error ? second.message : String(second);
        this.#complain(`The journal ${file} is broken (${why}) and cannot be set aside (${again}).`);
      }
    } else {
      this.#complain(`The journal ${file} cannot be written (${why}); up to ${maxWaiting} rows wait until it can.`);
    }
    this.#later();
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.flush(), 5000).unref();
  }

  /** Rows of a read; none, and a notice, when the file cannot be read. */
  query(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    if (this.#database === undefined) return [];
    try {
      return this.#prepare(sql).all(...values) as Record<string, unknown>[];
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  /** Other bounds from now on. */
  keep(bounds: Pick<JournalOptions, 'maxAgeMs' | 'maxBytes'>): void {
    this.#bounds = bounds;
    this.#retainAgain();
  }

  /** Removes a bounded number of rows that are too old or too many; called every minute, and again while there are more. */
  retain(): void {
    this.#beginAgainIfRemoved();
    this.flush();
    if (this.#database === undefined) return;
    const { now } = this.#options;
    const { maxAgeMs, maxBytes } = this.#bounds;
    try {
      const oldest = now() - maxAgeMs;
      let more = false;
      for (const table of ['connections', 'events'] as const) {
        const key = table === 'connections' ? 'id' : 'sequence';
        const gone = this.#prepare(
          `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE time < ? ORDER BY time LIMIT ?) RETURNING sequence`,
        ).all(oldest, retentionRows);
        if (table === 'connections') this.#tellGone(gone);
        if (gone.length === retentionRows) more = true;
      }
      if (now() >= this.#retainTallies) {
        this.#retainTallies = now() + talliesMs;
        retainTallies((sql) => this.#prepare(sql), oldest);
      }
      if (this.#bytes() > maxBytes * (this.#shares === undefined ? 1 : retainedShare)) {
        this.#shares ??= new Shares();
        const { removed, connections } = this.#shares.shrink(this.#database, retentionRows);
        this.#tellGone(connections);
        if (removed > 0) more = true;
      } else this.#shares = undefined;
      this.#database.exec('PRAGMA incremental_vacuum(2000)');
      if (more) this.#retainAgain();
      // Only then does the disk have it back.
      else this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      this.#failed(error);
    }
  }

  #tellGone(rows: readonly Record<string, unknown>[]): void {
    if (rows.length > 0) this.#options.onGone?.(rows.map(({ sequence }) => Number(sequence)));
  }

  #retainAgain(): void {
    this.#retainSoon ??= setTimeout(() => {
      this.#retainSoon = undefined;
      this.retain();
    }, retentionAgainMs).unref();
  }

  /** Somebody deleted the file: what is written to it now would be lost with its last handle. */
  #beginAgainIfRemoved(): void {
    const { file, onNotice } = this.#options;
    if (this.#database === undefined || existsSync(file)) return;
    this.#close();
    this.#open();
    if (this.#database !== undefined) onNotice(`The journal ${file} was removed, and a new one was begun.`);
  }

  /** Bytes in use: what retention freed but SQLite has not yet given back does not count. */
  #bytes(): number {
    const pragma = (name: string) => Number(Object.values(this.query(`PRAGMA ${name}`)[0] ?? { value: 0 })[0]);
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  /** Bytes of the file on disk; 0 when there is none. */
  fileBytes(): number {
    try {
      return statSync(this.#options.file).size;
    } catch {
      return 0;
    }
  }

  #close(): void {
    this.#shares = undefined;
    this.#statements = new Map();
    try {
      this.#database?.close();
    } catch {
      // Broken as it is, it is left.
    }
    this.#database = undefined;
    this.#options.onGone?.(undefined);
  }

  close(): void {
    clearInterval(this.#retention);
    clearTimeout(this.#retainSoon);
    this.flush();
    clearTimeout(this.#timer);
    this.#close();
  }
}
