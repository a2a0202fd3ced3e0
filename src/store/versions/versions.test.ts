// Versions of whole folders of rule files: put back byte by byte, also after a restart, and with what was changed by hand.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ok } from '#std/result.ts';
import { RuleStore } from '../rulestore.ts';
import { readRuleTexts } from './ruletexts.ts';

let folder: string;
let rulesDir: string;
let store: RuleStore;

const open = () => new RuleStore({ rulesDir, stateDir: folder, bootId: 'boot', now: () => 1_700_000_000_000 });
const write = (name: string, text: string) => writeFileSync(join(rulesDir, name), text);
const texts = () => readRuleTexts(rulesDir);
const whats = () => store.versions().map(({ what }) => what);
const add = (name: string) =>
  store.edit(7, `added ${name}`, (draft) => {
    draft.local.add({ name, action: 'allow', port: 80 });
    return ok(undefined);
  });

const first = {
  '10-web.yaml': '# why\r\nrules:   [ { name: web, action: allow, port: 80 } ]  # so\n\n',
  '50-local.yaml': '# mine\nrules:\n  - { name: own, action: allow, port: 1 }\n',
  'old.yml': 'rules: []',
};
const second = {
  '10-web.yaml': 'rules:\n  - name: web # other\n    action: drop\n',
  '20-new.yaml': '# new\nrules: []\n',
  '50-local.yaml': first['50-local.yaml'],
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-versions-'));
  rulesDir = join(folder, 'rules.d');
  mkdirSync(rulesDir);
  for (const [name, text] of Object.entries(first)) write(name, text);
  store = open();
  assert.deepEqual(store.noticeFiles(), ok(undefined), 'what is there at the first start is no change');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder takes the place of another, and one undo after a restart brings back each byte', () => {
  assert.ok(store.replace(0, 'applied', second).ok);
  assert.deepEqual(texts(), second);
  store = open();
  assert.deepEqual(whats(), ['applied']);
  assert.ok(store.undo(0).ok);
  assert.deepEqual(texts(), first);
  store = open();
  assert.ok(store.undo(0).ok);
  assert.deepEqual(texts(), second);
});

test('what a change did to each file is told', () => {
  assert.ok(store.replace(0, 'applied', second).ok);
  const found = store.difference(1);
  assert.ok(found.ok);
  const files = found.value.files.filter(({ before, after }) => before !== after);
  assert.deepEqual(
    files.map(({ file, before, after }) => [file.slice(rulesDir.length + 1), before, after]),
    [
      ['10-web.yaml', first['10-web.yaml'], second['10-web.yaml']],
      ['20-new.yaml', '', second['20-new.yaml']],
      ['old.yml', first['old.yml'], ''],
    ],
  );
});

test('what was changed by hand is a version of its own: before the next change, and after a restart', () => {
  write('old.yml', '# by hand\nrules: []\n');
  assert.ok(add('a').ok);
  assert.deepEqual(whats(), ['added a', 'changed old.yml by hand']);
  assert.equal(store.versions()[1]?.uid, 0, 'what is ours only root changes beside us');
  write('10-web.yaml', 'rules: [');
  rmSync(join(rulesDir, 'old.yml'));
  store = open();
  const noticed = store.noticeFiles();
  assert.equal(noticed.ok && noticed.value?.what, 'changed 10-web.yaml by hand and 1 more');
  assert.deepEqual(store.noticeFiles(), ok(undefined), 'once');
  assert.ok(store.undo(0).ok);
  assert.deepEqual([texts()['10-web.yaml'], texts()['old.yml']], [first['10-web.yaml'], '# by hand\nrules: []\n']);
});

test('nothing that was written by hand is lost by an undo: it is the change that is undone', () => {
  assert.ok(add('a').ok);
  write('10-web.yaml', 'rules: [] # mine\n');
  const undone = store.undo(0);
  assert.equal(undone.ok && undone.value.undone.what, 'changed 10-web.yaml by hand');
  assert.ok(store.undo(0).ok);
  assert.equal(texts()['10-web.yaml'], 'rules: [] # mine\n');
});

test('the rules go back to a change before a folder was applied, and forward again', () => {
  assert.ok(add('a').ok);
  const before = texts();
  assert.ok(store.replace(0, 'applied', second).ok);
  assert.ok(add('b').ok);
  const after = texts();
  assert.ok(store.rollback(0, 1).ok);
  assert.deepEqual(texts(), before);
  assert.ok(store.undo(0).ok);
  assert.deepEqual(texts(), after);
});

test('a text that was lost, or is another now, is not put back, and nothing is touched', () => {
  assert.ok(store.replace(0, 'applied', second).ok);
  const kept = join(folder, 'versions/texts');
  for (const name of readdirSync(kept)) writeFileSync(join(kept, name), 'rules: [] # another\n');
  const undone = store.undo(0);
  assert.match(undone.ok ? '' : undone.error.message, /is lost/);
  assert.deepEqual(texts(), second);
});

test('where a file cannot be written, those before it are put back, and there is no version', () => {
  // A folder of that name stands in the way of the second one.
  mkdirSync(join(rulesDir, '20-new.yaml'));
  const done = store.replace(0, 'applied', second);
  assert.equal(done.ok ? '' : done.error.kind, 'storage');
  rmSync(join(rulesDir, '20-new.yaml'), { recursive: true });
  assert.deepEqual([texts(), whats()], [first, []]);
});

test('texts that no version has any more leave the disk', () => {
  for (let count = 0; count < 270; count++) {
    assert.ok(store.replace(0, 'applied', { 'x.yaml': `rules: [] # ${count}\n` }).ok);
  }
  assert.ok(readdirSync(join(folder, 'versions/texts')).length <= 202);
  for (let count = 0; count < 3; count++) assert.ok(store.rollback(0, store.versions().at(-2)?.id ?? 0).ok);
  assert.match(readFileSync(join(rulesDir, 'x.yaml'), 'utf8'), /# 7/);
});
