// What can be chosen for an answer, and the sentence that it makes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '#model/prompt.ts';
import { firstScope, meaningOf, placeChoices, placeKey, rulesOf, type Subject, whoChoices } from './meaning.ts';

const curl: Subject = {
  id: 'a-1',
  user: 'alice',
  attempt: {
    process: { pid: 7, startTime: '9', exe: '/usr/bin/curl', uid: 1000 },
    flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port: 443 } },
    names: [
      { name: 'www.example.com', from: 'dns' },
      { name: 'cdn.example.com', from: 'dns' },
    ],
  },
  names: [
    { name: 'www.example.com', from: 'dns', domain: 'example.com' },
    { name: 'cdn.example.com', from: 'dns', domain: 'example.com' },
  ],
  lists: [{ list: 'trackers', name: 'cdn.example.com' }],
};
const answer = (scope: Partial<Answer['scope']> = {}, lifetime: Answer['lifetime'] = 'always'): Answer => ({
  ...{ action: 'reject', lifetime },
  scope: { ...firstScope(curl), ...scope },
});

test('a question begins with the name that it shows', () => {
  assert.deepEqual(meaningOf(curl, answer()), {
    ok: true,
    value: '/usr/bin/curl of user alice to www.example.com on port 443/tcp, always',
  });
});

test('once makes no rule, and says for which name it is', () => {
  const meaning = meaningOf(curl, answer({}, 'once'));
  assert.deepEqual(meaning, { ok: true, value: 'the waiting connections to www.example.com, and no rule' });
  assert.deepEqual(rulesOf(curl, answer({}, 'once')), { ok: true, value: [] });
});

test('every place that can be chosen makes a rule, and is known again', () => {
  const choices = placeChoices(curl);
  assert.deepEqual(
    choices.map(({ text }) => text),
    [
      'www.example.com',
      'cdn.example.com',
      'example.com and below',
      'all of the list trackers',
      '198.51.100.7',
      'anywhere',
    ],
  );
  for (const { key, value } of choices) {
    assert.equal(placeKey(value, curl), key);
    const scope = { ...answer().scope, name: undefined, list: undefined, ...value };
    assert.ok(meaningOf(curl, { ...answer(), scope }).ok, key);
  }
});

test('who: this process, the app, what it starts; a script’s children cannot be told apart', () => {
  assert.deepEqual(
    whoChoices(curl).map(({ key }) => key),
    ['process', 'app', 'children'],
  );
  const script = {
    ...curl,
    attempt: { ...curl.attempt, process: { exe: '/usr/bin/python3', script: '/srv/a.py', uid: 1 } },
  };
  assert.deepEqual(
    whoChoices(script).map(({ key }) => key),
    ['app'],
  );
});

test('where no rule can be made, the sentence says why', () => {
  const unknown = { ...curl, attempt: { flow: curl.attempt.flow }, names: [], lists: [] };
  const meaning = meaningOf(unknown, { action: 'allow', scope: firstScope(unknown), lifetime: 'always' });
  assert.ok(!meaning.ok && /the program is not known/.test(meaning.error));
});
