// One notification for each question, not for each packet; and no flood of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxInMinute, QuestionNotes } from './questionnotes.ts';
import { byId, question } from './questions.testing.ts';

const many = (count: number, from = 1) =>
  Array.from({ length: count }, (_, at) => question(`q-${from + at}`, {}, `/usr/bin/app${from + at}`));

test('more packets of a question change nothing; another name changes the words, and the keys of the buttons with them', () => {
  const notes = new QuestionNotes('15m');
  const [first] = notes.plan(byId(question('q-1')), 2000).values();
  const [same] = notes.plan(byId(question('q-1', { flows: 9, packets: 40 })), 2500).values();
  assert.equal(same, first);
  const named = question('q-1', { names: [{ name: 'other.example', from: 'sni', domain: null }] });
  const [changed] = notes
    .plan(byId({ ...named, attempt: { ...named.attempt, names: [{ name: 'other.example', from: 'sni' }] } }), 3000)
    .values();
  assert.match(changed?.title ?? '', /other\.example/);
  assert.deepEqual(
    changed?.actions.slice(0, 2).map(({ key }) => key),
    ['allow-2', 'refuse-2'],
  );
});

test('a question that is closed or whose time is up has none', () => {
  const notes = new QuestionNotes('15m');
  assert.equal(notes.plan(byId(question('q-1')), 2000).size, 1);
  assert.equal(notes.plan(byId(), 2100).size, 0);
  assert.equal(notes.plan(byId(question('q-2')), 31_000).size, 0);
});

test(`of more than ${maxInMinute} in a minute the rest is told together`, () => {
  const notes = new QuestionNotes('15m');
  const eight = many(8);
  const plan = notes.plan(byId(...eight), 2000);
  assert.deepEqual([...plan.keys()].length, maxInMinute + 1);
  assert.equal(plan.get('questions')?.title, '3 programs ask');
  assert.equal(plan.get('questions')?.body, 'app6, app7, app8.\n3 more questions wait in the pages.');
  // Those told of together stay so; what comes a minute later has its own again.
  const later = eight.map((prompt) => ({ ...prompt, deadline: 200_000 }));
  assert.equal(notes.plan(byId(...later), 3000).get('questions')?.title, '3 programs ask');
  const next = question('q-9', { deadline: 200_000 });
  assert.ok(notes.plan(byId(...later, next), 63_000).has('question q-9'));
  assert.equal(notes.plan(byId(...later.slice(0, 6), next), 63_100).get('questions')?.title, '1 program asks');
  assert.ok(!notes.plan(byId(...later.slice(0, 5), next), 63_200).has('questions'));
});
