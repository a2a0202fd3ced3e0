// What the journal has of a time of learning: connections that agree are one, with how often they were.
import type { AttemptJson } from '#model/attempt.ts';
import type { Connection } from '#model/connection.ts';
import type { Journal } from './journal.ts';

export interface LearnedGroup {
  readonly attempt: AttemptJson;
  readonly times: number;
  readonly first: number;
  readonly last: number;
}

export interface Learned {
  readonly groups: readonly LearnedGroup[];
  readonly connections: number;
  /** Older rows that were not looked at. */
  readonly leftOut: number;
}

export interface LearnedQuery {
  readonly since: number;
  readonly until: number;
  /** Those that this rule decided; null: those that were not allowed. */
  readonly rule: string | null;
  /** What of the process must agree in a group beside what says which program it is. */
  readonly agree?: readonly ProcessField[] | undefined;
}

type ProcessField = keyof NonNullable<AttemptJson['process']>;

/** Programs of one name may be several, and the same one in another unit or container is another to a rule. */
const identity = ['exe', 'script', 'unit', 'container', 'flatpak', 'snap', 'appimage'] as const;

/** Rows looked at, the newest ones: what is asked of them takes half a second then. */
const maxRows = 100_000;

export function readLearned(journal: Journal, { since, until, rule, agree = [] }: LearnedQuery): Learned {
  journal.flush();
  const paths = [...new Set([...identity, ...agree])].map((field) => `'$.attempt.process.${field}'`);
  const chosen = rule === null ? "action <> 'allow'" : 'rule = ?3';
  const values = rule === null ? [since, until] : [since, until, rule];
  const [counted] = journal.query(
    `SELECT count(*) AS rows FROM connections WHERE time BETWEEN ?1 AND ?2 AND ${chosen}`,
    ...values,
  );
  const rows = Number(counted?.rows ?? 0);
  // Of each group the row with the greatest place: so SQLite has it with max().
  const groups = journal.query(
    `SELECT record, count(*) AS times, min(time) AS first, max(last_time) AS last, max(sequence)
     FROM (SELECT * FROM connections WHERE time BETWEEN ?1 AND ?2 AND ${chosen} ORDER BY time DESC LIMIT ${maxRows})
     GROUP BY app, uid, direction, protocol, address, service, name,
              json_extract(record, '$.attempt.flow.icmp.type', '$.attempt.names[#-1].name', ${paths.join(', ')})`,
    ...values,
  );
  return {
    groups: groups.map((row) => ({
      attempt: (JSON.parse(String(row.record)) as Connection).attempt,
      times: Number(row.times),
      first: Number(row.first),
      last: Number(row.last),
    })),
    connections: Math.min(rows, maxRows),
    leftOut: Math.max(0, rows - maxRows),
  };
}
