// The history as the API asks it: of a real journal, by its thread, with rules tried by the real policy.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Connection, connectionSchema } from '#model/connection.ts';
import { facetsSchema, groupsSchema, rulePreviewSchema } from '#model/query/history.ts';
import { parseQuery } from '#model/query/query.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { noPlaces } from '#policy/match/places.ts';
import { Journal } from '#store/journal.ts';
import type { PolicyKeeper } from '../policykeeper.ts';
import { History } from './history.ts';
import type { Trial } from './messages.ts';
import { isOwn } from './own.ts';
import { previewRules } from './preview.ts';
import { HistoryThread } from './thread.ts';

const now = Date.UTC(2026, 10, 26, 12);
const day = 86_400_000;
const accounts = { users: { alice: 1000, bob: 1001 }, groups: {} };

const queryOf = (text: string) => {
  const query = parseQuery(text);
  assert.ok(query.ok, text);
  return query.value;
};

interface Made {
  readonly exe?: string;
  readonly uid?: number;
  readonly name?: string;
  readonly ago?: number;
  readonly action?: Connection['action'];
  readonly own?: true;
}

function connection(
  number: number,
  { exe = '/usr/bin/curl', uid = 1000, name, ago = 1000, action = 'allow', own }: Made = {},
) {
  return connectionSchema.parse({
    ...{ id: `k0-${number}`, time: now - ago, lastTime: now - ago, action, enforced: true, rule: null, reason: 'mode' },
    ...{ revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0, ...(own && { own }) },
    attempt: {
      process: { exe, uid },
      flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port: 443 } },
      ...(name !== undefined && { names: [{ name, from: 'dns' }] }),
    },
  });
}

