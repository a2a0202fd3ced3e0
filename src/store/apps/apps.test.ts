// What is kept of each app: each connection once, files by what they are, days by the clock, and journals of before.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Connection } from '#model/connection.ts';
import { Journal } from '../journal.ts';
import { migrations } from '../migrations.ts';
import { learnFile, readAppDays, readAppFiles, readAppNames } from './read.ts';

const start = Date.parse('2026-11-20T12:00:00');
const dayMs = 86_400_000;
const identity = { device: '1', inode: '7', generation: '0', ctime: '100' };

function connection(
  id: number,
  more: Partial<Connection> & { ctime?: string; name?: string; uid?: number } = {},
): Connection {
  const { ctime = '100', name, uid = 1000, ...rest } = more;
  return {
    ...{ id: `a-${id}`, time: start + id, lastTime: start + id, action: 'allow', enforced: true, rule: null },
    ...{ reason: 'mode', revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0 },
    attempt: {
      process: {
        exe: '/usr/bin/curl',
        uid,
        image: { path: '/usr/bin/curl', state: 'host', identity: { ...identity, ctime } },
      },
      flow: { protocol: 'tcp', direction: 'out', remote: { address: '192.0.2.7', port: 443 } },
      names: name === undefined ? [] : [{ name, from: 'dns' }],
    },
    ...rest,
  };
}

const end = (bytesOut: number, time = start) => ({
  time,
  bytesOut,
  bytesIn: 2 * bytesOut,
  packetsOut: 1,
  packetsIn: 1,
});

describe('what is kept of apps', () => {
  let folder: string;
  let journal: Journal;
  let time: number;

  const open = () =>
    new Journal({
      ...{ file: join(folder, 'journal.sqlite'), maxAgeMs: 30 * dayMs, maxBytes: 1e9, now: () => time },
      onNotice: (text) => assert.fail(text),
    });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-apps-'));
    time = start;
    journal = open();
  });
  afterEach(() => {
    journal.close();
    rmSync(folder, { recursive: true });
  });

  test('a connection that is told of again counts once, and its bytes with its end', () => {
    journal.connection(connection(1));
    journal.connection(connection(1, { end: end(100) }));
    journal.connection(connection(1, { end: end(150) }));
    journal.connection(connection(2, { action: 'reject', name: 'bad.example' }));
    journal.connection(connection(3, { action: 'allow', name: 'bad.example' }));
    journal.connection(connection(3, { action: 'reject', name: 'bad.example' }));
    journal.connection(connection(4, { time: start + dayMs, end: end(5, start + dayMs) }));
    assert.deepEqual(readAppDays(journal, 'curl', undefined, 10), [
      { day: '2026-11-20', connections: 3, refused: 2, bytesOut: 150, bytesIn: 300 },
      { day: '2026-11-21', connections: 1, refused: 0, bytesOut: 5, bytesIn: 10 },
    ]);
    const { names, total } = readAppNames(journal, 'curl', undefined, 1);
    assert.deepEqual([names.map(({ name }) => name), total], [['192.0.2.7'], 2]);
    const bad = readAppNames(journal, 'curl', undefined, 9).names.find(({ name }) => name === 'bad.example');
    assert.deepEqual([bad?.connections, bad?.refused, bad?.first, bad?.lastRefused], [2, 2, start + 2, start + 3]);
  });

  test('each version of the file has its dates, and what is learnt of it later', () => {
    journal.connection(connection(1));
    journal.connection(connection(2));
    const other = connection(3, { ctime: '200' });
    journal.connection(other);
    learnFile(journal, 'curl', other.attempt.process ?? {}, { sha256: 'ab', package: 'curl', packageVersion: '8.1' });
    journal.connection(connection(4, { ctime: '200' }));
    const files = readAppFiles(journal, 'curl', undefined, 9);
    assert.deepEqual(
      files.map(({ first, last, connections, sha256, packageVersion }) => [
        first - start,
        last - start,
        connections,
        sha256,
        packageVersion,
      ]),
      [
        [3, 4, 2, 'ab', '8.1'],
        [1, 2, 2, null, null],
      ],
    );
  });

  test('a user is told of their own alone', () => {
    journal.connection(connection(1, { name: 'one.example' }));
    journal.connection(connection(2, { name: 'two.example', uid: 1001 }));
    assert.equal(readAppFiles(journal, 'curl', 1001, 9).length, 1);
    assert.deepEqual(
      readAppNames(journal, 'curl', 1001, 9).names.map(({ name }) => name),
      ['two.example'],
    );
    assert.equal(readAppDays(journal, 'curl', 1001, 9)[0]?.connections, 1);
    assert.deepEqual(readAppDays(journal, "curl' OR 1=1 --", undefined, 9), []);
  });

  test('what is old leaves', () => {
    journal.connection(connection(1, { name: 'old.example' }));
    journal.flush();
    time += 31 * dayMs;
    journal.retain();
    assert.deepEqual(readAppFiles(journal, 'curl', undefined, 9), []);
    assert.deepEqual(
      [readAppNames(journal, 'curl', undefined, 9).total, readAppDays(journal, 'curl', undefined, 9)],
      [0, []],
    );
  });

  test('a journal of before is summed up when it is opened', () => {
    const all = [
      connection(1, { name: 'one.example', end: end(7) }),
      connection(2, { action: 'drop' }),
      connection(3, { ctime: '300' }),
    ];
    for (const one of all) journal.connection(one);
    journal.flush();
    const read = () => [
      readAppFiles(journal, 'curl', undefined, 9),
      readAppNames(journal, 'curl', undefined, 9),
      readAppDays(journal, 'curl', undefined, 9),
    ];
    const before = read();
    journal.close();
    const file = join(folder, 'journal.sqlite');
    const database = new DatabaseSync(join(folder, 'earlier.sqlite'));
    const step = migrations.findIndex((text) => text.includes('CREATE TABLE app_files'));
    for (const text of migrations.slice(0, step)) database.exec(text);
    database.exec(`PRAGMA user_version = ${step}; ATTACH '${file}' AS now`);
    const columns = database.prepare('PRAGMA table_info(connections)').all();
    const names = columns.map(({ name }) => String(name)).join(', ');
    database.exec(`INSERT INTO main.connections (${names}) SELECT ${names} FROM now.connections; DETACH now`);
    database.close();
    renameSync(join(folder, 'earlier.sqlite'), file);
    journal = open();
    assert.deepEqual(read(), before);
  });
});
