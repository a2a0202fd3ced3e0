// Compiled code is run: it is taken from a folder of its owner alone.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { codeFolder } from './codefolder.ts';

const account = { uid: 65_533, gid: 65_533 };

describe('folders of compiled code', { skip: process.geteuid?.() !== 0 && 'giving folders away needs root' }, () => {
  let base: string;
  const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'pt-code-'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  test('what others may write, what is not ours, and a link are not taken', () => {
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
