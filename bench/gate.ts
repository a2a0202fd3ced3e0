// What a connection costs the gate's own thread, with the kernel replaced by memory: its first packet up to the verdict, and what
// is recorded of it after that, to the line for the control plane. Prints microseconds a connection: `script/bench gate`
import { setTimeout } from 'node:timers/promises';
import { appKey } from '../src/attribution/app.ts';
import { ExecTable } from '../src/attribution/exectable.ts';
import { Counts } from '../src/daemon/gate/counts.ts';
import { EventLine } from '../src/daemon/gate/eventline.ts';
import { Gate } from '../src/daemon/gate/gate.ts';
import { KernelEvents } from '../src/daemon/gate/kernelevents.ts';
import { Names } from '../src/daemon/gate/names.ts';
import { Reports } from '../src/daemon/gate/reports.ts';
import { Engine } from '../src/engine/engine.ts';
import type { QueuedPacket } from '../src/engine/types.ts';
import { Callers, callerIds } from '../src/kernel/bpf/flows/callers.ts';
import { readFlow, writeFlow } from '../src/kernel/bpf/flows/flowbytes.ts';
import type { FlowCache } from '../src/kernel/bpf/flows/flowcache.ts';
import { flowLayouts } from '../src/kernel/bpf/flows/layout.ts';
import type { KernelBook } from '../src/kernel/bpf/identity/book.ts';
import type { Owner } from '../src/kernel/bpf/identity/decode.ts';
import { layouts } from '../src/kernel/bpf/layout.ts';
import type { BpfMap } from '../src/kernel/bpf/map.ts';
import { nodeQuicCrypto } from '../src/kernel/crypto/quiccrypto.ts';
import { ProcAttributor } from '../src/kernel/proc/attributor.ts';
import { type Flow, flowKey } from '../src/model/flow.ts';
import { formatGateMessage, type GateMessage } from '../src/model/messages.ts';
import type { Process } from '../src/model/process.ts';
import { parseRuleFile } from '../src/policy/parse/rulefile.ts';
import { readCorpus } from '../src/wire/corpus.testing.ts';
import { directionOfHook, flowFromPacket } from '../src/wire/flow.ts';
import { createPacketFields, parsePacket } from '../src/wire/ip.ts';
import { appendVerdict, createQueueMessage, NF_ACCEPT, parseQueueMessage } from '../src/wire/nfqueue.ts';
import { Writer } from '../src/wire/writer.ts';

/** Many short rounds, of which the least counts: on a machine with other work most of them are interrupted. */
const rounds = Number(process.env.ROUNDS ?? 200);
/** As many as are gathered in the 50 ms for which reports wait. */
const connections = 1000;
const pid = 4711;
const exec = 123_456_789n;
const program: Process = {
  ...{ exe: '/usr/bin/client', script: null, args: ['client', '--fetch', 'https://registry.example/'], cwd: '/root' },
  image: {
    path: '/usr/bin/client',
    identity: { device: '8:1', inode: '1234', generation: '1', ctime: '1700000000000000000' },
    state: 'host',
  },
  ...{ groups: [0], cgroup: '/user.slice', unit: null, userUnit: false, container: null, flatpak: null, snap: null },
  label: null,
};
const rules = `rules:
  - { name: asked, action: allow, app: /usr/bin/client, port: 443, network: 192.0.2.0/24 }
  - { name: other, action: reject, app: /usr/bin/other, to: 203.0.113.0/24 }
  - { name: lan, action: allow, user: nobody, to: [10.0.0.0/8, lan] }
`;

/** The kernel's message of a SYN to the queue, and where in it stand the packet's id, addresses and ports. */
const syn = Buffer.from(readCorpus('nfqueue').filter(({ name }) => name === 'nfq')[0]?.bytes ?? []);
const message = createQueueMessage();
if (parseQueueMessage(syn, 0, syn.length, message) !== 'packet') throw new Error('the sample is no packet');
const idAt = 24;
const sourceAt = message.payloadStart + 12;
const portsAt = message.payloadStart + 20;
syn.set([192, 0, 2, 1, 198, 51, 100, 7], sourceAt);
syn.writeUInt16BE(443, portsAt + 2);

/** What the programs in the kernel wrote down of every flow: the one program called. */
const asked = Buffer.alloc(flowLayouts.asked.size);
asked.writeUInt32LE(pid, layouts.owner.tgid);
asked.writeUInt32LE(1, layouts.owner.known);
asked.writeBigUInt64LE(exec, layouts.owner.process + layouts.process.exec);
const askedMap = {
  lookup(_: Uint8Array, value: Uint8Array) {
    value.set(asked);
    return true;
  },
} as unknown as BpfMap;
const maps = { asked: askedMap } as unknown as ConstructorParameters<typeof Callers>[0];
const callers = new Callers(
  maps,
  () => 1,
  () => 1,
);

/** The book as it is, without its ring. */
const table = new ExecTable({ current: () => exec, meet: () => undefined, refresh: () => ({}) });
table.exec(
  { pid, exec, startTime: '100', parentPid: 1 },
  { facts: program, handedDown: new Set(), seeded: false },
  Date.now(),
);
const wholes = new WeakMap<Process, Process>();
const book = {
  byOwner({ pid, process, uid, gid }: Owner, now: number) {
    const found = table.byExec(pid, process?.exec ?? 0n, now) as Process;
    const whole = wholes.get(found) ?? { ...found, uid, gid };
    wholes.set(found, whole);
    return whole;
  },
  recent: () => table.recent(),
  recall() {},
  hash() {},
  close() {},
  size: 1,
} as unknown as KernelBook;

