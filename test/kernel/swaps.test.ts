// Policy after policy under a stream of connects: what each of them says is held, and nothing else, at every moment.
// POSTERN_LONG=1 runs 1,000 swaps under 50,000 connects: POSTERN_LONG=1 script/test test/kernel/swaps.test.ts
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appKey } from '#attribution/app.ts';
import { Engine } from '#engine/engine.ts';
import { KernelBook } from '#kernel/bpf/identity/book.ts';
import { nodeQuicCrypto } from '#kernel/crypto/quiccrypto.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';
import { ProcAttributor } from '#kernel/proc/attributor.ts';
import type { GateMessage } from '#model/messages.ts';
import { type RuleRecord, ruleSchema } from '#model/rule.ts';
import { Counts } from '../../src/daemon/gate/counts.ts';
import { Gate } from '../../src/daemon/gate/gate.ts';
import { Reports } from '../../src/daemon/gate/reports.ts';
import { program } from './compiled.ts';
import { guard } from './guarded.ts';
import { far } from './pair.ts';

const long = process.env.POSTERN_LONG === '1';
const [swaps, connects] = long ? [1000, 50_000] : [100, 5000];

const guarded = await guard();
const { kernel, flows, pins } = guarded;
const folder = mkdtempSync('/tmp/postern-swaps-');
after(() => rmSync(folder, { recursive: true, force: true }));
const [steady, flipping, server] = ['steady', 'flipping', 'server'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
program(join(import.meta.dirname, 'flows/dial.c'), steady);
for (const copy of [flipping, server]) copyFileSync(steady, copy);

const book = new KernelBook(pins, { onLost: () => {} });
const attributor = new ProcAttributor({
  lookup: new SocketLookup(),
  told: false,
  book,
  callerOf: (cookie) => flows.callers.ofSocket(cookie),
});
after(() => attributor.close());
guarded.beforeBatch = () => book.drain();

const answers = new Map<number, (message: GateMessage) => void>();
const send = (message: GateMessage) => {
  if ('request' in message) answers.get(message.request)?.(message);
  return true;
};
const gate = new Gate({
  kernel,
  queueKind: () => kernel.queueKind,
  refresh: () => kernel.refresh(),
  kernelPath: { tier: 'btf', reason: '' },
  resolved: () => ({ heard: false, reason: '' }),
  programCounts: () => new Counts().snapshot(),
  attributor,
  cache: flows.cache,
  engine: new Engine({ start: 'test', appKey, ciphers: nodeQuicCrypto }),
  counts: new Counts(),
  reports: new Reports({ send: () => true, connected: () => true, onUnreported: () => {} }),
  send,
  now: () => Date.now(),
  onApplied: () => {},
});
kernel.onPacket((packet) => gate.packet(packet));

const rule = (name: string, action: 'allow' | 'reject', app: string): RuleRecord => ({
  rule: ruleSchema.parse({ name, action, app }),
  origin: 'file',
});

/** Even: the flipping program is allowed; odd: it is refused. */
const allows = (revision: number) => revision % 2 === 0;

interface Time {
  /** When it was sent to the gate, and when the gate said that it holds; nanoseconds of CLOCK_MONOTONIC. */
  readonly sent: bigint;
  readonly holds: bigint;
}
const times: Time[] = [];

async function swap(revision: number): Promise<void> {
  const sent = process.hrtime.bigint();
  const answer = new Promise<GateMessage>((resolve) => answers.set(revision, resolve));
  gate.message({
    type: 'policy',
    request: revision,
    revision,
    rules: [rule('steady', 'allow', steady), rule('flipping', allows(revision) ? 'allow' : 'reject', flipping)],
    disabled: [],
    aliases: {},
    resolvers: [],
    places: { geo: null, lists: null },
    where: {},
    runs: [],
    accounts: { users: {}, groups: {} },
    settings: { mode: 'lockdown', failMode: 'known', forward: false, holdSeconds: 30 },
  });
  const { type } = await answer;
  assert.equal(type, 'applied');
  answers.delete(revision);
  times.push({ sent, holds: process.hrtime.bigint() });
}

interface Call {
  readonly begun: bigint;
  readonly ended: bigint;
  readonly errno: number;
}

/** Dials until it is stopped; how often it did so far. */
function dial(program: string): { readonly made: () => number; readonly stop: () => Promise<Call[]> } {
  const child = spawn(program, [far.v4, '2000', '0', '300'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  let made = 0;
  child.stdout.on('data', (part: Buffer) => {
    parts.push(part);
    for (const byte of part) if (byte === 10) made += 1;
  });
  const stop = async () => {
    const ended = once(child, 'close');
    child.stdin.end();
    await ended;
    const lines = Buffer.concat(parts).toString().trim().split('\n');
    return lines.map((line) => {
      const [begun = '0', end = '0', errno] = line.split(' ');
      return { begun: BigInt(begun), ended: BigInt(end), errno: Number(errno) };
    });
  };
  return { made: () => made, stop };
}

/** Whether one of the policies that were in force at some moment of the call says this. */
function isLawful({ begun, ended, errno }: Call): boolean {
  const passed = errno === 0;
  // Each is in force from when it was sent, at the earliest, until the next one holds.
  return times.some(
    ({ sent }, at) => sent <= ended && (times[at + 1]?.holds ?? ended) >= begun && allows(at) === passed,
  );
}

test(`${swaps} policy swaps under ${connects} connects: no wrong verdict`, { timeout: 500_000 }, async (context) => {
  const listening = spawn('nsenter', [`--net=/run/netns/${guarded.pair.farNamespace}`, server, 'serve', '2000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => listening.kill('SIGKILL'));
  await once(listening.stdout, 'data');
  await swap(0);
  const dialling = [dial(steady), dial(steady), dial(flipping), dial(flipping)];
  const pause = long ? 5 : 10;
  const made = () => dialling.reduce((sum, one) => sum + one.made(), 0);
  for (let revision = 1; revision <= swaps || made() < connects; revision++) {
    await swap(revision);
    // Time in which nothing changes, and times in which everything does.
    await sleep((revision % 3) * pause);
  }
  const calls = await Promise.all(dialling.map(({ stop }) => stop()));
  const [first = [], second = [], third = [], fourth = []] = calls;
  const always = [...first, ...second];
  const sometimes = [...third, ...fourth];
  const figures = {
    calls: always.length + sometimes.length,
    failed: always.filter(({ errno }) => errno !== 0).map(({ errno }) => errno),
    unlawful: sometimes.filter((call) => !isLawful(call)).length,
    others: [...new Set(sometimes.map(({ errno }) => errno))].filter((errno) => ![0, 1, 111].includes(errno)),
  };
  const count = (errno: number) => sometimes.filter((call) => call.errno === errno).length;
  context.diagnostic(
    `${figures.calls} connects over ${times.length - 1} swaps; of ${sometimes.length} by the flipping program ${count(0)} were allowed, ` +
      `${count(1)} refused in the call and ${count(111)} from the queue; ${kernel.counters().packets} packets in user space`,
  );
  assert.deepEqual(
    { ...figures, calls: figures.calls >= connects },
    { calls: true, failed: [], unlawful: 0, others: [] },
  );
  assert.ok(count(0) > 0 && count(1) > 0, 'both policies were seen');
});
