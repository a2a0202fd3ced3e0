import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeText } from './text.ts';

test('controls, direction marks and hidden characters are shown, not obeyed', () => {
  assert.equal(escapeText('a\u001b[31mred\u0007'), 'a\\x1b[31mred\\x07');
  assert.equal(escapeText('line\nbreak'), 'line\\x0abreak');
  assert.equal(escapeText('gpj.\u202eexe'), 'gpj.\\u{202e}exe');
  assert.equal(escapeText('a\u200bb\u{e0041}'), 'a\\u{200b}b\\u{e0041}');
  assert.equal(escapeText('Grüße, 世界 🙂 \\x1b'), 'Grüße, 世界 🙂 \\x1b');
});