let lines = 0;
const now = () => Date.now();
const send = (message: GateMessage) => {
  lines += formatGateMessage(message).length;
  return true;
};
const attributor = new ProcAttributor({ lookup: { find: () => undefined }, told: true, book });
const names = new Names({
  ...{ commandOf: () => undefined, commandOfPath: () => undefined, processOf: () => undefined },
  ...{ runOf: () => undefined, forebearsOf: () => [], forebears: () => [], attribute() {}, onChange() {}, now },
});
const reports = new Reports({ send, connected: () => true, onUnreported() {} });
const verdicts = Writer.over(Buffer.allocUnsafeSlow(65536));
let judged = 0;
let judgedAt = 0n;
const gate: Gate = new Gate({
  kernel: {
    ...{ onPacket() {}, onCopy() {}, flush() {}, revoke() {}, revokeUnless: () => 0, followed() {} },
    verdict(packets: readonly { readonly id: number }[], verdict: string) {
      if (verdict !== 'accept') throw new Error(`the verdict is ${verdict}`);
      for (const { id } of packets) appendVerdict(verdicts, 0, id, NF_ACCEPT, undefined);
      verdicts.clear();
      judged += packets.length;
      judgedAt = process.hrtime.bigint();
    },
    applyRules: async () => ({ ok: true, value: undefined }),
    counters: () => ({}) as never,
    close: async () => {},
  },
  queueKind: () => 'none' as never,
  refresh: async () => {},
  kernelPath: { tier: 'btf' } as never,
  resolved: () => ({}) as never,
  programCounts: () => ({}) as never,
  attributor,
  cache: { generation: 1, makeRoom() {}, swap() {} } as unknown as FlowCache,
  names,
  engine: new Engine({ start: '0', appKey, ciphers: nodeQuicCrypto }),
  counts: new Counts(),
  ...{ reports, send, now, onApplied() {} },
});
const kernelEvents = new KernelEvents({
  ...{ copy: (packet) => gate.copy(packet), ended: (key, totals) => gate.ended(key, totals) },
  ...{ attribute() {}, decide: () => undefined, decided() {}, listens: () => false, adopt: () => false },
  ...{ ask() {}, cut() {} },
});
const line = new EventLine((event, key) => kernelEvents.handle(event, key));

const fields = createPacketFields();
function read(): QueuedPacket {
  parseQueueMessage(syn, 0, syn.length, message);
  const end = message.payloadStart + message.payloadLength;
  parsePacket(syn, message.payloadStart, end, fields);
  const flow = flowFromPacket(fields, directionOfHook(message.hook) ?? 'out', 'eth0');
  const caller = callers.ofFlow(flow);
  const ids = caller === undefined ? {} : callerIds(caller);
  return { id: message.id, flow, key: flowKey(flow), mark: 0, opens: true, ...ids, caller };
}

const { records } = parseRuleFile(rules, 'bench.yaml');
gate.message({
  ...{ type: 'policy', request: 1, revision: 1, rules: [...records], disabled: [], aliases: {}, resolvers: [] },
  ...{ accounts: { users: { nobody: 65_534 }, groups: {} }, places: { geo: null, lists: null }, where: {}, runs: [] },
  settings: { mode: 'lockdown', failMode: 'known', forward: false, holdSeconds: 30 },
});
await setTimeout(100);

const totals = { bytesOut: 1000, bytesIn: 2000, packetsOut: 10, packetsIn: 10 };
let count = 0;
const ended = Buffer.alloc(flowLayouts.flow.size);

/** The end of the connection before stands in the ring, as of a program that connects again and again. Nanoseconds to the verdict. */
function connection(): bigint {
  count += 1;
  syn.writeUInt16BE(1024 + (count % 60_000), portsAt);
  syn.writeUInt32BE(count, idAt);
  const begun = process.hrtime.bigint();
  if (count > 1) line.add({ type: 'end', flow: readFlow(ended, 0) as Flow, totals });
  const packet = read();
  line.before(packet.key);
  gate.packet(packet);
  writeFlow(ended, 0, packet.flow);
  return judgedAt - begun;
}

function round(): { before: number; whole: number } {
  let before = 0n;
  const begun = process.hrtime.bigint();
  for (let at = 0; at < connections; at++) {
    before += connection();
    line.flush();
  }
  reports.flush();
  const whole = process.hrtime.bigint() - begun;
  return { before: Number(before) / connections / 1000, whole: Number(whole) / connections / 1000 };
}

const measured = [];
for (let at = 0; at < rounds; at++) {
  measured.push(round());
  await setTimeout(1);
}
if (judged !== rounds * connections || lines === 0) throw new Error('not every connection was judged and told');
const least = (list: readonly number[]) => Math.min(...list).toFixed(2);
console.log(`to the verdict: ${least(measured.map(({ before }) => before))} µs a connection`);
console.log(`with its record: ${least(measured.map(({ whole }) => whole))} µs`);
process.exit(0);
