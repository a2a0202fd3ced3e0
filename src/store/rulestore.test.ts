// Rules on disk: edits that can be undone, lifetimes over restarts and reboots, and files that are none.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { formatDiagnostic } from '#policy/index.ts';
import { ok } from '#std/result.ts';
import { RuleStore } from './rulestore.ts';

let folder: string;
let rulesDir: string;
let time: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-rules-'));
  rulesDir = join(folder, 'rules.d');
  mkdirSync(rulesDir);
  time = 1_700_000_000_000;
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (bootId = 'this-boot') => new RuleStore({ rulesDir, stateDir: folder, bootId, now: () => time });
const rule = (name: string): RuleText => ({ name, action: 'allow', port: 80 });
const add = (store: RuleStore, name: string) =>
  store.edit(0, `added ${name}`, (draft) => {
    draft.local.add(rule(name));
    return ok(undefined);
  });
const keep = (store: RuleStore, ...records: RuleRecord[]) =>
  store.edit(0, 'kept', (draft) => {
    draft.temporary = [...draft.temporary, ...records];
    return ok(undefined);
  });
const names = (store: RuleStore) => store.temporary().map((record) => record.rule.name);
const inFiles = (store: RuleStore) => store.files().flatMap(({ records }) => records.map((record) => record.rule.name));
const answer = (name: string, lifetime: RuleRecord['lifetime'], expires?: number): RuleRecord => ({
  rule: rule(name),
  origin: 'answer',
  ...(lifetime !== undefined && { lifetime }),
  ...(expires !== undefined && { expires }),
});

test('an answer for always outlives a reboot, one until reboot does not, minutes are minutes', () => {
  const records = [answer('always', 'always'), answer('boot', 'boot'), answer('15m', '15m', time + 900_000)];
  assert.ok(keep(open(), ...records).ok);
  assert.deepEqual(names(open()), ['always', 'boot', '15m']);
  assert.deepEqual(names(open('next-boot')), ['always', '15m']);
  time += 900_001;
  assert.deepEqual(names(open()), ['always', 'boot']);
});

test('an undo after a reboot brings back no rule that was to end with it', () => {
  assert.ok(keep(open(), answer('boot', 'boot'), answer('always', 'always')).ok);
  assert.ok(add(open(), 'a').ok);
  const store = open('next-boot');
  assert.ok(store.undo(0).ok);
  assert.deepEqual([inFiles(store), names(store)], [[], ['always']]);
});

test('each change can be undone, and the undo too; comments stay', () => {
  writeFileSync(join(rulesDir, '50-local.yaml'), '# mine\nrules: # and these\n  - { name: old, action: drop } # why\n');
  const store = open();
  assert.ok(add(store, 'a').ok);
  assert.deepEqual(inFiles(store), ['old', 'a']);
  const text = readFileSync(join(rulesDir, '50-local.yaml'), 'utf8');
  for (const comment of ['# mine', '# and these', '# why']) assert.ok(text.includes(comment), text);
  assert.ok(store.undo(0).ok);
  assert.deepEqual(inFiles(store), ['old']);
  assert.ok(store.undo(0).ok);
  assert.deepEqual(inFiles(store), ['old', 'a']);
  assert.deepEqual(
    store.versions().map(({ what }) => what),
    ['undid: undid: added a', 'undid: added a', 'added a'],
  );
});

test('old versions leave the disk', () => {
  const store = open();
  for (let count = 0; count < 205; count++) assert.ok(keep(store, answer(`a${count}`, 'boot')).ok);
  assert.equal(store.versions().length, 200);
  assert.equal(readdirSync(join(folder, 'versions')).filter((name) => /^\d+\.json$/.test(name)).length, 200);
  assert.equal(store.versions()[0]?.id, 205);
});

test('a pipe, a device and a folder are no rule files, and nobody waits for them', () => {
  spawnSync('mkfifo', [join(rulesDir, 'pipe.yaml')]);
  symlinkSync('/dev/zero', join(rulesDir, 'zero.yaml'));
  mkdirSync(join(rulesDir, 'folder.yaml'));
  symlinkSync('nowhere', join(rulesDir, 'gone.yaml'));
  const problems = open()
    .files()
    .flatMap(({ diagnostics }) => diagnostics.map(formatDiagnostic));
  assert.equal(problems.length, 4);
  for (const name of ['folder', 'pipe', 'zero']) {
    assert.ok(
      problems.some((text) => text.includes(`${name}.yaml:1:1: error: it cannot be read: it is no file`)),
      problems.join('\n'),
    );
  }
});
