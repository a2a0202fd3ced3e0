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

  test('what others may write, what is not ours, and a link are not taken, and the next place is', () => {
    const [beside, runtime] = ['program', 'run'].map((name) => join(base, name));
    const code = () => codeFolder(runtime as string, 0, beside as string);
    const path = join(beside as string, 'code-0');
    const next = join(runtime as string, 'code-0');
    assert.equal(code(), path);
    assert.equal(modeOf(path), '700');
    assert.equal(code(), path, 'and found again');
    chmodSync(path, 0o777);
    assert.equal(code(), next, 'open to others');
    chmodSync(path, 0o700);
    chownSync(path, account.uid, account.gid);
    assert.equal(code(), next, "somebody else's");
    rmSync(path, { recursive: true });
    symlinkSync('/', path);
    assert.equal(code(), next, 'a link');
    chmodSync(next, 0o777);
    assert.equal(code(), undefined);
    const other = codeFolder(runtime as string, account.uid, beside as string);
    assert.equal(statSync(other ?? '').uid, account.uid);
    assert.equal(codeFolder(runtime as string, account.uid, beside as string), other);
  });
});
