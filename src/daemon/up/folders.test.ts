// The folders root makes ready: nothing that others may have put there leads root elsewhere.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { prepareFolders } from './folders.ts';

const account = { uid: 65_533, gid: 65_533 };

describe('folders', { skip: process.geteuid?.() !== 0 && 'giving folders away needs root' }, () => {
  let base: string;
  const wanted = () => ({
    configDir: join(base, 'config'),
    stateDir: join(base, 'state'),
    runtimeDir: join(base, 'run'),
  });
  const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'pt-folders-'));
    chmodSync(base, 0o755);
  });
  afterEach(() => rmSync(base, { recursive: true }));

  test('the group may write rules, and nothing else in the configuration', () => {
    assert.ok(prepareFolders(wanted(), account).ok);
    const { configDir, stateDir, runtimeDir } = wanted();
    assert.deepEqual(
      [configDir, join(configDir, 'rules.d'), join(configDir, 'geo'), stateDir, runtimeDir].map(modeOf),
      ['755', '2775', '2775', '2750', '3775'],
    );
    assert.deepEqual([statSync(configDir).uid, statSync(stateDir).uid], [0, account.uid]);
  });

  test('a link in the place of rules.d is refused, and what it leads to is not given away', () => {
    const secret = join(base, 'secret');
    mkdirSync(secret, { mode: 0o700 });
    mkdirSync(wanted().configDir);
    symlinkSync(secret, join(wanted().configDir, 'rules.d'));
    const prepared = prepareFolders(wanted(), account);
    assert.ok(!prepared.ok);
    assert.match(prepared.error, /rules\.d/);
    assert.deepEqual([modeOf(secret), statSync(secret).gid], ['700', 0]);
  });
});
