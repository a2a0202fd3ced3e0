// The journal fails in every way without taking anything with it, says so, and keeps its bounds.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '#model/connection.ts';
import { readEvents, readHits, readLog, replayFrom } from './history.ts';
import { Journal, type JournalOptions } from './journal.ts';

const day = 24 * 3600 * 1000;

describe('journal', () => {
  let folder: string;
  let file: string;
  let journal: Journal | undefined;
  let notices: string[];
  let time = 1_700_000_000_000;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-journal-'));
    file = join(folder, 'journal.db');
    notices = [];
  });
  afterEach(() => {
    journal?.close();
    rmSync(folder, { recursive: true });
  });

  /** As the control plane has it: what is noticed becomes an event of the journal. */
  function open(options: Partial<JournalOptions> = {}): Journal {
    const opened = new Journal({
      file,
      maxAgeMs: 30 * day,
      maxBytes: 200 * 1024 * 1024,
      now: () => time,
      onNotice: (text) => {
        notices.push(text);
        journal?.event('notice', { text });
      },
      ...options,
    });
    journal = opened;
    return opened;
  }

  const connection = (id: string, at = time): Connection =>
    ({
      id,
      time: at,
      lastTime: at,
      attempt: {
        process: { exe: '/usr/bin/curl', uid: 1000 },
        flow: { protocol: 'tcp', direction: 'out', remote: { address: '192.0.2.1', port: 443 } },
      },
      action: 'allow',
      enforced: true,
      rule: null,
      reason: 'mode',
      logged: [],
      packets: 1,
      evidence: [],
    }) as unknown as Connection;
  const ids = (from: Journal) => readLog(from, { limit: 100_000 }).map(({ connection: { id } }) => id);

  test('rows come back, a changed connection in the place of the old, also after a restart', () => {
    const first = open();
    first.connection(connection('a'));
    first.connection(connection('b'));
    first.connection({ ...connection('a'), packets: 2 });
    first.hit('rule', 2, time);
    first.hit('rule', 3, time - 5);
    assert.deepEqual(ids(first), ['a', 'b']);
    const { sequence } = first;
    first.close();
    const second = open();
    assert.equal(second.sequence, sequence);
    assert.deepEqual(ids(second), ['a', 'b']);
    assert.deepEqual(readHits(second).get('rule'), { hits: 5, lastHit: time });
    assert.deepEqual(notices, []);
  });

  test('hits go with their rule, so that a new one of its name begins at nothing', () => {
    const opened = open();
    opened.hit('old', 5, time);
    opened.hit('other', 2, time);
    opened.keepHits(new Set(['other', 'third']));
    opened.hit('old', 1, time);
    assert.deepEqual([...readHits(opened)].map(([rule, { hits }]) => [rule, hits]).sort(), [
      ['old', 1],
      ['other', 2],
    ]);
  });

  test('what a follower missed begins with the newest rows, and how many are left out is known', () => {
    const opened = open();
    for (let count = 0; count < 30; count++) {
      opened.connection(connection(`c${count}`));
      opened.event(count % 2 === 0 ? 'prompt-opened' : 'notice', {});
    }
    assert.deepEqual(replayFrom(opened, 0, undefined, 100), { after: 0, left: 0 });
    assert.deepEqual(replayFrom(opened, 0, undefined, 60), { after: 0, left: 0 });
    assert.deepEqual(replayFrom(opened, 0, undefined, 20), { after: 40, left: 40 });
    assert.deepEqual(replayFrom(opened, 30, undefined, 20), { after: 40, left: 10 });
    const own = replayFrom(opened, 0, 1000, 20);
    assert.equal(own.left, 30 + 15 - 20, 'without events about questions');
    const shown = [
      ...readLog(opened, { after: own.after, uid: 1000, limit: 100 }),
      ...readEvents(opened, own.after, true, 100),
    ];
    assert.equal(shown.length, 20);
    assert.equal(replayFrom(opened, 0, 1001, 5).left, 10, 'and without the connections of others');
  });

  test('a file that is none is set aside, a new one is begun, and that is said', () => {
    writeFileSync(file, 'this is no database, and long enough to be looked at '.repeat(100));
    const opened = open();
    opened.connection(connection('a'));
    assert.deepEqual(ids(opened), ['a']);
    assert.match(notices.join(), /could not be read .* set aside as .*journal\.db\.broken-.* a new one was begun/);
    assert.equal(readdirSync(folder).filter((name) => name.includes('.broken-')).length, 1);
  });

  test('a file that breaks while it is used is set aside, and what waited goes into the new one', () => {
    const opened = open();
    for (let count = 0; count < 2000; count++) opened.connection(connection(`a${count}`));
    opened.flush();
    const other = new DatabaseSync(file);
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    other.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096);
    writeFileSync(file, bytes);
    for (let count = 0; count < 50; count++) opened.connection(connection(`b${count}`));
    opened.flush();
    ids(opened);
    opened.flush();
    assert.match(notices.join(), /is broken .* set aside .* a new one was begun/);
    assert.equal(opened.lost, 0);
    opened.connection(connection('c'));
    assert.ok(ids(opened).includes('c'));
  });

  test('a file of a later version is kept, beside a new one', () => {
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    open();
    assert.match(notices.join(), /later version/);
  });

  test('where no file can be, rows wait, and it is said once', () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    const opened = open();
    for (let count = 0; count < 1500; count++) opened.connection(connection(`a${count}`));
    opened.flush();
    opened.retain();
    assert.equal(notices.length, 1, notices.join('\n'));
    assert.deepEqual(ids(opened), []);
    rmSync(folder);
    mkdirSync(folder);
    opened.flush();
    assert.equal(ids(opened).length, 1500, 'they are written when there is room');
  });

  test('a file that another program holds is said once, and rows beyond the bound are counted', () => {
    const opened = open();
    opened.connection(connection('a'));
    opened.flush();
    const lock = new DatabaseSync(file);
    lock.exec('BEGIN EXCLUSIVE');
    for (let count = 0; count < 20_010; count++) opened.connection(connection(`b${count}`));
    assert.equal(notices.length, 1, notices.join('\n'));
    assert.match(notices[0] as string, /cannot be written/);
    assert.ok(opened.lost > 0 && opened.lost < 20);
    lock.exec('ROLLBACK');
    lock.close();
    assert.equal(ids(opened).length, 20_001 - 1);
  });

  test('a file that was deleted under it is begun anew', () => {
    const opened = open();
    opened.connection(connection('a'));
    opened.flush();
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    opened.retain();
    opened.connection(connection('b'));
    assert.deepEqual(ids(opened), ['b']);
    assert.ok(statSync(file).size > 0);
    assert.match(notices.join(), /was removed, and a new one was begun/);
  });

  test('a file that was deleted to make room is begun anew with the rows that waited', () => {
    const opened = open();
    opened.connection(connection('a'));
    opened.flush();
    const lock = new DatabaseSync(file);
    lock.exec('BEGIN EXCLUSIVE');
    opened.connection(connection('b'));
    opened.flush();
    assert.match(notices.join(), /cannot be written/);
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    lock.close();
    opened.flush();
    assert.match(notices.join(), /was removed, and a new one was begun/);
    assert.deepEqual(ids(opened), ['b']);
    assert.ok(statSync(file).size > 0);
  });

  test('what is too old leaves, however much it is, and no more', async () => {
    const opened = open();
    for (let count = 0; count < 9000; count++) opened.connection(connection(`old${count}`, time - 31 * day));
    opened.connection(connection('new'));
    opened.event('event', {});
    opened.retain();
    for (let tries = 0; tries < 400 && ids(opened).length > 1; tries++) await sleep(50);
    assert.deepEqual(ids(opened), ['new']);
  });

  test('one user’s flood pushes out its own rows and nobody else’s', async () => {
    const opened = open({ maxBytes: 2 * 1024 * 1024 });
    const of = (uid: number, id: string) => {
      const row = connection(id);
      return { ...row, attempt: { ...row.attempt, process: { exe: '/usr/bin/curl', uid } } };
    };
    for (let count = 0; count < 300; count++) {
      time += 1;
      opened.connection(of(1001, `other${count}`));
      opened.event('mode-changed', { count });
    }
    for (let count = 0; count < 20_000; count++) {
      time += 1;
      opened.connection(of(1000, `flood${count}`));
      if (count % 1000 === 0) await sleep(1);
    }
    opened.flush();
    for (let tries = 0; tries < 400 && opened.fileBytes() > 3 * 1024 * 1024; tries++) await sleep(50);
    assert.ok(opened.fileBytes() <= 3 * 1024 * 1024, `${opened.fileBytes()} bytes`);
    const left = ids(opened);
    assert.ok(!left.includes('flood0') && left.includes('flood19999'));
    assert.equal(left.filter((id) => id.startsWith('other')).length, 300);
    assert.equal(readEvents(opened, 0, false, 1000).length, 300);
  });

  for (const rows of [9_000, 30_000]) {
    test(`the size is kept while ${rows} rows come within the minute, the oldest leave`, async () => {
      const maxBytes = 1024 * 1024;
      const opened = open({ maxBytes });
      for (let count = 0; count < rows; count++) {
        time += 1;
        opened.connection(connection(`c${count}`));
        if (count % 1000 === 0) await sleep(1);
      }
      opened.flush();
      for (let tries = 0; tries < 400 && opened.fileBytes() > maxBytes * 1.5; tries++) await sleep(50);
      assert.ok(opened.fileBytes() <= maxBytes * 1.5, `${opened.fileBytes()} bytes`);
      const left = ids(opened);
      assert.ok(left.length > 500, `${left.length} rows are left`);
      assert.equal(left[0], `c${rows - 1}`);
    });
  }
});
