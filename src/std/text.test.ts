import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeText, formatJson } from './text.ts';

test('controls, direction marks and hidden characters are shown, not obeyed', () => {
  assert.equal(escapeText('a\u001b[31mred\u0007'), 'a\\x1b[31mred\\x07');
  assert.equal(escapeText('line\nbreak'), 'line\\x0abreak');
  assert.equal(escapeText('gpj.\u202eexe'), 'gpj.\\u{202e}exe');
  assert.equal(escapeText('a\u200bb\u{e0041}'), 'a\\u{200b}b\\u{e0041}');
  assert.equal(escapeText('Grüße, 世界 🙂 \\x1b'), 'Grüße, 世界 🙂 \\x1b');
});

test('JSON has no controls, and is the same value', () => {
  const value = { 'a\u009b': ['\u001b[2J', '\u202e', '\u{e0041}', '\u2028', 'é 猫 😀', 5, null] };
  for (const text of [formatJson(value), formatJson(value, 2)]) {
    assert.deepEqual(JSON.parse(text), value);
    assert.doesNotMatch(text, /[^\P{C}\n]|\p{Zl}/u);
    assert.ok(text.includes('é 猫 😀'));
  }
});