describe('the history', () => {
  let folder: string;
  let file: string;
  let journal: Journal;
  let thread: HistoryThread;
  let history: History;
  let records: RuleRecord[];
  let notices: string[];

  const trial = (others: readonly RuleRecord[], tried: readonly RuleRecord[]): Trial => ({
    ...{ tried, records: others, disabled: new Set(), accounts, aliases: {} },
    ...{ places: { geo: null, lists: null }, mode: 'allow' },
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-history-'));
    file = join(folder, 'journal.db');
    records = [];
    notices = [];
    thread = new HistoryThread(file);
    journal = new Journal({
      ...{ file, maxAgeMs: 30 * day, maxBytes: 1e9, now: () => now, onNotice: (text) => notices.push(text) },
      onGone: (places) => thread.forget(places),
    });
    const keeper = {
      accounts,
      trial,
      get records() {
        return records;
      },
    } as unknown as PolicyKeeper;
    history = new History({ journal, thread, keeper, now: () => now });
  });
  afterEach(() => {
    thread.close();
    journal.close();
    rmSync(folder, { recursive: true });
  });

  const ids = async (text: string, more: { before?: number; after?: number; limit?: number } = {}, uid?: number) => {
    const found = await history.log({ query: queryOf(text), limit: 100, ...more }, uid);
    assert.ok(found.ok, JSON.stringify(found));
    return found.value.map((row) => row.connection.id.slice(3));
  };

  test('finds by every field, newest first in pages, and only what the asker may see', async () => {
    for (let at = 1; at <= 9; at++) {
      journal.connection(
        connection(at, {
          uid: at % 3 === 0 ? 1001 : 1000,
          name: `host-${at}.example.org`,
          ...(at === 5 && { own: true }),
        }),
      );
    }
    assert.deepEqual(await ids(''), ['9', '8', '7', '6', '5', '4', '3', '2', '1']);
    assert.deepEqual(await ids('own:no', { limit: 5 }), ['9', '8', '7', '6', '4']);
    assert.deepEqual(await ids('own:yes'), ['5']);
    assert.deepEqual(await ids('user:bob'), ['9', '6', '3']);
    assert.deepEqual(await ids('domain:example.org -name:host-1*', { limit: 3 }), ['9', '8', '7']);
    assert.deepEqual(await ids('domain:example.org', { before: 7, limit: 3 }), ['6', '5', '4']);
    assert.deepEqual(await ids('domain:example.org', { after: 7 }), ['8', '9']);
    assert.deepEqual(await ids('domain:example.org', {}, 1001), ['9', '6', '3']);
    assert.deepEqual(await ids('user:alice', {}, 1001), [], 'no query shows what is not one’s own');
    const facets = await history.facets({ query: [] }, undefined, 1001);
    assert.ok(facets.ok);
    assert.equal(facetsSchema.parse(facets.value).total, 3);
    const groups = await history.groups({ query: [] }, { by: 'user', limit: 10, earlier: undefined }, 1001);
    assert.ok(groups.ok);
    assert.deepEqual(
      groupsSchema.parse(groups.value).groups.map(({ value, connections }) => [value, connections]),
      [['bob', 3]],
    );
  });

  test('follows the journal: new rows, changed ones, those that left, and another file', async () => {
    journal.connection(connection(1, { ago: 31 * day }));
    journal.connection(connection(2));
    assert.deepEqual(await ids('app:curl'), ['2', '1']);
    journal.connection(connection(3));
    journal.connection({ ...connection(2), action: 'reject' });
    assert.deepEqual(await ids('app:curl'), ['2', '3', '1']);
    assert.deepEqual(await ids('verdict:reject'), ['2']);
    journal.retain();
    assert.deepEqual(await ids('app:curl'), ['2', '3']);
    const facets = await history.facets({ query: [] }, ['app'], undefined);
    assert.ok(facets.ok && facets.value.total === 2);
    rmSync(file);
    journal.retain();
    assert.match(notices.join(), /was removed, and a new one was begun/);
    journal.connection(connection(4));
    assert.deepEqual(await ids('app:curl'), ['4']);
  });

  test('its thread is ended when nobody asked for a while, and begun again', async () => {
    const brief = new HistoryThread(file, 50);
    const ask = { query: [], scope: { users: {} }, top: 3 };
    assert.ok((await brief.ask('facets', ask)).ok);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok((await brief.ask('facets', ask)).ok);
    const waits = brief.ask('facets', ask);
    brief.close();
    const closed = await waits;
    assert.ok(!closed.ok && /could not be counted/.test(closed.error));
  });

  const preview = async (rule: RuleText | RuleText[], more: { days?: number; instead?: string } = {}, uid?: number) => {
    const done = await history.preview({ rule, ...more }, uid, new AbortController().signal);
    assert.ok(done.ok, JSON.stringify(done));
    return rulePreviewSchema.parse(done.value);
  };

  test('a rule is tried by the policy: whose conditions hold, which it decides, and what becomes otherwise', async () => {
    for (let at = 1; at <= 4; at++) journal.connection(connection(at, { name: 'www.example.org', action: 'reject' }));
    journal.connection(connection(5, { name: 'www.example.org' }));
    journal.connection(connection(6, { name: 'www.example.org', ago: 8 * day, action: 'reject' }));
    journal.connection(connection(7, { exe: '/usr/bin/wget', name: 'www.example.org', action: 'reject' }));
    const rule: RuleText = { name: 'new', action: 'allow', app: '/usr/bin/curl', to: '.example.org' };
    const seen = await preview(rule);
    assert.deepEqual(seen, {
      ...{ days: 7, looked: 6, stoppedAt: null, matched: 5, decided: 5 },
      changes: [{ was: 'reject', would: 'allow', connections: 4 }],
      groups: [{ app: 'curl', destination: 'www.example.org 198.51.100.7:443/tcp', direction: 'out', connections: 5 }],
    });
    assert.equal((await preview(rule, { days: 30 })).matched, 6);
    assert.equal((await preview(rule, {}, 1001)).looked, 0, 'only what the asker may see');
    const twoRules = await preview([rule, { name: 'second', action: 'drop', app: '/usr/bin/wget' }]);
    assert.deepEqual([twoRules.matched, twoRules.decided], [6, 6]);

    // A fence goes before it, until it stands in that one's place.
    records = [{ rule: { name: 'fence', action: 'reject', user: 'alice' }, origin: 'file' }];
    const below = await preview(rule);
    assert.deepEqual([below.matched, below.decided, below.changes], [5, 0, []]);
    const instead = await preview(rule, { instead: 'fence' });
    assert.deepEqual([instead.matched, instead.decided], [5, 5]);
    assert.deepEqual(
      (await preview({ ...rule, name: 'fence', priority: 10 })).decided,
      5,
      'a name that is taken is only a name',
    );
    const log = await preview({ name: 'look', action: 'log', user: 'alice' });
    assert.deepEqual([log.matched, log.decided, log.changes], [6, 0, []]);
  });

  test('a rule that cannot be is refused in the words of adding it', async () => {
    const rule: RuleText = { name: 'new', action: 'allow', to: 'not a place' };
    const done = await history.preview({ rule }, undefined, new AbortController().signal);
    assert.ok(
      !done.ok && done.error.code === 'bad-request' && /not a place/.test(done.error.message),
      JSON.stringify(done),
    );
  });

  test('what is too much is looked at as far as the time goes, the newest first, and that is said; whoever leaves ends it', async () => {
    for (let at = 1; at <= 1000; at++) journal.connection(connection(at, { ago: (1001 - at) * 1000 }));
    journal.flush();
    const database = new DatabaseSync(file, { readOnly: true });
    const tried: RuleRecord[] = [{ rule: { name: 'new', action: 'reject', user: 'alice' }, origin: 'local' }];
    const ask = { trial: trial([], tried), days: 7, now };
    let pauses = 0;
    const pause = async () => {
      pauses += 1;
    };
    const bounded = await previewRules(database, ask, noPlaces, pause, () => false, { ms: 60_000, rows: 400 });
    assert.ok(bounded.ok);
    assert.deepEqual([bounded.value.looked, bounded.value.matched, bounded.value.stoppedAt], [400, 400, now - 400_000]);
    assert.equal(pauses, 1);
    const slow = await previewRules(database, ask, noPlaces, pause, () => false, { ms: -1, rows: 1e9 });
    assert.ok(slow.ok && slow.value.looked === 200);
    const left = await previewRules(database, ask, noPlaces, pause, () => true);
    assert.ok(!left.ok);
    database.close();
  });
});

test('Postern’s own connections are those of its port over loopback, from both ends', () => {
  const flow = (remote: string, port: number, local = 40_000) => ({
    ...{ protocol: 'tcp' as const, local: { address: '127.0.0.1', port: local } },
    remote: { address: remote, port },
  });
  const url = 'http://127.0.0.1:7878';
  assert.ok(isOwn(flow('127.0.0.1', 7878), url) && isOwn(flow('127.0.0.1', 50_000, 7878), url));
  assert.ok(!isOwn(flow('192.0.2.1', 7878), url) && !isOwn(flow('127.0.0.1', 631), url));
  assert.ok(!isOwn(flow('127.0.0.1', 7878), null));
  assert.ok(!isOwn({ ...flow('127.0.0.1', 7878), protocol: 'udp' }, url));
});
