// Who a process is by the kernel's word, whatever the program does to its name, its file, its arguments or its links.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unifiedMount } from '#kernel/proc/owner/processes.ts';
import type { Process } from '#model/process.ts';
import { scratchFolder, start, until } from '../programs.ts';
import { actorFile, known, ready, watchProcesses } from './watched.ts';

const book = watchProcesses();
const actor = actorFile();

test('a program is itself, with what the kernel and /proc say of it', async (context) => {
  const pid = await ready(context, actor, ['stay', 'a b', ''], { argv0: 'called so' });
  const process = known(book, pid);
  assert.equal(process.exe, actor);
  assert.equal(process.image?.state, 'host');
  assert.deepEqual(process.args, ['called so', 'stay', 'a b', '']);
  assert.equal(process.startTime, readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19]);
  assert.equal(process.uid, 0);
  assert.ok(Array.isArray(process.groups));
  assert.equal(process.seeded, undefined);
  assert.equal(process.script, null);
  const file = statSync(actor, { bigint: true });
  assert.equal(process.image?.identity.ctime, String(file.ctimeNs));
  // Asking for the time leaves a mark in the kernel's own number.
  const again = await ready(context, actor, ['stay']);
  assert.equal(book.kernelProcess(again)?.exe.ctime, file.ctimeNs);
  assert.deepEqual(book.kernelProcess(again)?.exe, book.kernelProcess(pid)?.exe);
  assert.equal(process.ancestors?.[0], realpathSync(globalThis.process.execPath));
  assert.match(process.cgroup ?? '', /^\//);
});

test('PR_SET_MM changes what /proc says, and nothing of what we say', async (context) => {
  const child = await start(context, actor, ['forge', '/usr/bin/cat']);
  let answer = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  await until(() => answer !== '', 'the exchange of its executable');
  assert.equal(answer, 'y');
  assert.equal(readlinkSync(`/proc/${child.pid}/exe`), realpathSync('/usr/bin/cat'));
  assert.equal(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8'), '/usr/bin/cat\0');
  const process = known(book, child.pid);
  assert.equal(process.exe, actor);
  assert.deepEqual(process.args, [actor, 'forge', '/usr/bin/cat']);
});

test('the programs for 5.10 say the same as those for 6.1', async (context) => {
  const old = watchProcesses(undefined, undefined, ['probe']);
  const folder = scratchFolder(context);
  const script = join(folder, 'script');
  writeFileSync(script, '#!/bin/sh\necho ready $$\nread line\n', { mode: 0o755 });
  for (const [file, args] of [
    [actor, ['stay', 'x']],
    [actor, ['memfd']],
    [actor, ['double-fork']],
    [script, []],
  ] as const) {
    const pid = await ready(context, file, args);
    // What is read from /proc when each hears of it is left out: of a double fork the first process may be over by then.
    const said = ({ exe, image, args, script, startTime, uid, gid }: Process) => [
      exe,
      image,
      args,
      script,
      startTime,
      uid,
      gid,
    ];
    assert.deepEqual(said(known(old, pid)), said(known(book, pid)));
    assert.deepEqual(old.kernelProcess(pid)?.exe, book.kernelProcess(pid)?.exe);
  }
});

test('what was forged before Postern watched is seeded, and never taken for verified', async (context) => {
  const pid = await ready(context, actor, ['stay']);
  const later = watchProcesses();
  assert.equal(known(later, pid).seeded, true);
  assert.equal(known(later, pid).exe, actor);
  assert.equal(known(book, pid).seeded, undefined);
  const again = await ready(context, actor, ['stay']);
  assert.equal(known(later, again).seeded, undefined);
});

test('a program in memory has no path', async (context) => {
  const pid = await ready(context, actor, ['memfd']);
  const process = known(book, pid);
  assert.equal(process.exe, null);
  assert.equal(process.image?.state, 'memfd');
  assert.equal(process.image?.path, '/memfd:hidden');
});

test('a file that was deleted before it ran is no file of the host', async (context) => {
  const pid = await ready(context, actor, ['deleted', join(scratchFolder(context), 'gone')]);
  const process = known(book, pid);
  assert.equal(process.exe, null);
  assert.equal(process.image?.state, 'deleted');
});

test('a program that deletes its own file is what it was when it began', async (context) => {
  const file = join(scratchFolder(context), 'vanishing');
  copyFileSync(actor, file);
  const pid = await ready(context, file, ['unlink', file]);
  assert.equal(known(book, pid).exe, file);
});

test('the loader is never an app: what it loads is only its script', async (context) => {
  const loader = /\/\S*\/ld-linux\S*/.exec(spawnSync('ldd', [actor], { encoding: 'utf8' }).stdout)?.[0] ?? '';
  const pid = await ready(context, loader, [actor, 'stay']);
  const process = known(book, pid);
  assert.equal(process.exe, realpathSync(loader));
  assert.equal(process.script, actor);
});

test('a script is the file that the kernel found, by #! and by env', async (context) => {
  const folder = scratchFolder(context);
  const body = 'echo ready $$\nread line\n';
  const texts = { direct: `#!/bin/sh\n${body}`, byenv: `#!/usr/bin/env sh\n${body}` };
  for (const [name, text] of Object.entries(texts)) {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o755 });
    const pid = await ready(context, file, []);
    assert.equal(known(book, pid).script, file, name);
    assert.equal(known(book, pid).exe, realpathSync('/bin/sh'), name);
  }
  const relative = await ready(context, './direct', ['x'], { cwd: folder });
  assert.equal(known(book, relative).script, join(folder, 'direct'));
});

