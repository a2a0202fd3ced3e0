// What calls cost with Postern beside none, in interleaved rounds of one run, with the whole product and real programs in network
// namespaces: `sudo script/bench calls`. docs/performance.md has the budgets. Only the ratios count; ROUNDS and CALLS change the length.
// Beside them stand the floors, in the same rounds: empty programs at Postern's hooks and in the chains of a table, and a consumer
// of the queue in this runtime that accepts at once. What Postern does at these places cannot cost less.
import { execFileSync, type spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hooks, hookPrograms } from '../src/kernel/bpf/flows/hooks.ts';
import { libbpf } from '../src/kernel/bpf/libbpf.ts';
import { BpfObject } from '../src/kernel/bpf/object.ts';
import { Pins } from '../src/kernel/bpf/pins.ts';
import { kernelPath, Lab } from '../test/lab/lab.ts';
import { world } from '../test/lab/namespaces.ts';
import { ticksOf } from './parts/ticks.ts';

const rounds = Number(process.env.ROUNDS ?? 9);
const calls = Number(process.env.CALLS ?? 3000);
const ports = { known: 7001, refused: 7002, asked: 7003 } as const;
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
const consumers = {
  'C consumer': [consumer, String(queue)],
  'barest consumer in this runtime': [process.execPath, source('barest.ts'), String(queue)],
};

function unwrap<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** Programs that decide nothing, under the names of Postern's, ready to stand at its hooks. */
function emptyPrograms(): { readonly hooks: Hooks; readonly pinned: string; close(): void } {
  const object = join(lab.folder, 'empty.bpf.o');
  const include = `-I/usr/include/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu`;
  execFileSync('clang', ['-O2', '-g', '-target', 'bpf', include, '-c', source('empty.bpf.c'), '-o', object]);
  const lib = libbpf();
  if ('missing' in lib) throw new Error(lib.missing);
  const runtime = join(lab.folder, 'empty');
  mkdirSync(runtime);
  const pins = Pins.of(runtime);
  unwrap(pins.prepare());
  const loaded = unwrap(BpfObject.open(lib, object));
  unwrap(loaded.load());
  const standing = hookPrograms.filter((name) => !name.startsWith('note_'));
  for (const name of [...standing, 'yes']) unwrap(loaded.pinProgram(name, pins.path(`program_${name}`)));
  return {
    hooks: new Hooks(lib, pins, lab.cgroup),
    pinned: pins.path('program_yes'),
    close() {
      loaded.close();
      pins.remove();
    },
  };
}
const empty = kernelPath === 'none' ? undefined : emptyPrograms();

