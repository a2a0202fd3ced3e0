// What a notification says: whatever comes from outside is text, of bounded length, in the way that the daemon reads it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clip, escapeMarkup, fitNote, maxBody, maxTitle, type Note } from './note.ts';
import { answerOf, questionNote } from './questionnote.ts';
import { question } from './questions.testing.ts';

const can = (...capabilities: string[]) => new Set(capabilities);
const hostile = '/tmp/<b>a&b</b>\u202e\u001b[31m\u0007"\'';

test('the buttons say how long, the body says for what, and both are what is answered', () => {
  const note = questionNote(question('q-1'), '15m', 1);
  assert.equal(note.title, 'curl (alice) wants to reach www.example.com, port 443/tcp');
  assert.match(
    note.body,
    /Allow and Refuse are for \/usr\/bin\/curl of user alice to www\.example\.com on port 443\/tcp, for 15 minutes\./,
  );
  assert.deepEqual(
    note.actions.map(({ key, label }) => [key, label]),
    [
      ['allow-1', 'Allow for 15 min'],
      ['refuse-1', 'Refuse for 15 min'],
      ['details', 'Details'],
      ['default', 'Details'],
    ],
  );
  const scope = { who: 'app', to: 'name', name: 'www.example.com', port: 'port', user: 'user' } as const;
  assert.deepEqual(note.actions[0]?.deed, {
    ...{ type: 'answer', prompt: 'q-1' },
    answer: { action: 'allow', scope, lifetime: '15m' },
  });
  assert.deepEqual(note.dismissed, {
    ...{ type: 'answer', prompt: 'q-1' },
    answer: { action: 'reject', scope, lifetime: 'once' },
  });
});

test('where no rule can be made, the buttons answer this once and say so', () => {
  const { attempt } = question('q-2');
  const unknown = question('q-2', { attempt: { ...attempt, process: { pid: 7, exe: null, uid: 1000 } } });
  assert.equal(answerOf(unknown, 'always').lifetime, 'once');
  const note = questionNote(unknown, 'always', 1);
  assert.equal(note.actions[0]?.label, 'Allow this once');
  assert.match(note.body, /are for the waiting connections to www\.example\.com, and no rule\./);
});

test('markup, direction marks and controls in names are only signs', () => {
  const { attempt } = question('q-3');
  const process = { ...attempt.process, exe: hostile };
  const note = questionNote(question('q-3', { attempt: { ...attempt, process }, user: '<u>' }), '15m', 1);
  const marked = fitNote(note, can('body', 'body-markup', 'actions'));
  for (const text of [marked.title, marked.body]) assert.doesNotMatch(text, /[\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.doesNotMatch(marked.title, /\p{Cc}/u);
  assert.doesNotMatch(marked.body, /<|>|"|'|&(?!(amp|lt|gt|quot|#39);)/);
  // Only a daemon that reads markup is told in markup.
  const plain = fitNote(note, can('body', 'actions'));
  assert.ok(plain.body.includes('<b>a&b</b>'), plain.body);
  assert.equal(escapeMarkup('a<b>&"\''), 'a&lt;b&gt;&amp;&quot;&#39;');
});

test('without buttons it says how to answer', () => {
  const note = fitNote(questionNote(question('q-4'), '15m', 1), can('body'));
  assert.deepEqual(note.actions, []);
  assert.match(note.body, /\nAnswer it in a terminal with: postern ask, or in the pages: postern ui --open$/);
});

test('whatever names there are, a notification has its bounds, and both ends of a name are read', () => {
  const { attempt } = question('q-5');
  const long = `/${'x'.repeat(4000)}/end`;
  const name = `${'a.'.repeat(120)}evil.example`;
  const made = question('q-5', {
    attempt: { ...attempt, process: { ...attempt.process, exe: long }, names: [{ name, from: 'dns' }] },
    names: [{ name, from: 'dns', domain: 'evil.example' }],
    lists: Array.from({ length: 60 }, (_, at) => ({ list: `list${at}`, name })),
  });
  const note = fitNote(questionNote(made, '15m', 1), can('actions'));
  assert.ok([...note.title].length <= maxTitle && [...note.body].length <= maxBody);
  assert.ok(note.title.includes('evil.example'), note.title);
  assert.equal(clip('abcdefghij', 5), 'ab…ij');
  const endless: Note = { title: 'x'.repeat(9999), body: 'y'.repeat(99_999), instead: '', urgency: 'low', actions: [] };
  const bounded = fitNote(endless, can());
  assert.ok(bounded.title.length <= maxTitle && bounded.body.length <= maxBody);
});
