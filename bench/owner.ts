// What it costs to find who has a socket, in microseconds: `node bench/owner.ts`. Sockets of this machine, no traffic.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ProcessTable } from '#attribution/processtable.ts';
import { socketAt } from '#kernel/proc/owner/descriptors.ts';
import { SocketOwners } from '#kernel/proc/owner/owners.ts';
import { procReader } from '#kernel/proc/process/read.ts';

const rounds = 400;
const processes = Number(process.env.BENCH_PROCESSES ?? 50);

function median(samples: number[]): string {
  samples.sort((a, b) => a - b);
  const at = (part: number) => (samples[Math.floor((samples.length - 1) * part)] as number).toFixed(1).padStart(9);
  return `p50 ${at(0.5)}  p99 ${at(0.99)} µs`;
}

function measure(name: string, step: (round: number) => void): void {
  for (let round = 0; round < 50; round++) step(round);
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = process.hrtime.bigint();
    step(round);
    samples.push(Number(process.hrtime.bigint() - begin) / 1000);
  }
  console.log(`${name.padEnd(46)} ${median(samples)}`);
}

const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function run(file: string, args: readonly string[]) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  return child;
}

// A program with many sockets among others, which each have some descriptors.
const source = `use Socket; $| = 1; for (1..400) { socket(my $s, PF_INET, SOCK_DGRAM, 17); push @all, $s; }
  print join(",", map { (stat $_)[1] . ":" . fileno $_ } @all) . "\\n"; sleep 600`;
const owner = run('perl', ['-e', source]);
for (let other = 0; other < processes; other++) {
  run('perl', ['-e', 'for (1..40) { open my $f, "<", "/dev/null"; push @all, $f } sleep 600']);
}
const [text] = (await once(createInterface(owner.stdout), 'line')) as [string];
const sockets = text.split(',').map((pair) => pair.split(':').map(Number) as [inode: number, fd: number]);
const pid = owner.pid as number;
const uid = process.getuid?.() ?? 0;
const of = (round: number) => ({ inode: sockets[round % sockets.length]?.[0] ?? 0, uid, cgroupId: undefined });

const owners = new SocketOwners({ recent: () => [] });
const search = (round: number) => new Promise<unknown>((resolve) => owners.search(of(round), resolve));
await search(0); // starts the thread

const samples: number[] = [];
for (let round = 1; round < 60; round++) {
  const fresh = { ...of(round), uid: uid + round };
  const begin = process.hrtime.bigint();
  await new Promise((resolve) => owners.search(fresh, resolve));
  samples.push(Number(process.hrtime.bigint() - begin) / 1000);
}
console.log(`${`searched by the thread, ${processes} processes of 40`.padEnd(46)} ${median(samples)}`);

measure('one descriptor looked at', (round) => void socketAt(pid, sockets[round % sockets.length]?.[1] ?? 0));
measure('found before', () => void owners.guess(of(1)));
measure('predicted: the next descriptor', (round) => {
  if (round % 300 === 0) owners.guess(of(0));
  owners.guess(of(round));
});
const table = new ProcessTable(procReader, true);
table.handle({ what: 'exec', pid, tgid: pid, parentTgid: process.pid }, 0);
measure('identity, known', () => void table.get(pid, 0));
measure('identity, read at the first packet', (round) => void table.get(pid, round * 2000));
const small = run('sleep', ['600']).pid as number;
measure('what an exec of the machine costs', () =>
  table.handle({ what: 'exec', pid: small, tgid: small, parentTgid: 0 }, 0),
);
measure('the same, with 400 open sockets', () => table.handle({ what: 'exec', pid, tgid: pid, parentTgid: 0 }, 0));
measure('identity, when nobody tells', () => void new ProcessTable(procReader, false).get(pid, 0));

owners.close();
process.exit(0);
