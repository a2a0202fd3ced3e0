// The invariants of ARCHITECTURE.md name the tests that hold them; those tests must be there.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSource, root } from './sources.ts';

const invariants = (/^## Invariants\n([\s\S]*?)^## /m.exec(readSource('ARCHITECTURE.md').text)?.[1] ?? '')
  .split(/^(?=\d+\. )/m)
  .filter((part) => /^\d/.test(part));

test('there are nine invariants, and each names a test', () => {
  assert.deepEqual(
    invariants.map((text) => Number.parseInt(text, 10)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  for (const text of invariants) assert.match(text, /`[^`]+\.test\.ts`: "/);
});

test('each test that an invariant names is there', () => {
  const named = invariants.flatMap((text) => [...text.matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"/g)]);
  const missing = named
    .filter(([, path = '', title = '']) => {
      if (!existsSync(join(root, path))) return true;
      const titles = readSource(path).text.matchAll(/\btest\(\s*(['"`])([\s\S]+?)\1,/g);
      return ![...titles].some((found) => found[2]?.includes(title));
    })
    .map(([, path, title]) => `${path}: ${title}`);
  assert.deepEqual(missing, []);
});

test('the layers written there are those that are checked, and each is explained', () => {
  const { text } = readSource('ARCHITECTURE.md');
  const layers = /^`std → .*`$/m.exec(text)?.[0] ?? '';
  const cruised = [...readSource('.dependency-cruiser.cjs').text.matchAll(/^ {2}\[(.*)\],$/gm)].map((found) =>
    (found[1] ?? '').replaceAll("'", '').replaceAll(', ', ' | '),
  );
  assert.equal(layers, `\`${cruised.join(' → ')}\``, 'the layers are those of .dependency-cruiser.cjs');
  for (const name of cruised.flatMap((group) => group.split(' | ')))
    assert.ok(text.includes(`**\`src/${name}\`**`), name);
});
