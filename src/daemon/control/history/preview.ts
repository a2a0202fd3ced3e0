// What a rule would have done: the policy decides the attempts that the journal has, and nothing imitates it.
import type { DatabaseSync } from 'node:sqlite';
import { attemptFromJson } from '#model/attempt.ts';
import type { Connection } from '#model/connection.ts';
import { servicePort } from '#model/query/fields.ts';
import type { RulePreview } from '#model/query/history.ts';
import { destinationName, programName } from '#model/sentence.ts';
import { compilePolicy, judgingGuests, type Policy } from '#policy/index.ts';
import type { Places } from '#policy/match/places.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Asks, Trial } from './messages.ts';

/** What is not looked at in this time, or is more than so many, is left out, and that is said. */
export const previewMs = 1500;
export const previewRows = 200_000;
const sliceRows = 200;
const dayMs = 86_400_000;
const groupsShown = 10;
const groupsKept = 10_000;

type Change = RulePreview['changes'][number];
type Group = RulePreview['groups'][number];

/** The rules that are tried alone, which says whose conditions hold; and with all others, which says who decides. */
function compileTrial({ tried, records, disabled, accounts, aliases, mode }: Trial, places: Places) {
  const context = { revision: 0, accounts, aliases, places };
  const alone = compilePolicy(tried, { ...context, mode: 'observe' });
  const wrong = alone.problems.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) return fail(wrong.message);
  const all = judgingGuests(compilePolicy([...records, ...tried], { ...context, mode, disabled }).policy);
  return ok({ alone: judgingGuests(alone.policy), all });
}

const matches = (policy: Policy, ...of: Parameters<Policy['decide']>): boolean => {
  const { rule, logged } = policy.decide(...of);
  return rule !== null || logged.length > 0;
};

export interface PreviewBounds {
  readonly ms: number;
  readonly rows: number;
}

/** Goes through the journal from the newest, in slices between which others are served; `cancelled` ends it. */
export async function previewRules(
  database: DatabaseSync,
  { trial, days, now, uid }: Asks['preview']['ask'],
  places: Places,
  pause: () => Promise<void>,
  cancelled: () => boolean,
  bounds: PreviewBounds = { ms: previewMs, rows: previewRows },
): Promise<Result<RulePreview>> {
  const compiled = compileTrial(trial, places);
  if (!compiled.ok) return compiled;
  const { alone, all } = compiled.value;
  const names = new Set(trial.tried.map(({ rule }) => rule.name));
  const began = performance.now();
  const slice = database.prepare(
    `SELECT sequence, time, record FROM connections WHERE sequence < ? AND time >= ? ${uid === undefined ? '' : 'AND uid = ?'} ORDER BY sequence DESC LIMIT ?`,
  );
  const changes = new Map<string, Change>();
  const groups = new Map<string, Group>();
  let [looked, matched, decided] = [0, 0, 0];
  let before = Number.MAX_SAFE_INTEGER;
  let stoppedAt: number | null = null;

  const look = (connection: Connection): void => {
    const attempt = attemptFromJson(connection.attempt);
    // At the time of the connection, but for the lifetimes of rules, which are those of now.
    if (!matches(alone, attempt, now)) return;
    matched += 1;
    const decision = all.decide(attempt, now);
    const app = programName(connection.attempt);
    const { direction } = attempt.flow;
    const destination =
      direction === 'in'
        ? `port ${servicePort(connection.attempt)}/${attempt.flow.protocol}`
        : destinationName(connection.attempt);
    count<Omit<Group, 'connections'>>(groups, JSON.stringify([app, destination, direction]), {
      app,
      destination,
      direction,
    });
    if (decision.rule === null || !names.has(decision.rule)) return;
    decided += 1;
    const [was, would] = [connection.action, decision.action];
    if (was !== would) count(changes, `${was} ${would}`, { was, would });
  };

  for (;;) {
    const values =
      uid === undefined ? [before, now - days * dayMs, sliceRows] : [before, now - days * dayMs, uid, sliceRows];
    const rows = slice.all(...values);
    for (const { record } of rows) look(JSON.parse(String(record)) as Connection);
    looked += rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < sliceRows) break;
    before = Number(last.sequence);
    if (performance.now() - began > bounds.ms || looked >= bounds.rows) {
      stoppedAt = Number(last.time);
      break;
    }
    await pause();
    if (cancelled()) return fail('nobody waits for it any more');
  }
  const byNumber = (a: { connections: number }, b: { connections: number }) => b.connections - a.connections;
  return ok({
    ...{ days, looked, stoppedAt, matched, decided },
    changes: [...changes.values()].sort(byNumber),
    groups: [...groups.values()].sort(byNumber).slice(0, groupsShown),
  });
}

function count<T extends object>(counts: Map<string, T & { connections: number }>, key: string, what: T): void {
  const known = counts.get(key);
  if (known !== undefined) known.connections += 1;
  // The first ones are the newest.
  else if (counts.size < groupsKept) counts.set(key, { ...what, connections: 1 });
}
