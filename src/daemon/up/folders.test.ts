// The folders root makes ready: nothing that others may have put there leads root elsewhere.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { codeFolder, prepareFolders } from './folders.ts';

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

  test('compiled code is taken from a folder of its owner alone', () => {
    const code = () => codeFolder(base, 'gate', 0);
    const path = join(base, 'code-gate');
    assert.equal(code(), path);
    assert.equal(modeOf(path), '700');
    assert.equal(code(), path, 'and found again');
    chmodSync(path, 0o777);
    assert.equal(code(), undefined, 'open to others');
    chmodSync(path, 0o700);
    chownSync(path, account.uid, account.gid);
    assert.equal(code(), undefined, "somebody else's");
    rmSync(path, { recursive: true });
    symlinkSync('/', path);
    assert.equal(code(), undefined, 'a link');
    const control = codeFolder(base, 'control', account.uid);
    assert.equal(statSync(control ?? '').uid, account.uid);
    assert.equal(codeFolder(base, 'control', account.uid), control);
    assert.equal(codeFolder(base, 'control', 0), undefined);
  });
});
