// What calls cost with Postern beside none, in interleaved rounds of one run, with the whole product and real programs in network
// namespaces: `sudo script/bench calls`. DESIGN section 8 has the budgets. Only the ratios count; ROUNDS and CALLS change the length.
import { execFileSync, type spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../test/lab/lab.ts';
import { world } from '../test/lab/namespaces.ts';

const rounds = Number(process.env.ROUNDS ?? 9);
const calls = Number(process.env.CALLS ?? 3000);
const ports = { known: 7001, refused: 7002, asked: 7003 } as const;
const queue = 20559;

const lab = await Lab.create();
const build = (name: string) => {
  const program = join(lab.folder, name);
  const source = join(import.meta.dirname, 'peer', `${name}.c`);
  execFileSync('clang', ['-O2', '-pthread', '-o', program, source], { stdio: 'inherit' });
  return program;
};
const dialler = build('calls');
const consumer = build('consumer');

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
  return children.reduce((sum, child) => {
    const fields = readFileSync(`/proc/${child}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return sum + Number(fields[11]) + Number(fields[12]) + ticksBelow(child);
  }, 0);
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
  await time('connect, no firewall', 'connect', ports.known, calls, false);
  await time('sendto, no firewall', 'sendto', ports.known, calls * 5, false);
  await time('send, no firewall', 'send', ports.known, calls * 5, false);
  await time('stream, no firewall', 'stream', ports.known, 200, false);
  await nft(reject);
  await time('connect, nft reject', 'connect', ports.refused, calls, true);
  await nft('delete table inet peer\n');
  const peer = await background([consumer, String(queue)], false);
  const rule = ['OUTPUT', '-p', 'tcp', '--syn', '-j', 'NFQUEUE', '--queue-num', String(queue)];
  await lab.run(['iptables-nft', '-A', ...rule]);
  await time('connect, C consumer', 'connect', ports.asked, calls, false);
  await lab.run(['iptables-nft', '-D', ...rule]);
  await nft('delete table ip filter\n');
  await end(peer);
  await mode('lockdown');
  await time('connect, known and allowed', 'connect', ports.known, calls, false);
  await time('sendto, known and allowed', 'sendto', ports.known, calls * 5, false);
  await time('send, bytes counted', 'send', ports.known, calls * 5, false);
  await time('stream, established', 'stream', ports.known, 200, false);
  await time('connect, known and refused', 'connect', ports.refused, calls, true);
  await time('connect, asked and allowed by rule', 'connect', ports.asked, calls, false);
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
const ofAll = (name: string, which: 'p50' | 'p99') => (figures.get(name) ?? []).map((figure) => figure[which]);

function compare(name: string, base: string, budget: string, which: 'p50' | 'p99' = 'p50'): void {
  const [ours, theirs] = [ofAll(name, which), ofAll(base, which)];
  const ratio = median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
  const micro = (list: readonly number[]) => `${(median(list) / 1000).toFixed(2)} µs`;
  console.log(
    `${name} / ${base}, ${which}: ${ratio.toFixed(3)}   (${micro(ours)} / ${micro(theirs)}; budget ${budget})`,
  );
}

const { tier } = (await postern.json<{ gate: { kernelPath: { tier: string } } }>(['status'])).gate.kernelPath;
console.log(`kernel path ${tier}, ${rounds} rounds of ${calls} calls, medians of the rounds`);
compare('connect, known and allowed', 'connect, no firewall', '≤ 1.10');
compare('connect, known and refused', 'connect, nft reject', '≤ 1.0');
compare('connect, asked and allowed by rule', 'connect, C consumer', '≤ 1.20');
compare('connect, asked and allowed by rule', 'connect, C consumer', '≤ 1.20', 'p99');
compare('sendto, known and allowed', 'sendto, no firewall', '≤ 1.15');
compare('send, bytes counted', 'send, no firewall', '≤ 1.10 a packet');
compare('stream, established', 'stream, no firewall', '≤ 1.01 for a MiB');
for (const server of servers) await end(server);
await postern.stop();
await lab.close();
process.exit(0);
