// The mode on disk: no disk decides over the mode that is in force.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { SettingsFile } from './settings.ts';

let folder: string;
let told: string[];
const open = () => new SettingsFile(folder, (text) => told.push(text));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-settings-'));
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('where nothing can be written the mode holds all the same, and that is said once', () => {
  rmSync(folder, { recursive: true });
  const settings = open();
  settings.change({ mode: 'ask' });
  settings.change({ revision: 5 });
  assert.deepEqual([settings.mode(1), settings.current.revision], ['ask', 5]);
  assert.equal(told.length, 1);
  assert.match(told[0] as string, /cannot be kept in .*settings\.json/);
  mkdirSync(folder);
  settings.change({ revision: 6 });
  assert.equal(open().mode(1), 'ask');
});

test('a file that is none is said, and none at all is the first run', () => {
  assert.equal(open().mode(0), 'observe');
  assert.deepEqual(told, []);
  writeFileSync(join(folder, 'settings.json'), '{"mode":"lockdown","revision":');
  assert.equal(open().mode(0), 'observe');
  assert.match(told.join(), /could not be read .*it is observe/);
});
