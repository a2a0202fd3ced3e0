// The supervisor outlives whatever its children say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type StatusLine, statusLines } from './statusline.ts';

function heard(...parts: readonly string[]): StatusLine[] {
  const lines: StatusLine[] = [];
  const hear = statusLines((line) => lines.push(line));
  for (const part of parts) hear(part);
  return lines;
}

test('lines are heard however they are cut', () => {
  assert.deepEqual(heard('{"rea', 'dy":true}\n{"ready":"mode ask"}\n{"fat', 'al":"why"}\n'), [
    { ready: true },
    { ready: 'mode ask' },
    { fatal: 'why' },
  ]);
});

test('what is no status line is left out, and the next one is heard', () => {
  assert.deepEqual(heard('garbage\nnull\n5\n[]\n{"ready":{"toString":1}}\n{"ready":true}\n'), [
    {},
    {},
    { ready: true },
  ]);
});

test('a port is a number', () => {
  assert.deepEqual(
    heard('{"ready":true,"pagesPort":7878}\n{"ready":true,"pagesPort":"78; evil"}\n{"pagesPort":1.5}\n'),
    [{ ready: true, pagesPort: 7878 }, { ready: true }, {}],
  );
});

test('a line without an end is not kept', () => {
  const endless = Array<string>(1000).fill('x'.repeat(65_536));
  assert.deepEqual(heard(...endless, '{"ready":true}\n{"ready":true}\n'), [{ ready: true }]);
});

test('nothing makes it throw', () => {
  fc.assert(fc.property(fc.array(fc.string()), (parts) => void heard(...parts, '\n')));
});
