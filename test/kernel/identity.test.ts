// Who a process is, on the real kernel: whatever a program does to its name, its file or its arguments.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProcessTable } from '#attribution/processtable.ts';
import { procReader } from '#kernel/proc/process/read.ts';
import { canonicalPath } from '#kernel/proc/process/script.ts';
import type { Process } from '#model/process.ts';
import { scratchFolder, start, until } from './programs.ts';

const sleepFile = realpathSync('/usr/bin/sleep');
const python = '/usr/bin/python3';
const hasPython = spawnSync(python, ['-c', '0']).status === 0;

function look(pid: number): Process {
  const process = new ProcessTable(procReader, false).get(pid, 0);
  assert.ok(process, `nothing is known of process ${pid}`);
  return process;
}

async function sleeping(context: TestContext, file: string, argv0 = 'sleep'): Promise<Process & { pid: number }> {
  const { pid } = await start(context, file, ['60'], { running: file.slice(file.lastIndexOf('/')), argv0 });
  return { ...look(pid), pid };
}

test('an ordinary program is itself, with the numbers of its file', async (context) => {
  const process = await sleeping(context, sleepFile);
  const file = statSync(sleepFile, { bigint: true });
  assert.equal(process.exe, sleepFile);
  assert.equal(process.image?.state, 'host');
  assert.equal(process.image?.identity.inode, String(file.ino));
  assert.equal(process.image?.identity.device, String(file.dev));
  assert.equal(process.image?.identity.ctime, String(file.ctimeNs));
  assert.match(process.image?.identity.generation ?? '', /^\d+$/);
  assert.deepEqual(process.args, ['sleep', '60']);
  assert.equal(process.script, null);
  assert.equal(process.uid, 0);
  assert.match(process.cgroup ?? '', /^\//);
  assert.ok((process.ancestors?.length ?? 0) > 0);
});

test('a copy is another program, whatever it calls itself', async (context) => {
  const copy = join(scratchFolder(context), 'sleep');
  copyFileSync(sleepFile, copy);
  const process = await sleeping(context, copy, sleepFile);
  assert.equal(process.exe, copy);
  assert.equal(process.args?.[0], sleepFile);
  assert.notEqual(process.image?.identity.inode, String(statSync(sleepFile).ino));
});

test('a program renamed while it runs is the file it was', async (context) => {
  const folder = scratchFolder(context);
  const [before, later] = [join(folder, 'before'), join(folder, 'later')];
  copyFileSync(sleepFile, before);
  const { pid } = await sleeping(context, before);
  renameSync(before, later);
  const process = look(pid);
  assert.equal(process.exe, later);
  assert.equal(process.image?.identity.inode, String(statSync(later).ino));
});

test('hard and symbolic links lead to the same file', async (context) => {
  const folder = scratchFolder(context);
  const [file, hard, symbolic] = [join(folder, 'file'), join(folder, 'hard'), join(folder, 'symbolic')];
  copyFileSync(sleepFile, file);
  linkSync(file, hard);
  symlinkSync(file, symbolic);
  const bySymbolic = await start(context, symbolic, ['60'], { running: '/file' });
  assert.equal(look(bySymbolic.pid).exe, file);
  assert.equal(canonicalPath(symbolic), file);
  const byHard = await sleeping(context, hard);
  assert.deepEqual(byHard.image?.identity, look(bySymbolic.pid).image?.identity);
});

test('a file bind-mounted over a program in another mount namespace is not that program', async (context) => {
  const evil = join(scratchFolder(context), 'evil');
  copyFileSync(sleepFile, evil);
  const script = `mount --bind ${evil} /usr/bin/true && exec /usr/bin/true 60`;
  const { pid } = await start(context, 'unshare', ['-m', 'sh', '-c', script], { running: '/true' });
  const process = look(pid);
  assert.equal(process.image?.path, '/usr/bin/true');
  assert.equal(process.image?.state, 'foreign');
  assert.equal(process.exe, null);
});

test("another mount namespace's own file of the same path is not the host's", async (context) => {
  const folder = scratchFolder(context);
  const program = join(folder, 'program');
  copyFileSync('/usr/bin/true', program);
  const script = `mount -t tmpfs none ${folder} && cp ${sleepFile} ${program} && exec ${program} 60`;
  const { pid } = await start(context, 'unshare', ['-m', 'sh', '-c', script], { running: '/program' });
  const process = look(pid);
  assert.equal(process.image?.path, program);
  assert.equal(process.image?.state, 'foreign');
  assert.equal(process.exe, null);
});

test('a deleted program has no path, but keeps its numbers', async (context) => {
  const file = join(scratchFolder(context), 'gone');
  copyFileSync(sleepFile, file);
  const before = await sleeping(context, file);
  unlinkSync(file);
  const process = look(before.pid);
  assert.equal(process.exe, null);
  assert.equal(process.image?.state, 'deleted');
  assert.equal(process.image?.path, file);
  assert.equal(process.image?.identity.inode, before.image?.identity.inode);
});

test('a deleted program whose file has another link is deleted too', async (context) => {
  const folder = scratchFolder(context);
  const [file, other] = [join(folder, 'gone'), join(folder, 'other')];
  copyFileSync(sleepFile, file);
  linkSync(file, other);
  const { pid } = await sleeping(context, file);
  unlinkSync(file);
  const process = look(pid);
  assert.equal(process.image?.state, 'deleted');
  assert.equal(process.exe, null);
});

test('a file may really be named "x (deleted)"', async (context) => {
  const folder = scratchFolder(context);
  const file = join(folder, 'x (deleted)');
  copyFileSync(sleepFile, file);
  copyFileSync('/usr/bin/true', join(folder, 'x'));
  const process = await sleeping(context, file);
  assert.equal(process.exe, file);
  assert.equal(process.image?.state, 'host');
});

test('a file whose name is not UTF-8 is a file of the host', async (context) => {
  const name = Buffer.concat([Buffer.from(join(scratchFolder(context), 'bad-')), Buffer.from([0xff, 0xfe])]);
  copyFileSync(sleepFile, name);
  const child = await start(context, 'sh', ['-c', 'exec "$(printf "$0")" 60', `${name.subarray(0, -2)}\\377\\376`]);
  await until(() => procReader.see(child.pid)?.image?.path.includes('bad-') === true, 'exec');
  const process = look(child.pid);
  assert.equal(process.image?.state, 'host');
  assert.match(process.exe ?? '', /bad-\ufffd/);
});

test('a program in memory has no file', { skip: !hasPython && 'python3 is not installed' }, async (context) => {
  const source = [
    'import os',
    `fd = os.memfd_create("sleep", 0); os.write(fd, open(${JSON.stringify(sleepFile)}, "rb").read())`,
    `os.execve(fd, [${JSON.stringify(sleepFile)}, "60"], {})`,
  ].join('\n');
  const { pid } = await start(context, python, ['-c', source], { running: '/memfd:sleep (deleted)' });
  const process = look(pid);
  assert.equal(process.exe, null);
  assert.equal(process.image?.state, 'memfd');
  assert.equal(process.image?.path, '/memfd:sleep');
});

test('a program replaced on disk: who was seen at exec stays itself, who comes later is the new file', async (context) => {
  const folder = scratchFolder(context);
  const [file, update] = [join(folder, 'service'), join(folder, 'service.new')];
  copyFileSync(sleepFile, file);
  const table = new ProcessTable(procReader, true);
  const old = await start(context, file, ['60'], { running: '/service' });
  table.handle({ what: 'exec', pid: old.pid, tgid: old.pid, parentTgid: 0 }, 0);
  copyFileSync(sleepFile, update);
  renameSync(update, file);
  const later = await start(context, file, ['60'], { running: '/service' });
  const [first, second] = [table.get(old.pid, 1), table.get(later.pid, 1)];
  assert.equal(first?.exe, file);
  assert.equal(second?.exe, file);
  assert.notEqual(first?.image?.identity.inode, second?.image?.identity.inode);
  assert.equal(look(old.pid).exe, null, 'nobody saw its exec: the host has another file there');
});

test('a running program is not overwritten, or is known as changed', async (context) => {
  const file = join(scratchFolder(context), 'service');
  copyFileSync(sleepFile, file);
  const before = await sleeping(context, file);
  const copied = spawnSync('cp', ['/usr/bin/true', file]).status === 0;
  const after = look(before.pid);
  assert.equal(after.image?.identity.inode, before.image?.identity.inode);
  assert.equal(after.image?.identity.ctime !== before.image?.identity.ctime, copied);
});

test('argv[0] says nothing', async (context) => {
  const { pid } = await start(context, 'bash', ['-c', `exec -a /usr/bin/curl ${sleepFile} 60`], { running: '/sleep' });
  const process = look(pid);
  assert.equal(process.exe, sleepFile);
  assert.deepEqual(process.args, ['/usr/bin/curl', '60']);
});

test('a name with parentheses, spaces and lines does not shift the fields', async (context) => {
  const file = join(scratchFolder(context), ') R 1 (\n');
  copyFileSync(sleepFile, file);
  const child = await sleeping(context, file);
  const birth = procReader.birth(child.pid);
  assert.equal(birth?.parentPid, globalThis.process.pid);
  assert.match(birth?.startTime ?? '', /^\d{3,}$/);
});

const scripts: readonly [name: string, interpreter: string, text: string][] = [
  ['bash', '/bin/bash', 'sleep 60\nexit'],
  ['sh', '/bin/sh', 'sleep 60\nexit'],
  ['perl', '/usr/bin/perl', 'sleep 60'],
  ['python', python, 'import time\ntime.sleep(60)'],
  ['node', globalThis.process.execPath, 'setTimeout(() => {}, 60_000)'],
];

for (const [name, interpreter, text] of scripts) {
  const skip = spawnSync(interpreter, ['-e', '0']).error !== undefined && `${interpreter} is not installed`;
  test(`a script of ${name} is known by its real file`, { skip }, async (context) => {
    const folder = scratchFolder(context);
    mkdirSync(join(folder, 'real'));
    const [file, link] = [join(folder, 'real', 'tool'), join(folder, 'tool')];
    writeFileSync(file, `#!${interpreter}\n${text}\n`, { mode: 0o755 });
    symlinkSync('real/tool', link);
    const running = realpathSync(interpreter);
    const { pid } = await start(context, link, [], { running: running.slice(running.lastIndexOf('/')), cwd: '/' });
    const process = look(pid);
    assert.equal(process.script, file);
    assert.equal(process.exe, running);
  });
}

test('a script that is not on the host, or no file, is none', async (context) => {
  const folder = scratchFolder(context);
  const file = join(folder, 'tool.sh');
  writeFileSync(file, 'exit\n');
  const inside = `mount -t tmpfs none ${folder} && printf 'sleep 60\\nexit\\n' > ${file} && exec bash ${file}`;
  const { pid } = await start(context, 'unshare', ['-m', 'sh', '-c', inside], { running: '/bash' });
  assert.equal(look(pid).script, null);
  const same = await start(context, 'unshare', ['-m', 'bash', '-c', 'exec -a bash sh -c "sleep 60; :" /nosuch'], {
    running: realpathSync('/bin/sh').slice(realpathSync('/bin/sh').lastIndexOf('/')),
  });
  assert.equal(look(same.pid).script, null);
});

test('a script that another mount namespace shares with the host is itself', async (context) => {
  const file = join(scratchFolder(context), 'tool.sh');
  writeFileSync(file, 'sleep 60\nexit\n');
  const { pid } = await start(context, 'unshare', ['-m', 'bash', file], { running: '/bash' });
  assert.equal(look(pid).script, file);
});

test('the loader is not the program that it runs', async (context) => {
  const [loader] = /\/\S*ld-\S*/.exec(execFileSync('ldd', [sleepFile], { encoding: 'utf8' })) ?? [];
  assert.ok(loader);
  const real = realpathSync(loader);
  const { pid } = await start(context, loader, [sleepFile, '60'], { running: real.slice(real.lastIndexOf('/')) });
  const process = look(pid);
  assert.equal(process.exe, real);
  assert.equal(process.script, sleepFile);
});

test('a process that has ended, and one that never was, are not known', async (context) => {
  const child = await start(context, 'true', []);
  await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(new ProcessTable(procReader, false).get(child.pid, 0), undefined);
  assert.equal(procReader.see(2 ** 22), undefined);
});

test('a kernel thread has no program', () => {
  const process = look(2);
  assert.equal(process.image, undefined);
  assert.equal(process.exe, undefined);
});

test('10 MB of arguments are cut, and 70,000 of them too', async (context) => {
  const many = await start(context, 'sh', ['-c', 'sleep 60; :', ...Array<string>(70_000).fill('a')]);
  await until(() => (procReader.see(many.pid)?.image?.path ?? '') !== globalThis.process.execPath, 'exec');
  const { args } = look(many.pid);
  assert.equal(args?.length, 4096);
  const long = await start(context, 'sh', ['-c', 'sleep 60; :', 'b'.repeat(130_000), 'c'.repeat(130_000)]);
  await until(() => (procReader.see(long.pid)?.image?.path ?? '') !== globalThis.process.execPath, 'exec');
  const length = look(long.pid).args?.join('').length ?? 0;
  assert.ok(length > 130_000 && length <= 131_072);
});

test('ids are the effective ones, with supplementary groups', async (context) => {
  const args = ['--reuid', '65534', '--regid', '12345', '--groups', '23456,34567', sleepFile, '60'];
  const { pid } = await start(context, 'setpriv', args, { running: '/sleep' });
  const { uid, gid, groups } = look(pid);
  assert.deepEqual({ uid, gid, groups }, { uid: 65534, gid: 12345, groups: [23456, 34567] });
});
