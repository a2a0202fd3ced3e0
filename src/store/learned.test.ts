// What the journal has of a time of learning.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Connection } from '#model/connection.ts';
import { Journal } from './journal.ts';
import { readLearned } from './learned.ts';

describe('what was learned', () => {
  let folder: string;
  let journal: Journal;
  let count = 0;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-learned-'));
    journal = new Journal({
      ...{ file: join(folder, 'journal.db'), maxAgeMs: 1e15, maxBytes: 1e12, now: () => 1000 },
      onNotice: (text) => assert.fail(text),
    });
  });
  afterEach(() => {
    journal.close();
    rmSync(folder, { recursive: true });
  });

  function put(change: Partial<Connection>, name = 'a.example', port = 443, direction: 'in' | 'out' = 'out'): void {
    count += 1;
    journal.connection({
      ...{ id: `a-${count}`, time: 100 + count, lastTime: 200 + count, action: 'allow', enforced: true },
      ...{ rule: 'learning curl', reason: 'rule', revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0 },
      attempt: {
        process: { exe: '/usr/bin/curl', uid: 1000 },
        flow: {
          ...{
            protocol: 'tcp',
            direction,
            local: { address: '10.0.0.1', port: direction === 'in' ? port : 5000 + count },
          },
          remote: { address: '198.51.100.7', port: direction === 'in' ? 5000 + count : port },
        },
        names: [{ name, from: 'dns' }],
      },
      ...change,
    } as Connection);
  }

  const all = { since: 0, until: 1e9 };

  test('connections that agree are one, by name, port and way; those of other rules are none', () => {
    put({});
    put({});
    put({}, 'b.example');
    put({}, 'a.example', 80);
    put({}, 'a.example', 22, 'in');
    put({}, 'a.example', 22, 'in');
    put({ rule: 'another' });
    const { groups, connections, leftOut } = readLearned(journal, { ...all, rule: 'learning curl' });
    const shown = groups.map(({ attempt: { flow, names }, times }) => [
      flow.direction,
      names?.[0]?.name,
      flow.direction === 'in' ? flow.local?.port : flow.remote.port,
      times,
    ]);
    assert.deepEqual(shown.sort(), [
      ['in', 'a.example', 22, 2],
      ['out', 'a.example', 443, 2],
      ['out', 'a.example', 80, 1],
      ['out', 'b.example', 443, 1],
    ]);
    assert.deepEqual([connections, leftOut], [6, 0]);
  });

  test('another program of the same name, the same one in another unit, and what is asked for besides, are others', () => {
    const of = (process: object): Partial<Connection> => ({
      ...{ action: 'reject', rule: null },
      attempt: {
        process: { uid: 1000, ...process },
        flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port: 443 } },
      },
    });
    put(of({ exe: '/usr/bin/curl', unit: 'a.service', args: ['curl', 'x'] }));
    put(of({ exe: '/usr/bin/curl', unit: 'a.service', args: ['curl', 'y'] }));
    put(of({ exe: '/usr/bin/curl', unit: 'b.service', args: ['curl', 'y'] }));
    put(of({ exe: '/tmp/curl', unit: 'b.service', args: ['curl', 'y'] }));
    const seen = (agree?: readonly ['args']) =>
      readLearned(journal, { ...all, rule: null, agree })
        .groups.map(({ attempt: { process }, times }) => [process?.exe, process?.unit, times])
        .sort();
    const more = [
      ['/tmp/curl', 'b.service', 1],
      ['/usr/bin/curl', 'b.service', 1],
    ];
    assert.deepEqual(seen(), [more[0], ['/usr/bin/curl', 'a.service', 2], more[1]].sort());
    assert.equal(seen(['args']).length, 4);
  });

  test('only of its time; and without a rule what was not allowed', () => {
    put({ time: 50 });
    put({ time: 150 });
    put({ time: 160, action: 'reject', rule: null });
    put({ time: 170, action: 'ask', rule: null });
    assert.equal(readLearned(journal, { since: 100, until: 200, rule: 'learning curl' }).connections, 1);
    const refused = readLearned(journal, { since: 100, until: 200, rule: null });
    assert.deepEqual([refused.connections, refused.groups[0]?.first, refused.groups[0]?.times], [2, 160, 2]);
  });
});
