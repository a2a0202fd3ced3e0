// Each kind of traffic of a program: what the policy allows, refuses and asks about is held to it, and who sends it is known. What
// is not is an exception, named here and in the README.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueuedPacket } from '#engine/types.ts';
import { program } from './compiled.ts';
import { guard, pidOf } from './guarded.ts';
import { far, near } from './pair.ts';

const guarded = await guard();
const folder = mkdtempSync('/tmp/postern-voice-');
after(() => rmSync(folder, { recursive: true, force: true }));
const voice = join(folder, 'voice');
program(join(import.meta.dirname, 'flows/voice.c'), voice);
// Of this network namespace alone.
writeFileSync('/proc/sys/net/ipv4/ping_group_range', '0 2147483647');

const enterFar = [`--net=/run/netns/${guarded.pair.farNamespace}`, 'python3'];
const sniffer = spawn('nsenter', [...enterFar, join(import.meta.dirname, 'flows/sniffer.py')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
after(() => sniffer.kill('SIGKILL'));
const sniffed = createInterface({ input: sniffer.stdout });
await once(sniffed, 'line');

/** What arrived at the far end since the last call. */
async function arrivals(): Promise<string[]> {
  await sleep(100);
  const line = once(sniffed, 'line');
  sniffer.stdin.write('\n');
  return JSON.parse(String((await line)[0])) as string[];
}

/** Answers of the far end, and its complaints, come in beside what is spoken; the kernel's own go out. */
const askedOf = (direction: 'out' | 'in') => guarded.seen.filter(({ flow }) => flow.direction === direction);

interface Heard {
  readonly errno: number;
  readonly pid: number;
  readonly arrived: boolean;
  readonly asked: readonly QueuedPacket[];
}

type Act = (kind: string) => Promise<Heard>;

/** A program that speaks: its packets arrive at the far end or do not. */
const speak: Act = async (kind) => {
  await arrivals();
  guarded.seen = [];
  const child = spawn(voice, [kind, far.v4, '2000', near.v4, 'near0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await saidBy(child);
  const list = await arrivals();
  return { ...said, arrived: list.length > 0, asked: askedOf('out') };
};

/** A program that speaks to itself in a network namespace of its own: it says itself whether that arrives. */
const speakElsewhere: Act = async (kind) => {
  guarded.seen = [];
  const said = await saidBy(spawn(voice, [kind, far.v4, '2000'], { stdio: ['ignore', 'pipe', 'inherit'] }));
  return { ...said, arrived: said.errno === 0, asked: askedOf('out') };
};

/** A program that waits for the far end. */
const wait: Act = async (kind) => {
  guarded.seen = [];
  const child = spawn(voice, [kind, near.v4, '2100'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = saidBy(child);
  const [, port] = String((await once(child.stdout, 'data'))[0]).split(' ');
  const type = kind === 'bind-udp' ? 'SOCK_DGRAM' : 'SOCK_STREAM';
  const dial = `import socket
s = socket.socket(socket.AF_INET, socket.${type}); s.settimeout(3)
try: s.connect(('${near.v4}', ${Number(port)})); s.send(b'x')
except OSError as e: pass`;
  await once(spawn('nsenter', [...enterFar, '-c', dial]), 'exit');
  await sleep(100);
  child.stdin.end();
  // Until it has ended it has the port, and the next one would not get it.
  const { errno, pid } = await said;
  return { errno, pid, arrived: errno === 0, asked: askedOf('in') };
};

async function saidBy(child: ChildProcess): Promise<{ errno: number; pid: number }> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(child, 'close');
  const [errno = -1, pid = 0] = (text.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { errno, pid };
}

type Column = 'allowed' | 'refused' | 'asked';
const columns: readonly Column[] = ['allowed', 'refused', 'asked'];

interface Row {
  readonly kind: string;
  readonly act?: Act;
  /** By what the refusal is felt where it is not EPERM in the call. */
  readonly refusal?: number;
  /** What is not held, and why. */
  readonly not?: Readonly<Partial<Record<Column, string>>>;
}

const rows: readonly Row[] = [
  { kind: 'tcp' },
  { kind: 'tfo' },
  { kind: 'mptcp' },
  { kind: 'uring-async' },
  { kind: 'uring-sqpoll' },
  { kind: 'udp' },
  { kind: 'udp-connected' },
  { kind: 'sendmmsg' },
  { kind: 'msg-more' },
  { kind: 'udplite' },
  { kind: 'mapped-tcp' },
  { kind: 'mapped-udp' },
  { kind: 'scm-rights' },
  { kind: 'ping' },
  { kind: 'raw-icmp' },
  { kind: 'hdrincl' },
  { kind: 'sctp' },
  {
    kind: 'packet',
    not: { refused: 'passes', asked: 'passes though the question was refused' },
  },
  { kind: 'netns', act: speakElsewhere, not: { asked: 'passes though the question was refused' } },
  { kind: 'bind-listen', act: wait },
  { kind: 'listen', act: wait },
  { kind: 'bind-udp', act: wait },
];

const EPERM = 1;
const figures = new Map<string, Partial<Record<Column, string>>>();

/** What is wrong with each column of a row; empty where it is held. */
async function judgeRow({ kind, act = speak, refusal = EPERM }: Row): Promise<Partial<Record<Column, string>>> {
  const wrong: Partial<Record<Column, string>> = {};
  guarded.forget();
  guarded.judge = () => 'reject';
  const stopped = await act(kind);
  guarded.forget();
  guarded.judge = () => 'accept';
  const passed = await act(kind);
  const strangers = passed.asked.filter((packet) => pidOf(packet) !== passed.pid);
  if (stopped.arrived) wrong.asked = 'passes though the question was refused';
  else if (passed.asked.length === 0) wrong.asked = 'is not asked';
  else if (!passed.arrived) wrong.asked = `does not pass though the question was allowed (errno ${passed.errno})`;
  else if (strangers.length > 0) wrong.asked = `asked, by a caller that is not known (${strangers.length})`;
  const lesson = passed.asked.find((packet) => pidOf(packet) === passed.pid) ?? anyLesson;
  if (lesson === undefined) return { ...wrong, allowed: 'cannot be taught', refused: 'cannot be taught' };
  guarded.forget();
  guarded.teach(lesson, 'allow', { executable: true });
  const allowed = await act(kind);
  if (!allowed.arrived) wrong.allowed = `does not pass (errno ${allowed.errno})`;
  else if (allowed.asked.length > 0) wrong.allowed = `goes to the queue ${allowed.asked.length} times`;
  guarded.forget();
  guarded.teach(lesson, 'reject', { executable: true });
  const refused = await act(kind);
  if (refused.arrived) wrong.refused = 'passes';
  else if (refused.asked.length > 0) wrong.refused = `goes to the queue ${refused.asked.length} times`;
  else if (act !== wait && refused.errno !== refusal) wrong.refused = `fails with errno ${refused.errno}`;
  if (act === speak) anyLesson ??= lesson;
  return wrong;
}

/** For a kind that is never asked: the same program's, sent in another way. */
let anyLesson: QueuedPacket | undefined;

for (const row of rows) {
  test(`${row.kind} is held to the policy${row.not ? `, but for ${Object.keys(row.not).join(' and ')}` : ''}`, async () => {
    const wrong = await judgeRow(row);
    figures.set(row.kind, wrong);
    assert.deepEqual(wrong, row.not ?? {});
  });
}

test("what reaches a port on which nobody listens is asked of nobody, and the answer to it is the kernel's", async () => {
  for (const [verdict, ends, seconds] of [
    ['accept', '111', 15],
    ['drop', 'None', 0.5],
  ] as const) {
    guarded.forget();
    guarded.judge = () => verdict;
    const dial = `import socket
s = socket.socket(); s.settimeout(${seconds})
try: s.connect(('${near.v4}', 2199)); print('open')
except OSError as e: print(e.errno)`;
    const child = spawn('nsenter', [...enterFar, '-c', dial]);
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part;
    });
    await once(child, 'close');
    assert.equal(text.trim(), ends);
    assert.deepEqual(
      guarded.seen.map((packet) => [packet.flow.direction, pidOf(packet)]),
      [['in', undefined]],
    );
  }
  guarded.judge = () => 'accept';
});

test('another program, by its file, is not taken for it', async () => {
  const other = join(folder, 'other');
  copyFileSync(voice, other);
  guarded.forget();
  await speak('tcp');
  guarded.teach(guarded.seen[0] as QueuedPacket, 'reject', { executable: true });
  guarded.seen = [];
  const said = await saidBy(spawn(other, ['tcp', far.v4, '2000'], { stdio: ['ignore', 'pipe', 'inherit'] }));
  assert.equal(said.errno, 111, 'the far end itself refuses it');
  assert.deepEqual(guarded.seen.map(pidOf), [said.pid]);
});

test('the table', (context) => {
  const cells = [...figures.values()].flatMap((wrong) => columns.map((column) => wrong[column] === undefined));
  for (const [kind, wrong] of figures) {
    context.diagnostic(
      `${kind.padEnd(14)} ${columns.map((column) => `${column}: ${wrong[column] ?? 'held'}`).join('; ')}`,
    );
  }
  context.diagnostic(`${cells.filter((held) => held).length} of ${cells.length} held`);
});
