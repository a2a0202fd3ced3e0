// Programs that are not what they seem, end to end: each gets what its real identity deserves.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const url = `http://${world.v4}/`;
const curl = realpathSync('/usr/bin/curl');
const python = realpathSync('/usr/bin/python3');

describe('identity', () => {
  let lab: Lab;
  let postern: Postern;
  let trusted: string;

  const copyTo = (from: string, to: string) => {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  };

  before(async () => {
    lab = await Lab.create();
    trusted = join(lab.folder, 'trusted');
    copyTo(curl, trusted);
    postern = await lab.postern({
      mode: 'lockdown',
      rules: { '10.yaml': `rules: [{ name: trusted, action: allow, app: ${trusted} }]` },
    });
  });
  beforeEach(() => copyTo(curl, trusted));
  after(async () => {
    await postern?.stop();
    await lab.close();
  });

  const get = async (program: string) => (await lab.curl(url, { program })).code;

  test('the program itself, and a symbolic link to it', async () => {
    assert.equal(await get(trusted), 0);
    const link = join(lab.folder, 'link');
    symlinkSync(trusted, link);
    assert.equal(await get(link), 0);
  });

  test('a copy, a renamed one, a forged argv[0]', async () => {
    const copy = join(lab.folder, 'copy');
    copyTo(trusted, copy);
    assert.equal(await get(copy), 7);
    const forged = await lab.run(['bash', '-c', `exec -a ${trusted} ${copy} -s -o /dev/null -m 15 ${url}`]);
    assert.equal(forged.code, 7);
    renameSync(trusted, `${trusted}-renamed`);
    assert.equal(await get(`${trusted}-renamed`), 7);
    rmSync(`${trusted}-renamed`);
  });

  test('another file bind-mounted over the trusted path, in a mount namespace of its own', async () => {
    const other = join(lab.folder, 'other');
    copyTo('/usr/bin/wget', other);
    const script = `mount --bind ${other} ${trusted} && exec ${trusted} -q -T 15 -t 1 -O /dev/null ${url}`;
    const ran = await lab.run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script]);
    assert.equal(ran.code, 4, 'wget says: network failure');
  });

  test('a program of memory alone, under the trusted name', async () => {
    const script = `import os
fd = os.memfd_create('trusted')
os.write(fd, open('${curl}', 'rb').read())
os.execve(fd, ['${trusted}', '-s', '-o', '/dev/null', '-m', '15', '${url}'], {})`;
    assert.equal((await lab.run([python, '-c', script])).code, 7);
  });

  test('deleted or replaced while it runs, it is still itself; what replaced it is what it is', async () => {
    copyTo(python, trusted);
    const script = `import socket,sys
for line in sys.stdin:
    try: socket.create_connection(('${world.v4}', 80), 15); print('in', flush=True)
    except OSError: print('out', flush=True)`;
    const child = lab.talker([trusted, '-c', script]);
    const say = () => child.say();
    assert.equal(await say(), 'in');
    rmSync(trusted);
    assert.equal(await say(), 'in', 'deleted');
    copyTo(curl, `${trusted}.new`);
    renameSync(`${trusted}.new`, trusted);
    assert.equal(await say(), 'in', 'replaced by an upgrade');
    assert.equal(await get(trusted), 0, 'the new file at the path');
    await postern.stop();
    postern.output = '';
    await postern.start();
    assert.equal(await say(), 'in', 'remembered over a restart of Postern');
    child.end();
  });

  test('a pid used again, by the same program and by another', async () => {
    const other = join(lab.folder, 'untrusted');
    copyTo(python, other);
    copyTo(python, trusted);
    const nest = lab.talker([
      'unshare',
      '--pid',
      '--fork',
      '--kill-child',
      python,
      join(import.meta.dirname, 'pids.py'),
      world.v4,
    ]);
    const start = async (program: string, pid = '') => Number(await nest.say(`start ${program} ${pid}`));
    const connect = () => nest.say('connect');
    const end = () => nest.say('end');

    const pid = await start(other);
    assert.equal(await connect(), 'out');
    const added = await postern.cli(['rule', 'add', 'allow', '--pid', String(pid)]);
    assert.equal(added.code, 0, added.stderr);
    assert.equal(await connect(), 'in', 'the process that was meant');
    await end();
    assert.equal(await start(other, String(pid)), pid, 'the same number');
    assert.equal(await connect(), 'out', 'the same program under the same pid is not the process that was meant');
    await end();
    assert.equal(await start(trusted, String(pid)), pid);
    assert.equal(await connect(), 'in', 'a trusted program');
    await end();
    assert.equal(await start(other, String(pid)), pid);
    assert.equal(await connect(), 'out', 'what had its pid before says nothing of this one');
    await end();
    nest.end();
  });

  test('the loader is not the program it runs', async () => {
    const loader = realpathSync('/lib64/ld-linux-x86-64.so.2');
    assert.equal((await lab.run([loader, trusted, '-s', '-o', '/dev/null', '-m', '15', url])).code, 7);
  });
});
