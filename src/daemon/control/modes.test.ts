// The mode: what an unconfirmed one goes back to, and what a pause leaves.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { changeMode } from './modes.ts';
import { SettingsFile } from './settings.ts';

let folder: string;
const open = () => new SettingsFile(folder, assert.fail);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-modes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('an unconfirmed lockdown goes back, also when it was asked for twice', () => {
  const settings = open();
  changeMode(settings, { mode: 'ask' }, 0);
  changeMode(settings, { mode: 'lockdown', revertSeconds: 60 }, 1000);
  changeMode(settings, { mode: 'lockdown', revertSeconds: 60 }, 2000);
  assert.deepEqual([settings.mode(61_999), settings.mode(62_000)], ['lockdown', 'ask']);
  assert.equal(open().mode(62_000), 'ask', 'also after a restart');
  changeMode(settings, { mode: 'lockdown', revertSeconds: 60 }, 70_000);
  assert.equal(settings.mode(130_000), 'ask', 'the first one is over, and was not confirmed');
  changeMode(settings, { mode: 'lockdown', revertSeconds: 60 }, 140_000);
  changeMode(settings, { confirm: true }, 150_000);
  assert.equal(settings.mode(10 ** 9), 'lockdown');
});

test('a lockdown out of a pause goes back to the mode that was paused', () => {
  const settings = open();
  changeMode(settings, { mode: 'ask' }, 0);
  changeMode(settings, { pauseMinutes: 10 }, 0);
  assert.deepEqual([settings.mode(1), settings.mode(600_000)], ['observe', 'ask']);
  changeMode(settings, { mode: 'lockdown', revertSeconds: 60 }, 1000);
  assert.deepEqual([settings.mode(2000), settings.mode(61_000)], ['lockdown', 'ask']);
});
