// The least that Postern's way of working can cost on this machine, whatever its programs do: empty programs at the same hooks and
// in the chains of a table, and a consumer of the queue in this runtime that accepts at once. `sudo script/bench floor`
// What `script/bench calls` prints cannot fall below these ratios; ROUNDS and CALLS change the length.
import { execFileSync, type spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Hooks } from '../src/kernel/bpf/flows/hooks.ts';
import { libbpf } from '../src/kernel/bpf/libbpf.ts';
import { BpfObject } from '../src/kernel/bpf/object.ts';
import { Pins } from '../src/kernel/bpf/pins.ts';
import { Lab } from '../test/lab/lab.ts';
import { world } from '../test/lab/namespaces.ts';

const rounds = Number(process.env.ROUNDS ?? 9);
const calls = Number(process.env.CALLS ?? 3000);
const ports = { known: 7001, asked: 7003 } as const;
const queue = 20559;

const lab = await Lab.create();
const source = (name: string) => join(import.meta.dirname, 'peer', name);
const build = (name: string) => {
  const program = join(lab.folder, name);
  execFileSync('clang', ['-O2', '-pthread', '-o', program, source(`${name}.c`)], { stdio: 'inherit' });
  return program;
};
const dialler = build('calls');
const consumer = build('consumer');
const object = join(lab.folder, 'empty.bpf.o');
const include = `-I/usr/include/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu`;
execFileSync('clang', ['-O2', '-g', '-target', 'bpf', include, '-c', source('empty.bpf.c'), '-o', object], {
  stdio: 'inherit',
});

function unwrap<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const programs = ['sock_release', 'post_bind4', 'post_bind6', 'tcp_events', 'sock_create', 'sendmsg4', 'sendmsg6'];
programs.push('connect4', 'connect6', 'ingress', 'egress', 'yes');
const lib = libbpf();
if ('missing' in lib) throw new Error(lib.missing);
const runtime = join(lab.folder, 'run');
mkdirSync(runtime);
const pins = Pins.of(runtime);
unwrap(pins.prepare());
const empty = unwrap(BpfObject.open(lib, object));
unwrap(empty.load());
for (const name of programs) unwrap(empty.pinProgram(name, pins.path(`program_${name}`)));
const hooks = new Hooks(lib, pins, lab.cgroup);

async function background(command: readonly string[], inWorld: boolean): Promise<ReturnType<typeof spawn>> {
  const child = lab.spawn(command, { world: inWorld });
  child.stderr?.pipe(process.stderr);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const figures = new Map<string, { p50: number; p99: number }[]>();

async function time(name: string, kind: string, port: number, count: number): Promise<void> {
  const ran = await lab.run([dialler, kind, world.v4, String(port), String(count)], { timeoutMs: 120_000 });
  const [p50 = Number.NaN, p99 = Number.NaN, failed = Number.NaN] = ran.stdout.trim().split(' ').map(Number);
  if (failed !== 0) throw new Error(`${name}: ${failed} of ${count} calls failed: ${ran.stdout} ${ran.stderr}`);
  figures.set(name, [...(figures.get(name) ?? []), { p50, p99 }]);
}

async function tables(command: string): Promise<void> {
  const ran = await lab.run(['iptables-nft', ...command.split(' ')]);
  if (ran.code !== 0) throw new Error(`iptables-nft ${command}: ${ran.stderr}`);
}

async function timeCalls(what: string): Promise<void> {
  await time(`connect, ${what}`, 'connect', ports.known, calls);
  await time(`sendto, ${what}`, 'sendto', ports.known, calls * 5);
  await time(`send, ${what}`, 'send', ports.known, calls * 5);
}

const servers = [];
for (const port of Object.values(ports)) servers.push(await background([dialler, 'serve', String(port)], true));
const match = `-m bpf --object-pinned ${pins.path('program_yes')} -j ACCEPT`;
const toQueue = `-p tcp --syn -j NFQUEUE --queue-num ${queue}`;

for (let round = 0; round < rounds; round++) {
  await timeCalls('nothing');
  unwrap(hooks.set('enforce'));
  await timeCalls('empty programs');
  for (const chain of ['OUTPUT', 'INPUT']) {
    await tables(`-A ${chain} -p tcp ! --syn -j ACCEPT`);
    await tables(`-A ${chain} ${match}`);
  }
  await timeCalls('empty programs and two chains');
  for (const chain of ['OUTPUT', 'INPUT']) await tables(`-F ${chain}`);
  hooks.set('off');
  for (const [name, command] of [
    ['C consumer', [consumer, String(queue)]],
    ['barest consumer in this runtime', [process.execPath, source('barest.ts'), String(queue)]],
  ] as const) {
    const peer = await background(command, false);
    await tables(`-A OUTPUT ${toQueue}`);
    await time(`connect, ${name}`, 'connect', ports.asked, calls);
    await tables('-F OUTPUT');
    await end(peer);
  }
  await lab.run(['nft', 'delete', 'table', 'ip', 'filter']);
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
const ofAll = (name: string, which: 'p50' | 'p99') => (figures.get(name) ?? []).map((figure) => figure[which]);

function compare(name: string, base: string, which: 'p50' | 'p99' = 'p50'): void {
  const [ours, theirs] = [ofAll(name, which), ofAll(base, which)];
  const ratio = median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
  const micro = (list: readonly number[]) => `${(median(list) / 1000).toFixed(2)} µs`;
  console.log(`${name} / ${base}, ${which}: ${ratio.toFixed(3)}   (${micro(ours)} / ${micro(theirs)})`);
}

console.log(`${rounds} rounds of ${calls} calls, medians of the rounds`);
for (const call of ['connect', 'sendto', 'send']) {
  compare(`${call}, empty programs`, `${call}, nothing`);
  compare(`${call}, empty programs and two chains`, `${call}, nothing`);
}
compare('connect, barest consumer in this runtime', 'connect, C consumer');
compare('connect, barest consumer in this runtime', 'connect, C consumer', 'p99');
for (const server of servers) await end(server);
empty.close();
pins.remove();
await lab.close();
process.exit(0);
