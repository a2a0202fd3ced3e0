// Views that are kept: each user's own, over restarts, so many and no more.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { maxViews } from '#model/query/view.ts';
import { Views } from './views.ts';

let folder: string;
let said: string[];
const open = () => new Views(folder, (text) => said.push(text));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-views-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a view is kept for its user alone, taken back by its name, and there after a restart', () => {
  const views = open();
  assert.ok(views.keep(1000, 'Refusals', { q: 'verdict:reject', range: '24h' }).ok);
  assert.ok(views.keep(1000, 'By app', { by: 'app' }).ok);
  assert.ok(views.keep(1001, 'Refusals', { q: 'app:curl' }).ok);
  assert.ok(views.keep(1000, 'Refusals', { q: 'verdict:drop' }).ok);
  const kept = [
    { name: 'By app', view: { by: 'app' } },
    { name: 'Refusals', view: { q: 'verdict:drop' } },
  ];
  assert.deepEqual(views.list(1000), kept);
  assert.deepEqual(open().list(1000), kept);
  assert.deepEqual(open().forget(1000, 'By app'), { ok: true, value: kept.slice(1) });
  const again = open().forget(1000, 'By app');
  assert.ok(!again.ok && again.error.code === 'not-found');
  assert.deepEqual(open().list(1001), [{ name: 'Refusals', view: { q: 'app:curl' } }]);
  assert.deepEqual(open().list(0), []);
  assert.deepEqual(said, []);
});

test('there are so many of a user and no more, and a full set takes a changed one', () => {
  const views = open();
  for (let at = 0; at < maxViews; at += 1) assert.ok(views.keep(1000, `view ${at}`, {}).ok);
  const more = views.keep(1000, 'one more', {});
  assert.ok(!more.ok && more.error.code === 'too-many');
  assert.ok(views.keep(1000, 'view 7', { q: 'own:no' }).ok);
  assert.ok(views.keep(1001, 'of another', {}).ok);
});

test('a file that is none is said, and nothing of it is believed', () => {
  for (const text of ['{', '{"x":[]}', '{"1000":[{"name":"a","view":{"q":"app:\\""}}]}', '[]']) {
    writeFileSync(join(folder, 'views.json'), text);
    said = [];
    assert.deepEqual(open().list(1000), [], text);
    assert.equal(said.length, 1, text);
  }
});

test('where nothing can be written it holds for now, and that is said', () => {
  const views = new Views(join(folder, 'none'), (text) => said.push(text));
  assert.ok(views.keep(1000, 'a', {}).ok);
  assert.equal(views.list(1000).length, 1);
  assert.match(said.join(), /^The views of History cannot be kept in .*views\.json \(/);
  assert.throws(() => readFileSync(join(folder, 'none/views.json')));
});
