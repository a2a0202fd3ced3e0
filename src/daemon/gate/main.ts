// The gate's process: `postern-gate`, the data plane. Started by the supervisor with its options as one JSON argument.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { appKey } from '#attribution/app.ts';
import { Engine } from '#engine/engine.ts';
import { decodeDnsCopy } from '#kernel/bpf/flows/dnscopy.ts';
import { KernelFlows } from '#kernel/bpf/flows/kernelflows.ts';
import { flowEvents } from '#kernel/bpf/flows/layout.ts';
import { KernelBook } from '#kernel/bpf/identity/book.ts';
import { countSlots, eventTypes } from '#kernel/bpf/layout.ts';
import { libbpf } from '#kernel/bpf/libbpf.ts';
import { Pins } from '#kernel/bpf/pins.ts';
import { objectFile } from '#kernel/bpf/tier.ts';
import { decodeUnixCall, UnixCalls } from '#kernel/bpf/unix/calls.ts';
import { RunCgroups } from '#kernel/confine/cgroups.ts';
import { nodeQuicCrypto } from '#kernel/crypto/quiccrypto.ts';
import { giveBackLater } from '#kernel/memory.ts';
import { Netfilter } from '#kernel/netfilter/netfilter.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';
import { findNeighbour } from '#kernel/network/neighbours.ts';
import { ProcAttributor } from '#kernel/proc/attributor.ts';
import { unifiedMount } from '#kernel/proc/owner/processes.ts';
import { ProcessEvents } from '#kernel/process/events.ts';
import { ResolvedMonitor } from '#kernel/resolved/monitor.ts';
import { enforces } from '#model/mode.ts';
import type { GateStatus } from '#model/status.ts';
import type { GateOptions } from '../up/options.ts';
import { tellSupervisor } from '../up/statusline.ts';
import { Disguises } from './calls/disguises.ts';
import { Makers } from './calls/makers.ts';
import { ControlSocket } from './controlsocket.ts';
import { Counts } from './counts.ts';
import { EventLine } from './eventline.ts';
import { Gate } from './gate.ts';
import { KeptFile, readKept } from './keptfile.ts';
import { KernelEvents } from './kernelevents.ts';
import { KernelHits } from './kernelhits.ts';
import { Names } from './names.ts';
import { Reports } from './reports.ts';
import { Confined } from './runs/confined.ts';
import { ServiceCalls } from './runs/services.ts';

process.title = 'postern-gate';

/** How often what is kept for the next gate is written, while it changes. */
const identitiesMs = 60_000;
const namesMs = 2000;

function describe(status: GateStatus): string {
  const enforcing = enforces(status.mode) ? `fail mode ${status.failMode}` : 'nothing is enforced';
  return `mode ${status.mode}, ${enforcing}, ${status.rules} rules of which the kernel holds ${status.kernelRules} by itself`;
}

function namesCounts(names: Names, resolved: ResolvedMonitor | undefined) {
  const { questions, answers, refused } = names.watch.counts;
  const dnsRefused = Object.values(refused).reduce((sum, count) => sum + count, 0);
  return {
    dnsQuestions: questions,
    dnsAnswers: answers,
    dnsRefused,
    namesLost: names.book.counts.evicted,
    resolvedAnswers: names.told,
    resolvedLost: names.notTaken + (resolved?.lost ?? 0),
  };
}