test('a script under a program that is no known interpreter is a script too', async (context) => {
  const folder = scratchFolder(context);
  const [interpreter, script] = [join(folder, 'interpret'), join(folder, 'script')];
  copyFileSync(actor, interpreter);
  writeFileSync(script, `#!${interpreter} stay\n`, { mode: 0o755 });
  const pid = await ready(context, script, []);
  assert.equal(known(book, pid).exe, interpreter);
  assert.equal(known(book, pid).script, script);
});

test('an exec from a thread is an exec of the process', async (context) => {
  const file = join(scratchFolder(context), 'second');
  copyFileSync(actor, file);
  const pid = await ready(context, actor, ['thread', file]);
  const process = known(book, pid);
  assert.equal(process.exe, file);
  assert.deepEqual(process.args, ['from-thread', 'stay']);
  assert.equal(process.ancestors?.[0], actor);
});

test('a process whose parents are gone runs what they ran', async (context) => {
  const pid = await ready(context, actor, ['double-fork']);
  const process = known(book, pid);
  assert.equal(process.exe, actor);
  assert.equal(process.pid, pid);
  assert.equal(process.ancestors?.[0], actor);
});

test('who made a call is known by its exec, when another program runs and when all is over', async (context) => {
  const child = await start(context, 'sh', ['-c', `read line; exec ${actor} stay`], { running: 'sh' });
  await until(() => book.kernelProcess(child.pid)?.exe.ino === statSync('/bin/sh', { bigint: true }).ino, 'sh');
  const first = book.kernelProcess(child.pid);
  const cgroup = join(unifiedMount() ?? '', `postern-test-${globalThis.process.pid}`);
  mkdirSync(cgroup);
  context.after(() => rmdirSync(cgroup));
  const id = statSync(cgroup, { bigint: true }).ino;
  child.stdin?.write('\n');
  await until(() => known(book, child.pid).exe === actor, 'the exec');
  const second = book.kernelProcess(child.pid);
  const asked = () =>
    [first, second].map((process) => book.byOwner({ pid: child.pid, uid: 7, gid: 8, cgroup: id, process }, Date.now()));
  for (const moment of ['alive', 'over']) {
    const [a, b] = asked();
    assert.deepEqual([a?.exe, b?.exe], [realpathSync('/bin/sh'), actor], moment);
    assert.deepEqual([a?.uid, a?.gid, a?.cgroup], [7, 8, `/postern-test-${globalThis.process.pid}`], moment);
    assert.equal(b?.ancestors?.[0], realpathSync('/bin/sh'), moment);
    child.stdin?.end();
    await until(() => child.exitCode !== null, 'its end');
  }
  const nobody = book.byOwner({ pid: 1, uid: 7, gid: 8, cgroup: 2n ** 62n, process: undefined }, Date.now());
  assert.deepEqual(nobody, { pid: 1, uid: 7, gid: 8 });
});

