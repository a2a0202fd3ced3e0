// What the journal answers about apps and their totals, also from a file of an earlier version.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { type Connection, type ConnectionEnd, connectionSchema } from '#model/connection.ts';
import { readApps, readLog, timesBefore } from './history.ts';
import { Journal } from './journal.ts';
import { migrations } from './migrations.ts';

const now = 1_700_000_000_000;
const end: ConnectionEnd = { time: now + 900, bytesOut: 12_400, bytesIn: 3000, packetsOut: 12, packetsIn: 9 };

let folder = '';
let file = '';
let notices: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-journal-'));
  file = join(folder, 'journal.db');
  notices = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function withJournal(use: (journal: Journal) => void): void {
  const journal = new Journal({
    file,
    maxAgeMs: 1e12,
    maxBytes: 1e9,
    now: () => now,
    onNotice: (text) => notices.push(text),
  });
  try {
    use(journal);
  } finally {
    journal.close();
  }
  assert.deepEqual(notices, []);
}

function connection(id: number, more: Partial<Connection> & { readonly exe?: string; readonly uid?: number } = {}) {
  const { exe = '/usr/bin/curl', uid = 1000, ...rest } = more;
  return connectionSchema.parse({
    ...{ id: `k0-${id}`, time: now + id, lastTime: now + id, action: 'allow', enforced: true, rule: 'web' },
    ...{ reason: 'rule', revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0 },
    attempt: { process: { exe, uid }, flow: { protocol: 'tcp', remote: { address: '192.0.2.1', port: 80 } } },
    ...rest,
  });
}

suite('the totals of an app', () => {
  const totals = (journal: Journal, uid?: number) =>
    readApps(journal, uid).map(({ app, connections, bytesOut, bytesIn }) => [app, connections, bytesOut, bytesIn]);

  test('are those of its connections that have ended', () => {
    withJournal((journal) => {
      journal.connection(connection(1, { end }));
      journal.connection(connection(2, { end: { ...end, bytesOut: 600, bytesIn: 0 } }));
      journal.connection(connection(3));
      assert.deepEqual(totals(journal), [['curl', 3, 13_000, 3000]]);
    });
  });

  test('name each of its destinations and users once, and to a user only their own', () => {
    const to = (id: number, uid: number, name: string, direction: 'out' | 'in' = 'out') =>
      connection(id, {
        uid,
        attempt: {
          process: { exe: '/usr/bin/curl', uid },
          flow: { protocol: 'tcp', direction, remote: { address: '192.0.2.1', port: 80 } },
          names: [{ name, from: 'dns' }],
        },
      });
    withJournal((journal) => {
      journal.connection(to(1, 1000, 'a.example'));
      journal.connection(to(2, 1001, 'a.example'));
      journal.connection(to(3, 1001, 'b.example'));
      journal.connection(to(4, 1000, 'a.example', 'in'));
      const seen = (uid?: number) =>
        readApps(journal, uid).map(({ destinations, users, first, last }) => [
          destinations,
          users,
          first - now,
          last - now,
        ]);
      assert.deepEqual(seen(), [[2, [1000, 1001], 1, 4]]);
      assert.deepEqual(seen(1000), [[1, [1000], 1, 4]]);
      assert.deepEqual(seen(1001), [[2, [1001], 2, 3]]);
      assert.deepEqual(seen(1002), []);
    });
  });

  test('count each connection once, however often it was reported', () => {
    withJournal((journal) => {
      journal.connection(connection(1));
      journal.connection(connection(1, { end }));
      journal.flush();
      journal.connection(connection(1, { end }));
      assert.deepEqual(totals(journal), [['curl', 1, 12_400, 3000]]);
    });
  });

  test('are not known, rather than 0, where nothing was counted', () => {
    withJournal((journal) => {
      journal.connection(connection(1));
      journal.connection(connection(2, { exe: '/usr/bin/wget', end: { ...end, bytesOut: 0, bytesIn: 0 } }));
      assert.deepEqual(totals(journal), [
        ['wget', 1, 0, 0],
        ['curl', 1, null, null],
      ]);
    });
  });

  test('are those of one user for that user', () => {
    withJournal((journal) => {
      journal.connection(connection(1, { end }));
      journal.connection(connection(2, { end, uid: 1001 }));
      assert.deepEqual(totals(journal, 1001), [['curl', 1, 12_400, 3000]]);
    });
  });

  test('how often before is counted without reading a record', () => {
    withJournal((journal) => {
      const query = journal.query.bind(journal);
      const explain: Journal['query'] = (sql, ...values) => {
        const [plan] = query(`EXPLAIN QUERY PLAN ${sql}`, ...values);
        assert.match(String(plan?.detail), /USING COVERING INDEX connections_by_app/);
        return query(sql, ...values);
      };
      journal.query = explain;
      timesBefore(journal, 'curl', '192.0.2.1', 80);
    });
  });
});

test('the log has the end of a connection as it was reported', () => {
  withJournal((journal) => {
    journal.connection(connection(1, { end }));
    journal.connection(connection(2));
    assert.deepEqual(
      readLog(journal, { limit: 10 }).map((row) => row.connection.end),
      [undefined, end],
    );
  });
});

test('a journal of the first version is brought to today, with its rows', () => {
  const old = new DatabaseSync(file);
  old.exec(`PRAGMA journal_mode = WAL; ${migrations[0]} PRAGMA user_version = 1`);
  const { id, time, lastTime, action, rule, ...rest } = connection(1);
  old
    .prepare("INSERT INTO connections VALUES (?, 1, ?, ?, 'curl', 1000, 'out', 'tcp', '192.0.2.1', 80, ?, 1, ?, ?)")
    .run(id, time, lastTime, action, rule, JSON.stringify({ id, time, lastTime, action, rule, ...rest }));
  old.close();

  withJournal((journal) => {
    assert.deepEqual(
      readLog(journal, { limit: 10 }).map((row) => row.connection),
      [connection(1)],
    );
    assert.equal(timesBefore(journal, 'curl', '192.0.2.1', 80), 1);
    assert.equal(readApps(journal)[0]?.bytesOut, null);
    journal.connection(connection(2, { end }));
    assert.equal(readApps(journal)[0]?.bytesOut, 12_400);
  });
  withJournal((journal) => assert.equal(readApps(journal)[0]?.connections, 2, 'and again'));
});