async function background(command: readonly string[], inWorld: boolean): Promise<ReturnType<typeof spawn>> {
  const child = lab.spawn(command, { world: inWorld });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const figures = new Map<string, { p50: number; p99: number }[]>();

/** Clock ticks that the children of `pid` have used, and theirs. */
function ticksBelow(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.reduce((sum, child) => sum + ticksOf(child) + ticksBelow(child), 0);
}

/** Until Postern has written down what the last measurement left it: each is measured for itself. */
async function rest(): Promise<void> {
  for (let before = ticksBelow(postern.pid), quiet = 0; quiet < 2; ) {
    await sleep(100);
    const now = ticksBelow(postern.pid);
    quiet = now - before <= 1 ? quiet + 1 : 0;
    before = now;
  }
}

async function time(name: string, kind: string, port: number, count: number, fails: boolean): Promise<void> {
  await rest();
  const ran = await lab.run([dialler, kind, world.v4, String(port), String(count)], { timeoutMs: 120_000 });
  const [p50 = Number.NaN, p99 = Number.NaN, failed = Number.NaN] = ran.stdout.trim().split(' ').map(Number);
  if (fails ? failed < count : failed !== 0) {
    throw new Error(`${name}: ${failed} of ${count} calls failed: ${ran.stdout} ${ran.stderr}`);
  }
  figures.set(name, [...(figures.get(name) ?? []), { p50, p99 }]);
}

async function timeCalls(what: string): Promise<void> {
  await time(`connect, ${what}`, 'connect', ports.known, calls, false);
  await time(`sendto, ${what}`, 'sendto', ports.known, calls * 5, false);
  await time(`send, ${what}`, 'send', ports.known, calls * 5, false);
}

async function tables(command: string): Promise<void> {
  const ran = await lab.run(['iptables-nft', ...command.split(' ')]);
  if (ran.code !== 0) throw new Error(`iptables-nft ${command}: ${ran.stderr}`);
}

async function timeEmpty({ hooks, pinned }: NonNullable<typeof empty>): Promise<void> {
  unwrap(hooks.set('enforce'));
  await timeCalls('empty programs');
  for (const chain of ['OUTPUT', 'INPUT']) {
    await tables(`-A ${chain} -p tcp ! --syn -j ACCEPT`);
    await tables(`-A ${chain} -m bpf --object-pinned ${pinned} -j ACCEPT`);
  }
  await timeCalls('empty programs and two chains');
  hooks.set('off');
  await nft('delete table ip filter\n');
}

const nft = (text: string) => lab.run(['nft', '-f', '-'], { input: text });
const reject = `table inet peer {
  chain output { type filter hook output priority -150; policy accept; tcp dport ${ports.refused} reject with tcp reset; }
}
`.replaceAll('; }', '\n }');

const servers = [];
for (const port of Object.values(ports)) servers.push(await background([dialler, 'serve', String(port)], true));
const app = `app: ${dialler}`;
const postern = await lab.postern({
  mode: 'lockdown',
  rules: {
    '10.yaml': `rules:
  - { name: known, action: allow, ${app}, port: ${ports.known} }
  - { name: refused, action: reject, ${app}, port: ${ports.refused} }
  # A condition on the local address keeps the decision out of the kernel: each connection is asked.
  - { name: asked, action: allow, ${app}, port: ${ports.asked}, network: 192.0.2.0/24 }
`,
  },
});
const mode = async (name: string) => {
  const ran = await postern.cli(['mode', name, '--now']);
  if (ran.code !== 0) throw new Error(ran.stderr);
};

for (let round = 0; round < rounds; round++) {
  await mode('off');
  await timeCalls('no firewall');
  await time('stream, no firewall', 'stream', ports.known, 200, false);
  await nft(reject);
  await time('connect, nft reject', 'connect', ports.refused, calls, true);
  await nft('delete table inet peer\n');
  if (empty !== undefined) await timeEmpty(empty);
  for (const [name, command] of Object.entries(consumers)) {
    const peer = await background(command, false);
    await tables(`-A OUTPUT -p tcp --syn -j NFQUEUE --queue-num ${queue}`);
    await time(`connect, ${name}`, 'connect', ports.asked, calls, false);
    await nft('delete table ip filter\n');
    await end(peer);
  }
  await mode('lockdown');
  await timeCalls('known and allowed');
  await time('stream, established', 'stream', ports.known, 200, false);
  await time('connect, known and refused', 'connect', ports.refused, calls, true);
  await time('connect, asked and allowed by rule', 'connect', ports.asked, calls, false);
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
const ofAll = (name: string, which: 'p50' | 'p99') => (figures.get(name) ?? []).map((figure) => figure[which]);

/**
 * `budget` undefined: a floor. Beside the median of the rounds' ratios stands the ratio of both cases' best rounds: a virtual machine
 * may run twice as fast in one round as in the next.
 */
function compare(name: string, base: string, budget?: string, which: 'p50' | 'p99' = 'p50'): void {
  const [ours, theirs] = [ofAll(name, which), ofAll(base, which)];
  const ratio = median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
  const micro = (list: readonly number[]) => `${(median(list) / 1000).toFixed(2)} µs`;
  const what = budget === undefined ? 'floor' : `budget ${budget}`;
  const least = (Math.min(...ours) / Math.min(...theirs)).toFixed(3);
  const took = `${micro(ours)} / ${micro(theirs)}`;
  console.log(`${name} / ${base}, ${which}: ${ratio.toFixed(3)}, least ${least}   (${took}; ${what})`);
}

const { tier } = (await postern.json<{ gate: { kernelPath: { tier: string } } }>(['status'])).gate.kernelPath;
console.log(`kernel path ${tier}, ${rounds} rounds of ${calls} calls, medians of the rounds`);
const budgets = { connect: '≤ 1.10', sendto: '≤ 1.15', send: '≤ 1.10 a packet' };
for (const [call, budget] of Object.entries(budgets)) {
  for (const floor of empty === undefined ? [] : ['empty programs', 'empty programs and two chains']) {
    compare(`${call}, ${floor}`, `${call}, no firewall`);
  }
  compare(`${call}, known and allowed`, `${call}, no firewall`, budget);
}
compare('stream, established', 'stream, no firewall', '≤ 1.01 for a MiB');
compare('connect, known and refused', 'connect, nft reject', '≤ 1.0');
for (const which of ['p50', 'p99'] as const) {
  compare('connect, barest consumer in this runtime', 'connect, C consumer', undefined, which);
  compare('connect, asked and allowed by rule', 'connect, C consumer', '≤ 1.20', which);
}
for (const server of servers) await end(server);
await postern.stop();
empty?.close();
await lab.close();
process.exit(0);