test('a setuid program has the ids that it was given', async (context) => {
  const file = join(scratchFolder(context), 'raised');
  copyFileSync(actor, file);
  chmodSync(file, 0o4755);
  chmodSync(join(file, '..'), 0o755);
  const pid = await ready(context, file, ['stay'], { uid: 65534 });
  assert.equal(known(book, pid).exe, file);
  assert.equal(known(book, pid).uid, 0);
  assert.equal(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^Uid:\t(\d+)/m)?.[1], '65534');
});

test('the same path in another mount namespace is another program', async (context) => {
  const folder = scratchFolder(context);
  const [host, other] = [join(folder, 'bin', 'program'), join(folder, 'other')];
  mkdirSync(join(folder, 'bin'));
  copyFileSync(actor, host);
  copyFileSync(actor, other);
  const mounted = `mount --bind ${other} ${host} && exec ${host} stay`;
  const pid = await ready(context, 'unshare', ['--mount', 'sh', '-c', mounted]);
  const process = known(book, pid);
  assert.equal(process.image?.path, host);
  assert.equal(process.image?.state, 'foreign');
  assert.equal(process.exe, null);
  // A service in a mount namespace of its own still runs the host's file.
  const same = await ready(context, 'unshare', ['--mount', host, 'stay']);
  assert.equal(known(book, same).exe, host);
});

test('long paths and arguments that do not fit are completed, or not known', async (context) => {
  const folder = scratchFolder(context);
  const deep = join(folder, ...Array.from({ length: 8 }, (_, index) => `${index}`.repeat(150)));
  mkdirSync(deep, { recursive: true });
  const file = join(deep, 'program');
  copyFileSync(actor, file);
  const long = 'y'.repeat(5000);
  const pid = await ready(context, file, ['stay', long]);
  assert.equal(known(book, pid).exe, file);
  assert.deepEqual(known(book, pid).args, [file, 'stay', long]);
});

const btrfs = spawnSync('mkfs.btrfs', ['--version']).status === 0;

test('a btrfs pair with equal numbers is told apart', { skip: !btrfs && 'needs mkfs.btrfs' }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-btrfs-'));
  const [image, mount] = [join(folder, 'image'), join(folder, 'mount')];
  // Before the folder goes, and however far the test came.
  context.after(() => {
    spawnSync('umount', ['-l', mount]);
    rmSync(folder, { recursive: true });
  });
  execFileSync('truncate', ['-s', '120M', image]);
  execFileSync('mkfs.btrfs', ['-q', image]);
  mkdirSync(mount);
  execFileSync('mount', ['-o', 'loop', image, mount]);
  execFileSync('btrfs', ['-q', 'subvolume', 'create', join(mount, 'one')]);
  const [one, two] = [join(mount, 'one', 'program'), join(mount, 'two', 'program')];
  copyFileSync(actor, one);
  execFileSync('sync');
  execFileSync('btrfs', ['-q', 'subvolume', 'snapshot', join(mount, 'one'), join(mount, 'two')]);
  const [first, second] = [await ready(context, one, ['stay']), await ready(context, two, ['stay'])];
  const [a, b] = [known(book, first), known(book, second)];
  assert.deepEqual([a.exe, b.exe], [one, two]);
  assert.equal(a.image?.identity.inode, b.image?.identity.inode);
  assert.equal(a.image?.identity.ctime, b.image?.identity.ctime);
  const [x, y] = [book.kernelProcess(first)?.exe, book.kernelProcess(second)?.exe];
  assert.deepEqual([x?.ino, x?.dev, x?.generation, x?.ctime], [y?.ino, y?.dev, y?.generation, y?.ctime]);
  assert.notEqual(x?.name, y?.name);
});
