// settings.yaml: comments stay, and what cannot be set is refused in a sentence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeSettingsText, parseSettingsFile } from './settingsfile.ts';

test('what is set is read, and null takes it out again', () => {
  const text = changeSettingsText('', { hold: 60, fail: 'closed' });
  assert.match(text, /^# What was set/);
  assert.deepEqual(parseSettingsFile(text), { ok: true, value: { hold: 60, fail: 'closed' } });
  const edited = changeSettingsText(text.replace('hold: 60', 'hold: 60 # coffee'), { fail: null, 'journal-days': 7 });
  assert.match(edited, /hold: 60 # coffee\njournal-days: 7\n$/);
  assert.deepEqual(parseSettingsFile(''), { ok: true, value: {} });
});

for (const [what, text, error] of [
  ['too long', 'hold: 121', /^hold: .*120/],
  ['another word', 'fail: maybe', /^fail: /],
  ['another key', 'colour: red', /colour/],
  ['no mapping', '- 1', /./],
  ['no YAML', 'a: [', /./],
] as const) {
  test(`refused: ${what}`, () => {
    const parsed = parseSettingsFile(text);
    assert.equal(parsed.ok, false);
    if (!parsed.ok) assert.match(parsed.error, error);
  });
}
