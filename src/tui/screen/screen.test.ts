// The picture of the terminal view at every width: no line is wider than the terminal, and no name is more than text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { renderToString } from 'ink';
import { createElement } from 'react';
import { hostileName, madeClient, madeLine, madeQuestion } from '../made.testing.ts';
import { type Press, Terminal } from '../terminal.ts';
import { Frame, separate } from './screen.ts';

async function drawn(presses: readonly Press[], columns: number, rows: number, live = true): Promise<string> {
  const made = madeClient();
  made.lines.push(
    madeLine(1),
    madeLine(2, { action: 'reject' }, hostileName),
    madeLine(3, { evidence: [] }, '/usr/bin/日本語'),
  );
  made.prompts = [madeQuestion('q-1'), madeQuestion('q-2', hostileName)];
  const stop = new AbortController();
  const terminal = new Terminal(made.client);
  void terminal.run(stop.signal);
  while (terminal.picture.rows.length === 0) await sleep(2);
  for (const press of presses) terminal.press(press);
  await sleep(20);
  stop.abort();
  return renderToString(createElement(Frame, { picture: terminal.picture, columns, rows, live }), { columns });
}

/** Columns of a terminal: these tests have no signs but those of Chinese and Japanese that take two. */
const width = (text: string) => [...text].reduce((sum, sign) => sum + (/[\u3000-\u9fff]/.test(sign) ? 2 : 1), 0);
const tab: Press = { text: '', name: 'tab' };
const views: Readonly<Record<string, readonly Press[]>> = {
  'as it begins': [],
  'with a question chosen': [tab],
  'with an explanation': [tab, tab, { text: 'e' }],
  'with its keys': [{ text: '?' }],
  'with the modes': [{ text: 'm' }],
  'while one searches': [{ text: '/' }, { text: 'x'.repeat(90) }],
};

for (const [name, presses] of Object.entries(views)) {
  test(`${name} it fits from 40 to 200 columns`, async () => {
    for (const [columns, rows] of [
      [40, 12],
      [64, 24],
      [100, 30],
      [200, 60],
    ] as const) {
      const lines = stripVTControlCharacters(await drawn(presses, columns, rows)).split('\n');
      assert.ok(lines.length <= rows, `${lines.length} of ${rows} rows`);
      for (const line of lines) assert.ok(width(line) <= columns, `${width(line)} of ${columns}: ${line}`);
      assert.match(lines[0] ?? '', /^Postern · ask · 2 questions/);
    }
  });
}

test('keys that come together are each what they are alone', () => {
  assert.deepEqual(separate('\td/a\r'), [
    { text: '\t', name: 'tab' },
    { text: 'd' },
    { text: '/' },
    { text: 'a' },
    { text: '\r', name: 'enter' },
  ]);
});

test('names are only text', async () => {
  const text = stripVTControlCharacters(await drawn([tab, tab], 160, 30));
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  assert.ok(text.includes('e\\x1b[31mvil\\u{202e}\\x0a<b>'), text);
});

test('what is chosen, what became of it and how sure it is are said without colour', async () => {
  const text = stripVTControlCharacters(await drawn([tab], 110, 30));
  assert.match(text, /^› \? curl \(alice\) wants to reach www\.example\.com, port 443\/tcp +\d+ s$/m);
  assert.match(text, /✗ refused/);
  assert.match(text, /✓ allowed .* ● /);
  assert.match(text, /日本語 .*✓ allowed .* · /);
  assert.match(text, /For the waiting connections to www\.example\.com, and no rule/);
});

test('one picture for scripts has all rows and no keys', async () => {
  const text = stripVTControlCharacters(await drawn([], 100, 9, false));
  assert.equal(text.trimEnd().split('\n').length, 9);
  assert.doesNotMatch(text, /j k move/);
});
