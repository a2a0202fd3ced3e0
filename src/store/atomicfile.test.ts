// A file is there whole or as it was, also when the disk takes only a part of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readIfThere, writeAtomically } from './atomicfile.ts';

const folder = mkdtempSync(join(tmpdir(), 'pt-atomic-'));
after(() => rmSync(folder, { recursive: true }));

test('a link that waits beside the file is not followed', () => {
  const file = join(folder, 'a');
  const precious = join(folder, 'precious');
  writeFileSync(precious, 'kept');
  symlinkSync(precious, `${file}.${process.pid}.new`);
  writeAtomically(file, 'text');
  assert.deepEqual([readIfThere(file), readIfThere(precious)], ['text', 'kept']);
  assert.equal(readIfThere(join(folder, 'none')), undefined);
});

test('a write that ends half-way leaves the old file, and nothing beside it', () => {
  const file = join(folder, 'half');
  writeFileSync(file, 'old');
  // A limit on the size of files cuts a write as a full disk does: the first part is taken without an error.
  const script = `process.on('SIGXFSZ', () => {});
    const { writeAtomically } = await import(${JSON.stringify(join(import.meta.dirname, 'atomicfile.ts'))});
    try { writeAtomically(${JSON.stringify(file)}, 'new'.repeat(10_000)); } catch (error) { console.log(error.code); }`;
  const ran = spawnSync('prlimit', ['--fsize=4096', process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.equal(ran.stdout.trim(), 'EFBIG', ran.stderr);
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('half')),
    ['half'],
  );
});
