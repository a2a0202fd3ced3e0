import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { placesOf, socketsAt } from './places.ts';
import { reachedBy } from './reached.ts';

let folder: string;
let pid: number;

before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'postern-reached-')));
  mkdirSync(join(folder, 'run/below'), { recursive: true });
  writeFileSync(join(folder, 'run/file'), '');
  symlinkSync(join(folder, 'run'), join(folder, 'whole'));
  symlinkSync('run/file', join(folder, 'part'));
  symlinkSync('round', join(folder, 'round'));
  pid = spawn('sleep', ['100'], { cwd: join(folder, 'run/below') }).pid ?? 0;
});
after(() => {
  process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

test('a path leads where it leads for the process', () => {
  const file = join(folder, 'run/file');
  for (const path of [
    file,
    join(folder, 'part'),
    join(folder, 'whole/file'),
    `${folder}//run/./below/../file`,
    '../file',
    '../../part',
    `/proc/self/root${file}`,
    '/proc/self/cwd/../file',
    `/proc/thread-self/cwd/../file`,
    `/proc/${pid}/cwd/../file`,
    '/../../proc/self/root/proc/self/cwd/../file',
  ]) {
    const found = reachedBy(pid, path);
    assert.equal(found?.path, file, path);
    assert.equal(found?.file?.ino, statSync(file).ino, path);
  }
});

test('what is not there leads nowhere else, and what goes in circles nowhere', () => {
  assert.deepEqual(reachedBy(pid, '../none/more'), { path: join(folder, 'run/none/more'), file: undefined });
  assert.equal(reachedBy(pid, join(folder, 'round')), undefined);
});

test('a process that has ended sees nothing', async () => {
  const ended = spawn('true');
  await once(ended, 'exit');
  assert.equal(reachedBy(ended.pid ?? 0, '/etc'), undefined);
});

test('places are what is there', () => {
  assert.deepEqual(placesOf(`${folder}/r*/bel*/`, []), [`${folder}/run/below/`]);
  assert.deepEqual(placesOf('~/run/file', [folder, '/nowhere']), [join(folder, 'run/file')]);
  assert.deepEqual(placesOf(`${folder}/run/file/`, []), [], 'a file is no folder');
  assert.deepEqual(socketsAt(`${folder}/`), [], 'and no socket');
});
