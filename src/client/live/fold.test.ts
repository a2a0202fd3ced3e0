// What is known after events, in whatever order they come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventView, LogLine, PromptView } from '#model/api.ts';
import { connectionsOf, foldEvents, nothingTold, withPrompts } from './fold.ts';
import { RecentConnections } from './recent.ts';

let sequence = 0;
const event = (type: string, data: unknown): EventView => {
  sequence += 1;
  return { sequence, time: 1000 + sequence, type, data };
};
const prompt = (id: string): PromptView =>
  ({
    id,
    opened: 0,
    deadline: 1,
    attempt: { flow: { protocol: 'tcp', remote: { address: '192.0.2.1' } } },
  }) as PromptView;
const closed = (id: string, outcome = 'answered') => event('prompt-closed', { id, outcome, action: 'allow', time: 7 });
const answered = (id: string) =>
  event('rules-changed', { id: 1, time: 6, user: 'bob', what: `answered a question with rule "allow curl @${id}"` });

test('a question opens, changes and closes', () => {
  const opened = foldEvents(nothingTold, [
    event('prompt-opened', prompt('a-1')),
    event('prompt-changed', { ...prompt('a-1'), flows: 4 }),
  ]);
  assert.deepEqual(
    [...opened.prompts.values()].map(({ flows }) => flows),
    [4],
  );
  const after = foldEvents(opened, [closed('a-1', 'deadline')]);
  assert.equal(after.prompts.size, 0);
  assert.deepEqual(
    after.closed.map(({ outcome, by }) => [outcome, by]),
    [['deadline', undefined]],
  );
});

test('who answered is known whether the rule or the end is told first', () => {
  const open = foldEvents(nothingTold, [event('prompt-opened', prompt('a-2'))]);
  for (const order of [
    [answered('a-2'), closed('a-2')],
    [closed('a-2'), answered('a-2')],
  ]) {
    assert.equal(foldEvents(open, order).closed[0]?.by, 'bob');
  }
});

test('a question that was closed does not open again by an old event', () => {
  const open = event('prompt-opened', prompt('a-3'));
  assert.equal(foldEvents(nothingTold, [open, closed('a-3'), open]).prompts.size, 0);
});

test('what closed while nobody listened is closed, and how is told later', () => {
  const before = foldEvents(nothingTold, [event('prompt-opened', prompt('a-4'))]);
  const after = withPrompts(before, [prompt('a-5')], 9);
  assert.deepEqual([...after.prompts.keys()], ['a-5']);
  assert.deepEqual(
    after.closed.map(({ prompt: { id }, outcome }) => [id, outcome]),
    [['a-4', undefined]],
  );
  const told = foldEvents(after, [closed('a-4', 'deadline')]);
  assert.deepEqual(
    told.closed.map(({ prompt: { id }, outcome }) => [id, outcome]),
    [['a-4', 'deadline']],
  );
});

test('what is left out is counted, a notice comes once, and unknown events change nothing', () => {
  const notice = event('notice', { level: 'warning', text: 'the gate is away' });
  const told = foldEvents(nothingTold, [
    event('left-out', { events: 3 }),
    event('left-out', { events: 4 }),
    notice,
    notice,
  ]);
  assert.equal(told.leftOut, 7);
  assert.equal(told.notices.length, 1);
  assert.equal(foldEvents(told, [event('something-new', {})]), told);
});

test('connections are kept once, the newest word of each, and no more than there is room for', () => {
  const line = (id: string, at: number) => ({ id, sequence: at }) as LogLine;
  const recent = new RecentConnections(3);
  recent.add([line('a', 1), line('b', 2), line('a', 3), line('b', 1)]);
  assert.deepEqual(
    recent.all().map(({ id, sequence: at }) => [id, at]),
    [
      ['a', 3],
      ['b', 2],
    ],
  );
  recent.add([line('c', 4), line('d', 5)]);
  assert.deepEqual(
    recent.all().map(({ id }) => id),
    ['b', 'c', 'd'],
  );
  assert.deepEqual(
    connectionsOf([event('connection', line('e', 6)), event('notice', {})]).map(({ id }) => id),
    ['e'],
  );
});
