// What stands on the desktop follows what is wanted, whatever people, the daemon and time do between.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Board } from './board.ts';
import type { Deed, Note } from './note.ts';

const capabilities = new Set(['actions', 'body']);
const answer = (prompt: string): Deed => ({ type: 'open', view: prompt });

function note(title: string, key = 'allow-1'): Note {
  const actions = [{ key, label: 'Allow', deed: answer(`${title} ${key}`) }];
  return { title, body: '', instead: '', urgency: 'critical', actions, dismissed: answer(`not now ${title}`) };
}

let now = 0;
let said: string[] = [];
let did: string[] = [];
let board: Board;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let next = 0;
  [now, said, did] = [0, [], []];
  board = new Board({
    screen: {
      show: async ({ title }, replaces) => {
        const id = replaces === 0 ? ++next : replaces;
        said.push(`show ${id} ${title}`);
        return id;
      },
      close: async (id) => {
        said.push(`close ${id}`);
      },
    },
    now: () => now,
    did: (deed) => did.push(deed.type === 'open' ? deed.view : deed.type),
  });
  board.daemonChanged(capabilities);
});
afterEach(() => mock.timers.reset());

const settle = async () => {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
};
const want = async (...notes: [string, Note][]) => {
  board.want(new Map(notes));
  await settle();
};

test('what is wanted is shown once, and closed when it is not wanted any more', async () => {
  await want(['a', note('A')]);
  await want(['a', note('A')], ['b', note('B')]);
  await want(['b', note('B')]);
  assert.deepEqual(said, ['show 1 A', 'show 2 B', 'close 1']);
  assert.deepEqual(did, []);
});

test('a press answers by the words that were read, also when they have just changed', async () => {
  await want(['a', note('A', 'allow-1')]);
  now = 5000;
  await want(['a', note('A!', 'allow-2')]);
  board.invoked(1, 'allow-1');
  await settle();
  assert.deepEqual(did, ['A allow-1']);
  assert.deepEqual(said, ['show 1 A', 'show 1 A!', 'close 1']);
  // It does not come back while the answer is on its way.
  await want(['a', note('A!!', 'allow-3')]);
  assert.equal(said.length, 3);
});

test('words change at most once a second', async () => {
  await want(['a', note('A')]);
  now = 100;
  await want(['a', note('B')]);
  await want(['a', note('C')]);
  assert.deepEqual(said, ['show 1 A']);
  now = 1100;
  mock.timers.tick(1000);
  await settle();
  assert.deepEqual(said, ['show 1 A', 'show 1 C']);
});

test('closed by a person it is "not now"; closed by its button, by its time or by us it is not', async () => {
  await want(['a', note('A')], ['b', note('B')], ['c', note('C')], ['d', note('D')]);
  board.closed(1, true);
  // Some daemons tell of the end before the button.
  board.closed(2, true);
  board.invoked(2, 'allow-1');
  board.closed(3, false);
  mock.timers.tick(300);
  await settle();
  assert.deepEqual(did, ['B allow-1', 'not now A']);
  await want(['d', note('D')]);
  board.closed(4, false);
  mock.timers.tick(300);
  assert.deepEqual(did, ['B allow-1', 'not now A']);
  board.invoked(99, 'allow-1');
  board.closed(99, true);
  assert.equal(did.length, 2, 'numbers of others mean nothing');
});

test('another daemon is shown what still stands; while there is none, nothing is', async () => {
  await want(['a', note('A')], ['b', note('B')]);
  board.invoked(1, 'allow-1');
  await settle();
  board.daemonChanged(undefined);
  await want(['b', note('B')], ['c', note('C')]);
  said = [];
  board.daemonChanged(capabilities);
  await settle();
  assert.deepEqual(said, ['show 3 B', 'show 4 C']);
  await board.clear();
  assert.deepEqual(said.slice(2), ['close 3', 'close 4']);
});
