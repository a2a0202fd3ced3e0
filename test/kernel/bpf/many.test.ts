// Many programs that are over at once, losses, and what outlives a Postern. POSTERN_LONG=1 runs the large numbers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { installKernelPath, tryKernelPath } from '#kernel/bpf/install.ts';
import { countSlots } from '#kernel/bpf/layout.ts';
import { Pins } from '#kernel/bpf/pins.ts';

import { scratchFolder, start, until } from '../programs.ts';
import { actorFile, known, pinsFolder, ready, watchProcesses } from './watched.ts';

const long = process.env.POSTERN_LONG === '1';
const actor = actorFile();

test('the kernel takes the programs, and says which', () => {
  assert.match(tryKernelPath().tier, /^(btf|probe)$/);
});

/** Keeps every processor busy until the test is over. */
async function load(context: TestContext): Promise<void> {
  for (const _ of cpus()) await start(context, 'sh', ['-c', 'while :; do :; done']);
}

const count = long ? 10_000 : 2000;

test(`${count} programs that connect once and end are each known, while the machine is loaded`, async (context) => {
  const folder = scratchFolder(context);
  for (let file = 0; file < 10; file++) copyFileSync(actor, join(folder, `brief-${file}`));
  let lost = 0;
  const book = watchProcesses(pinsFolder(), () => {
    lost += 1;
  });
  await load(context);
  const child = await start(context, actor, ['many', String(count), folder, '0']);
  let right = 0;
  const wrong: string[] = [];
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (line.startsWith('ready')) break;
    const [number = 0, pid = 0] = line.split(' ').map(Number);
    const found = book.get(pid, Date.now());
    if (found?.exe === join(folder, `brief-${number % 10}`) && found.args?.[1] === String(number)) right += 1;
    else wrong.push(`${line}: ${found?.exe} ${found?.args}`);
  }
  assert.deepEqual({ right, lost, wrong: wrong.slice(0, 5) }, { right: count, lost: 0, wrong: [] });
});

const forks = long ? 100_000 : 5000;

test(`${forks} forks leave nothing behind`, { timeout: 300_000 }, async (context) => {
  const book = watchProcesses();
  const before = new Set(book.pids());
  const child = await start(context, actor, ['forks', String(forks)]);
  await until(() => child.exitCode !== null, 'the end of the forks', 240_000);
  // Other processes of the machine end at any time, and are told a moment later.
  await until(() => {
    book.drain();
    return book.pids().every((pid) => before.has(pid) || existsSync(`/proc/${pid}`));
  }, 'that no process is known that has ended');
  assert.equal(book.count(countSlots.ringFull), 0);
  assert.equal(book.count(countSlots.processesFull), 0);
});

test('a full ring loses events, counted, and nothing that lives', { timeout: 120_000 }, async (context) => {
  const folder = pinsFolder();
  for (let file = 0; file < 10; file++) copyFileSync(actor, join(folder, `brief-${file}`));
  const path = installKernelPath(Pins.of(folder));
  assert.notEqual(path.tier, 'none');
  // Nobody reads.
  await ready(context, actor, ['many', '4500', folder, '1900']);
  const after = await ready(context, actor, ['stay', 'after the loss']);
  const book = watchProcesses(folder);
  assert.ok(book.count(countSlots.ringFull) > 0);
  const found = known(book, after);
  assert.equal(found.exe, actor);
  assert.deepEqual(found.args, [actor, 'stay', 'after the loss']);
  assert.equal(found.seeded, undefined);
  const later = await ready(context, actor, ['stay', 'later']);
  assert.deepEqual(known(book, later).args, [actor, 'stay', 'later']);
});

test('the next Postern takes up what stands, and knows what began meanwhile', async (context) => {
  const folder = pinsFolder();
  const pins = Pins.of(folder);
  assert.notEqual(installKernelPath(pins).tier, 'none');
  const file = join(folder, 'replaced');
  copyFileSync(actor, file);
  const pid = await ready(context, file, ['stay', 'meanwhile']);
  copyFileSync(actor, `${file}.new`);
  assert.notEqual(installKernelPath(pins).tier, 'none');
  const book = watchProcesses(folder);
  assert.equal(known(book, pid).exe, file);
  assert.equal(known(book, pid).seeded, undefined);
  assert.deepEqual(known(book, pid).args, [file, 'stay', 'meanwhile']);
});

test('nothing stays pinned or mounted when it is taken away', () => {
  const folder = pinsFolder();
  const pins = Pins.of(folder);
  assert.notEqual(installKernelPath(pins).tier, 'none');
  assert.ok(existsSync(pins.path('procs')));
  pins.remove();
  assert.ok(!existsSync(dirname(pins.folder)));
  pins.remove();
});

test('an idle machine is not asked all the time', async () => {
  const book = watchProcesses();
  await sleep(300);
  const start = process.cpuUsage();
  await sleep(1000);
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 100_000, `${user + system} µs in a second`);
  assert.ok(book.size > 0);
});

/** What `tryKernelPath` says under this command. */
function triedUnder(command: readonly string[]): { readonly tier: string; readonly reason: string } {
  const script = `
    const { tryKernelPath } = await import('${join(import.meta.dirname, '../../../src/kernel/bpf/install.ts')}');
    console.log(JSON.stringify(tryKernelPath()));`;
  const [file = '', ...args] = command;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  const ran = spawnSync(file, [...args, ...node], { encoding: 'utf8' });
  return JSON.parse(ran.stdout);
}

test('where it cannot be, nothing is loaded, and it says why', () => {
  const withoutLibrary =
    'mount --bind /dev/null "$(ldconfig -p | sed -n "s/.*libbpf.so.1 .*=> //p" | head -n 1)" && exec "$@"';
  for (const [command, reason] of [
    [['unshare', '--pid', '--fork', '--mount-proc'], /pid namespace/],
    [['unshare', '--mount', 'sh', '-c', withoutLibrary, 'sh'], /libbpf\.so\.1 is not installed/],
    [['setpriv', '--bounding-set=-bpf,-sys_admin', '--inh-caps=-bpf,-sys_admin', '--'], /does not permit it \(EPERM\)/],
  ] as const) {
    const { tier, reason: said } = triedUnder(command);
    assert.equal(tier, 'none');
    assert.match(said, reason);
  }
});
