// The lock of a runtime folder: held once, told by whom, and no way to have root empty another file.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { takeLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'pt-lock-'));
after(() => rmSync(folder, { recursive: true }));

test('a second holder is told who has it, and the end of the first gives it back', () => {
  const file = join(folder, 'postern.lock');
  const first = takeLock(file);
  assert.ok(first.held);
  assert.deepEqual(takeLock(file), { held: false, pid: String(process.pid) });
  first.close();
  const again = takeLock(file);
  assert.ok(again.held);
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  again.close();
});

test('a link is not followed', () => {
  const other = join(folder, 'precious');
  writeFileSync(other, 'kept');
  symlinkSync(other, join(folder, 'linked.lock'));
  assert.throws(() => takeLock(join(folder, 'linked.lock')), /ELOOP/);
  assert.equal(readFileSync(other, 'utf8'), 'kept');
});
