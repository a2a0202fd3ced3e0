// A replay by two threads says what one says that reads each record whole, one after the other.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import type { Connection } from '#model/connection.ts';
import { Journal } from '#store/journal.ts';
import { fillJournal } from '../../../test/web/bigjournal.ts';
import { replayJournal } from './halves.ts';
import { beginReplay, type ReplayAsked } from './part.ts';

const now = 1_800_000_000_000;
const count = 4000;

describe('a replay in halves', () => {
  let folder: string;
  let asked: ReplayAsked;
  const at = (name: string) => join(folder, name);
  const journalOf = (name: string) =>
    new Journal({ file: at(name), maxAgeMs: 1e15, maxBytes: 1e12, now: () => now, onNotice: () => {} });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-halves-'));
    const journal = journalOf('journal.db');
    fillJournal(journal, count, now);
    journal.close();
    journalOf('empty.db').close();
    const all = '  - { name: all, action: allow, direction: [in, out, forward] }\n';
    writeFileSync(at('all.yaml'), `rules:\n${all}`);
    writeFileSync(
      at('some.yaml'),
      `rules:\n${all}  - { name: curl, action: drop, app: "**/curl" }\n  - { name: jobs, action: reject, args: "*job-7*" }\n` +
        '  - { name: names, action: ask, to: ["*.site-1.com", "*.site-2.com"], port: 443 }\n' +
        '  - { name: users, action: reject, user: 1003, direction: [in, out] }\n',
    );
    asked = {
      ...{ path: at('some.yaml'), against: at('all.yaml'), mode: 'ask', journal: at('journal.db') },
      ...{ since: now - 20 * 86_400_000, now },
    };
  });
  after(() => rmSync(folder, { recursive: true }));

  async function oneByOne(of: ReplayAsked) {
    const replay = await beginReplay(of);
    const database = new DatabaseSync(of.journal, { readOnly: true });
    const rows = database.prepare('SELECT record FROM connections ORDER BY sequence').all();
    for (const { record } of rows) {
      const connection = JSON.parse(String(record)) as Connection;
      if (connection.time >= of.since) replay.add(connection);
    }
    database.close();
    return replay.report(100_000);
  }

  test('the same numbers, groups and order, compared with rules and with what was done', async () => {
    for (const one of [asked, { ...asked, against: undefined }, { ...asked, since: 0 }, { ...asked, since: now }]) {
      const wanted = await oneByOne(one);
      assert.deepEqual((await replayJournal(one, () => {}, 1)).report(100_000), wanted);
      assert.deepEqual((await replayJournal(one, () => {})).report(100_000), wanted);
    }
    const all = await oneByOne({ ...asked, since: 0 });
    assert.equal(all.connections, count);
    assert.deepEqual([...new Set(all.groups.map(({ rule }) => rule))].sort(), ['curl', 'jobs', 'names', 'users']);
  });

  test('an empty journal, none, and rules that are wrong', async () => {
    assert.equal((await replayJournal({ ...asked, journal: at('empty.db') }, () => {}, 0)).report(1).connections, 0);
    await assert.rejects(
      replayJournal({ ...asked, journal: at('none.db') }, () => {}, 1),
      /none\.db cannot be opened/,
    );
    writeFileSync(at('broken.yaml'), 'rules: [{ name: x, action: alow }]\n');
    await assert.rejects(
      replayJournal({ ...asked, path: at('broken.yaml') }, () => {}, 1),
      /broken\.yaml:1:/,
    );
  });
});
