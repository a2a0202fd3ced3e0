// What was refused without a question is told together, seldom, and what is the same once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '#model/api.ts';
import { RefusalNotes } from './refusalnotes.ts';

const refused = (app: string, name: string, change: Partial<LogLine> = {}): LogLine =>
  ({
    ...{ app, action: 'reject', enforced: true, reason: 'mode', logged: [] },
    attempt: { names: [{ name }], flow: { remote: { address: '192.0.2.1' } } },
    ...change,
  }) as unknown as LogLine;

test('they are told together, once a minute at most, and the same not again for ten minutes', () => {
  const notes = new RefusalNotes();
  assert.equal(notes.plan(0).size, 0);
  notes.add([refused('curl', 'a.example'), refused('curl', 'a.example'), refused('wget', 'b.example')], 1000);
  const [first] = notes.plan(1000);
  assert.equal(first?.[1].title, 'Postern refused 3 connections of 2 programs');
  assert.equal(first?.[1].body, 'curl → a.example, 2 times\nwget → b.example');
  notes.add([refused('ssh', 'c.example'), refused('curl', 'a.example')], 30_000);
  assert.equal([...notes.plan(30_000)][0]?.[0], first?.[0], 'the same one stands');
  const [second] = notes.plan(61_000);
  assert.equal(second?.[1].title, 'Postern refused a connection of ssh');
  notes.add([refused('curl', 'a.example')], 700_000);
  assert.equal([...notes.plan(700_000)][0]?.[1].title, 'Postern refused a connection of curl');
});

test('what was answered, what a rule says, what was only judged and what ends is no news; what a rule logs is', () => {
  const notes = new RefusalNotes();
  const [rule, end] = [{ reason: 'rule' } as const, { end: { time: 1 } } as Partial<LogLine>];
  notes.add(
    [
      refused('a', 'x', { reason: 'answer' }),
      refused('b', 'x', rule),
      refused('c', 'x', { enforced: false }),
      refused('d', 'x', { action: 'allow' }),
      refused('e', 'x', end),
    ],
    1000,
  );
  assert.equal(notes.plan(1000).size, 0);
  notes.add([refused('b', 'x', { ...rule, logged: ['log-it'] })], 2000);
  assert.equal([...notes.plan(2000)][0]?.[1].title, 'Postern refused a connection of b');
});

test('signs of names are only signs, and however many there are, few are shown', () => {
  const notes = new RefusalNotes();
  notes.add(
    Array.from({ length: 5000 }, (_, at) => refused(`app\u202e${at}`, `name\n${at}`)),
    1000,
  );
  const [note] = [...notes.plan(1000).values()];
  assert.equal(note?.body.split('\n').length, 5);
  assert.ok(note?.body.startsWith('app\\u{202e}0 → name\\x0a0'), note?.body);
});
