// The lab itself: what it makes works, and nothing of it is left, also when its test process is killed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from './lab.ts';
import { host, world } from './namespaces.ts';

const namespacesOf = (pid: number) => readdirSync('/run/netns').filter((name) => name.startsWith(`pt-lab-${pid}-`));
const foldersOf = (pid: number) => readdirSync('/tmp').filter((name) => name.startsWith(`pt-lab-${pid}-`));
const isThere = (kind: 'passwd' | 'group', name: string) => spawnSync('getent', [kind, name]).status === 0;

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > end) assert.fail(`waited a minute for ${what}`);
    await sleep(50);
  }
}

test('the host reaches the world by each address, and the machine outside is not reached', async () => {
  const lab = await Lab.create();
  try {
    for (const address of [world.v4, `[${world.v6}]`, ...world.others]) {
      assert.equal((await lab.curl(`http://${address}/`)).code, 0, address);
    }
    assert.equal((await lab.curl(`http://${world.v4}:81/`)).code, 7, 'a closed port is refused');
    const echo = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(15); s.connect(('${world.v4}', 7007))
s.send(b'hello'); print(s.recv(9).decode())
s.connect(('${world.v4}', 7008)); s.send(b'hello')`;
    const echoed = await lab.run(['python3', '-c', echo]);
    assert.equal(echoed.stdout.trim(), 'hello', echoed.stderr);
    // The last was sent, and nobody answers it.
    await until(async () => (await lab.arrived()).silent > 0, 'what nobody answers');
    assert.deepEqual(await lab.arrived(), { connections: 2 + world.others.length, datagrams: 1, silent: 1, unread: 0 });
    const back = await lab.run(['ping', '-c', '1', '-W', '2', host.v4], { world: true });
    assert.equal(back.code, 0, back.stdout);
    const links = await lab.run(['ip', '-brief', 'link']);
    assert.deepEqual(links.stdout.match(/^\w+/gm)?.sort(), ['lab0', 'lo'], 'no cable leads elsewhere');
  } finally {
    await lab.close();
  }
});

test('programs run as the users and groups that are asked for, and in time', async () => {
  const lab = await Lab.create();
  try {
    lab.account('pt-lab-user');
    lab.group('pt-lab-group', 'pt-lab-user');
    const id = async (options: { user?: string; group?: string }) =>
      (await lab.run(['sh', '-c', 'echo $(id -un) $(id -gn) $(id -Gn)'], options)).stdout.trim();
    assert.equal(await id({}), 'root root root');
    assert.equal(await id({ user: 'pt-lab-user' }), 'pt-lab-user pt-lab-user pt-lab-user pt-lab-group');
    assert.match(await id({ user: 'pt-lab-user', group: 'pt-lab-group' }), /^pt-lab-user pt-lab-group /);
    assert.match(await id({ group: 'pt-lab-group' }), /^root pt-lab-group /);
    const readable = await lab.run(['ls', '-d', lab.folder], { user: 'pt-lab-user' });
    assert.equal(readable.code, 0, readable.stderr);
    const slow = await lab.run(['sleep', '30'], { timeoutMs: 200 });
    assert.equal(slow.code, -1, 'killed when its time is over');
    assert.ok(slow.ms < 25_000);
    const failing = await lab.run(['sh', '-c', 'cat; echo no >&2; exit 3'], { input: 'yes' });
    assert.deepEqual([failing.code, failing.stdout, failing.stderr], [3, 'yes', 'no\n']);
  } finally {
    await lab.close();
  }
  assert.deepEqual([namespacesOf(process.pid), foldersOf(process.pid)], [[], []]);
  // Labs of other test processes may share the accounts; then the last of them takes them away.
  if (readdirSync('/run/netns').every((name) => !name.startsWith('pt-lab-'))) {
    assert.deepEqual([isThere('passwd', 'pt-lab-user'), isThere('group', 'pt-lab-group')], [false, false]);
  }
});

test('nothing is left of a test process that was killed', async () => {
  const program = `
import { Lab } from ${JSON.stringify(join(import.meta.dirname, 'lab.ts'))};
const lab = await Lab.create();
const postern = await lab.postern({ mode: 'lockdown', rules: {} });
const sleeper = lab.spawn(['sleep', '600']);
console.log(JSON.stringify([postern.pid, postern.child('gate'), postern.child('control'), sleeper.pid]));
`;
  const killed = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: join(import.meta.dirname, '../..') },
  );
  const pid = killed.pid as number;
  const [line] = await once(createInterface({ input: killed.stdout }), 'line');
  const pids = JSON.parse(String(line)) as number[];
  assert.equal(namespacesOf(pid).length, 2);
  const folder = join('/tmp', foldersOf(pid)[0] as string);
  assert.equal(statSync(folder).mode & 0o777, 0o755);
  const ended = once(killed, 'exit');
  killed.kill('SIGKILL');
  await ended;
  const runs = (one: number) => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${one}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  await until(() => namespacesOf(pid).length === 0 && foldersOf(pid).length === 0, 'namespaces and folders to go');
  await until(() => pids.filter(runs).length === 0, 'the programs of the lab to end');
});
