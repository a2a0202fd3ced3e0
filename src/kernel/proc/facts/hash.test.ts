import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hashFile } from './hash.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-hash-'));
after(() => rmSync(folder, { recursive: true }));

test('the hash of a file, and which file it was', async () => {
  const file = join(folder, 'file');
  const bytes = Buffer.alloc(3_000_001, 'postern');
  writeFileSync(file, bytes);
  const { dev, ino, ctimeNs } = statSync(file, { bigint: true });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(await hashFile(file), { sha256, file: `${dev}:${ino}:${ctimeNs}` });
});

test('an empty file has the hash of nothing', async () => {
  const file = join(folder, 'empty');
  writeFileSync(file, '');
  assert.equal((await hashFile(file)).sha256, createHash('sha256').digest('hex'));
});

test('a file that is changed while it is read has no hash', async () => {
  const file = join(folder, 'growing');
  writeFileSync(file, Buffer.alloc(64 * 1024 * 1024));
  const growing = setInterval(() => appendFileSync(file, 'x'), 1);
  await assert.rejects(hashFile(file), /changed while it was read/);
  clearInterval(growing);
});

test('what is no ordinary file is not read, and not waited for', async () => {
  const fifo = join(folder, 'fifo');
  execFileSync('/usr/bin/mkfifo', [fifo]);
  await assert.rejects(hashFile(fifo), /not an ordinary file/);
  await assert.rejects(hashFile('/dev/zero'), /not an ordinary file/);
  await assert.rejects(hashFile(folder), /not an ordinary file/);
  await assert.rejects(hashFile(join(folder, 'nosuch')), /ENOENT/);
});