function openFlows({ runtimeDir, cgroup, netns }: GateOptions, tier: 'btf' | 'probe'): KernelFlows {
  const lib = libbpf();
  if ('missing' in lib) throw new Error(lib.missing);
  const build = createHash('sha256')
    .update(readFileSync(objectFile(tier)))
    .digest('hex');
  const opened = KernelFlows.open(lib, Pins.of(runtimeDir), { cgroup, netns: BigInt(netns), build });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

/** Or why there is none, as a clause. */
function openUnix({ runtimeDir, unix }: GateOptions): UnixCalls | { readonly missing: string } {
  const lib = libbpf();
  const opened = unix.works && !('missing' in lib) ? UnixCalls.open(lib, Pins.of(runtimeDir)) : undefined;
  return opened ?? { missing: unix.works ? 'its programs are not pinned' : unix.reason };
}

function run(options: GateOptions): void {
  const counts = new Counts();
  const started = Date.now();
  const lookup = new SocketLookup();
  const identitiesPath = join(options.runtimeDir, 'identities.json');
  const earlier = readKept(identitiesPath);
  const { tier } = options.kernelPath;
  const flows = tier === 'none' ? undefined : openFlows(options, tier);
  const disguises = new Disguises((line) => process.stderr.write(`postern-gate: ${line}\n`));
  const book =
    flows === undefined
      ? undefined
      : new KernelBook(Pins.of(options.runtimeDir), {
          onLost: () => {},
          onForged: (pid, process, what) => disguises.tell(pid, process, what, Date.now()),
          onExec: (caller) => makers?.executed(caller),
          onOther: (type, bytes, view, at) => {
            if (type === flowEvents.dns) {
              const copy = decodeDnsCopy(bytes, view, at);
              if (copy !== undefined) names.copy(copy);
              return;
            }
            if (type === eventTypes.unix) {
              serviceCalls.see(decodeUnixCall(bytes, view, at));
              return;
            }
            const event = flows.event(bytes, at);
            if (event !== undefined) line.add(event);
          },
        });
  const attributor = new ProcAttributor({
    lookup,
    told: options.connectorFd !== undefined,
    ...(book !== undefined && { book }),
    ...(flows !== undefined && { callerOf: (cookie) => flows.callers.ofSocket(cookie) }),
    ...(earlier !== undefined && { identities: earlier }),
    confinedIn: (cgroup) => confined.pathOf(cgroup),
  });
  const confined = new Confined({
    ...{ cgroups: new RunCgroups(options.runs), kernel: flows?.confinements, unix: openUnix(options) },
    ...(book === undefined && {
      processes: {
        confine: (pid: number, cgroup: string) => attributor.confine(pid, cgroup),
        release: (pid: number) => {
          // What it has started until now was told.
          events?.drain();
          attributor.release(pid);
        },
      },
    }),
  });
  const serviceCalls = new ServiceCalls({
    runOf: (cgroup) => confined.runOf(cgroup),
    send: (message) => socket.connected && socket.send(message),
    now: () => Date.now(),
  });
  const names = new Names({
    commandOf: (cgroup) => confined.runOf(cgroup),
    commandOfPath: (cgroup) => confined.runOfPath(cgroup),
    processOf: (pid) => book?.known(pid, Date.now()),
    runOf: (pid, began) =>
      book === undefined ? attributor.process(pid, began) : book.byRun(pid, BigInt(began), Date.now()),
    forebearsOf: (pid, exec) => book?.forebears(pid, exec) ?? [],
    forebears: (pid, startTime) => attributor.forebears(pid, startTime),
    attribute: (flow, sender, done) => attributor.attribute(flow, sender, ({ process }) => done(process)),
    onChange: (addresses) => gate.renamed(addresses),
    now: () => Date.now(),
  });
  const namesPath = join(options.runtimeDir, 'names.json');
  names.recall(readKept(namesPath));
  const kept = [
    new KeptFile(identitiesPath, identitiesMs, () => attributor.identities()),
    new KeptFile(namesPath, namesMs, () => names.takeKept()),
  ];
  const events =
    options.connectorFd === undefined || book !== undefined
      ? undefined
      : new ProcessEvents(options.connectorFd, {
          onEvent: (event) => attributor.handle(event),
          onLost: () => {
            counts.add('noBuffers');
            attributor.distrust();
          },
        });

  const socket = new ControlSocket({
    path: join(options.runtimeDir, 'gate.sock'),
    controlUid: options.controlUid,
    onConnect: () => gate.hello(),
    onMessage: (message) => gate.message(message),
    onNonsense: (error) =>
      process.stderr.write(`postern-gate: a message from the control plane was refused: ${error}\n`),
    onUnreported: () => counts.add('unreported'),
  });
  const reports = new Reports({
    send: (message) => socket.send(message),
    connected: () => socket.connected,
    onUnreported: (count) => counts.add('unreported', count),
  });
  const kernel = new Netfilter({
    queueFd: options.queueFd,
    queueNumber: options.queueNumber,
    packetShift: options.packetShift,
    conntrackShift: options.conntrackShift,
    lookup,
    flows,
    ...(options.cgroup !== '' && options.cgroup === options.runs && { onlyCgroup: options.cgroup }),
    onDns: (copy, sender) => names.copyUnowned(copy, { uid: sender.uid, gid: sender.gid, caller: undefined }),
    beforeBatch: () => {
      events?.drain();
      book?.drain();
      resolved?.drain();
    },
  });
  const gate = new Gate({
    kernel,
    queueKind: () => kernel.queueKind,
    findNeighbour,
    refresh: () => kernel.refresh(),
    kernelPath: options.kernelPath,
    resolved: () => resolved?.state ?? { heard: false, reason: 'switched off by --resolved-monitor off' },
    programCounts: () => {
      const count = (slot: number) => book?.count(slot) ?? 0;
      return {
        eventsLost: count(countSlots.ringFull),
        processesLost: count(countSlots.processesFull),
        flowsAllowed: count(countSlots.allowed),
        flowsRefused: count(countSlots.refused),
        flowsAsked: count(countSlots.asked),
        replies: count(countSlots.replies),
        voided: count(countSlots.voided),
        untaught: flows?.cache.counts.untaught ?? 0,
        socketsLost: count(countSlots.socketsFull),
        ambiguous: count(countSlots.ambiguous),
        unknownCallers: count(countSlots.unknownProcess),
        elsewhere: count(countSlots.elsewhere),
        ...namesCounts(names, resolved),
        dnsLost: count(countSlots.dnsCut) + names.lostStreams,
        packetsUnknown: count(countSlots.packetsUnknown),
        forged: count(countSlots.forged),
        unhashed: count(countSlots.unhashed),
        unixUntold: count(countSlots.unixUntold),
      };
    },
    attributor,
    listens: (flow, process) => flows?.callers.adoptPort(flow, process),
    makers: () => makers?.running() ?? [],
    cache: flows?.cache,
    names,
    confined,
    settle: () => {
      book?.drain();
      line.flush();
      reports.flush();
      serviceCalls.flush();
    },
    engine: new Engine({ start: started.toString(36), appKey, ciphers: nodeQuicCrypto }),
    counts,
    reports,
    send: (message) => socket.connected && socket.send(message),
    now: () => Date.now(),
    onApplied: (status) => tellSupervisor({ ready: describe(status) }),
  });

  const makers =
    flows && book && new Makers({ flows, book, mount: unifiedMount(), foretell: (callers) => gate.foretell(callers) });
  const resolved =
    options.resolvedMonitor === undefined
      ? undefined
      : new ResolvedMonitor({
          path: options.resolvedMonitor,
          onAnswer: (answer) => names.resolved(answer),
          onTrouble: (text) =>
            process.stderr.write(`postern-gate: systemd-resolved's monitor is not heard, and tried again: ${text}\n`),
        });

  const hits = new KernelHits(flows?.cache, (rule, count) => reports.hit(rule, Date.now(), count));
  const kernelEvents = new KernelEvents({
    copy: (packet) => gate.copy(packet),
    ended: (key, totals) => gate.ended(key, totals),
    attribute: (flow, sender, done) => gate.attribute(flow, sender, done),
    decide: (attempt) => gate.decide(attempt),
    decided: () => hits.soon(),
    listens: (flow) => lookup.listens(flow),
    adopt: (cookie, process) => flows?.callers.adopt(cookie, process) ?? false,
    ask: (packet) => gate.ask(packet),
    cut: (flow, action) => kernel.revoke(flow, action),
  });
  const line = new EventLine((event, key) => kernelEvents.handle(event, key));
  kernel.onPacket((packet) => {
    line.before(packet.key, packet.flow.protocol === 'tcp' && !packet.opens);
    gate.packet(packet);
  });
  kernel.onCopy((packet) => {
    line.before(packet.key);
    gate.copy(packet);
  });

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    for (const file of kept) file.close();
    line.flush();
    hits.flush();
    // Before what holds it is taken away.
    confined.close();
    await gate.stop();
    events?.close();
    flows?.close();
    resolved?.close();
    socket.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => {}); // Ctrl-C reaches every process of the terminal; the supervisor tells us.
  // The supervisor is gone without a word: what it would have taken away stays as the fail mode says.
  process.stdin.on('end', () => process.exit(1)).resume();
  // For the next gate, as this one may be killed at any time. It takes some 100 ms, and has no better moment: later, new packets would wait for it.
  flushCompileCache();
  giveBackLater();
}

try {
  run(JSON.parse(process.argv[2] ?? '{}') as GateOptions);
} catch (error) {
  tellSupervisor({ fatal: `the gate cannot start: ${error instanceof Error ? error.message : error}` });
  process.exit(1);
}
