// `postern up`: the supervisor. It holds what must outlive a crash (the queue's socket), starts the gate and the control
// plane, starts them again when they end, and takes everything away when it is asked to stop.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpOptions } from '#cli/main.ts';
import { installKernelPath } from '#kernel/bpf/install.ts';
import { installLsm } from '#kernel/bpf/lsm/install.ts';
import { Pins } from '#kernel/bpf/pins.ts';
import { installUnix } from '#kernel/bpf/unix/install.ts';
import type { UnixState } from '#kernel/bpf/unix/parts.ts';
import { RunCgroups } from '#kernel/confine/cgroups.ts';
import { libc } from '#kernel/ffi.ts';
import { giveBackLater } from '#kernel/memory.ts';
import { netnsCookie } from '#kernel/netlink/netnscookie.ts';
import { NetlinkSocket, netlinkFamilies } from '#kernel/netlink/socket.ts';
import { removeOwnTable, tableOwner } from '#kernel/nft/owner.ts';
import { unifiedMount } from '#kernel/proc/owner/processes.ts';
import { openConnector } from '#kernel/process/connector.ts';
import { type Lock, takeLock } from '#kernel/process/lock.ts';
import { notifyServiceManager } from '#kernel/process/sdnotify.ts';
import { monitorPath } from '#kernel/resolved/monitorpath.ts';
import { runFolder } from '#model/run/run.ts';
import type { KernelPath } from '#model/status.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { codeFolder } from '../codefolder.ts';
import { controlAccount } from './account.ts';
import { missingCapabilities } from './capabilities.ts';
import { runCheckup } from './checkup.ts';
import { Child } from './child.ts';
import { prepareFolders } from './folders.ts';
import { doctorLine, handoverLine } from './handover.ts';
import { type ControlOptions, type GateOptions, markShifts } from './options.ts';
import { reset } from './reset.ts';

/** Seconds without a gate after which the queue is given up and the fail mode holds. */
const giveUpSeconds = 3;
const queueBufferBytes = 64 * 1024 * 1024; // KERNEL section 2
const defaultQueue = 0x504f;
const gatePriority = -15;

/** What the gate needs as root: the rest is taken from its bounding set before it starts. */
const gateCapabilities = ['net_admin', 'sys_ptrace', 'dac_read_search'];

const exitCodes = { done: 0, no: 1, notPermitted: 4 } as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`postern: ${text}\n`);
}

function openQueueSocket(): NetlinkSocket {
  const socket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  socket.setReceiveBuffer(queueBufferBytes);
  socket.setOption('noEnobufs', 1);
  socket.setOption('capAck', 1);
  return socket;
}

function tryOpenConnector(): NetlinkSocket | undefined {
  try {
    return openConnector();
  } catch (error) {
    complain(
      `the kernel's process events cannot be had (${error instanceof Error ? error.message : error}); ` +
        'programs that end at once may stay unknown',
    );
    return undefined;
  }
}

const nodeFlags = ['--disable-warning=ExperimentalWarning'];
/** Megabytes: V8 lets its room for what is new grow under load and does not give it back; here what is new is soon garbage. */
const controlFlags = [...nodeFlags, '--max-semi-space-size=8'];
const script = (name: string) => join(import.meta.dirname, '..', name, 'main.ts');

export async function up(options: UpOptions): Promise<number> {
  if (process.geteuid?.() !== 0) {
    complain('only root can guard the machine; run: sudo postern up');
    return exitCodes.notPermitted;
  }
  const lacking = missingCapabilities();
  if (lacking !== undefined) {
    complain(lacking);
    return exitCodes.notPermitted;
  }
  const account = controlAccount();
  if (!account.ok) {
    complain(account.error);
    return exitCodes.no;
  }
  const prepared = prepareFolders(options, account.value);
  if (!prepared.ok) {
    complain(prepared.error);
    return exitCodes.no;
  }
  const folders = prepared.value;
  let lock: Lock;
  try {
    lock = takeLock(join(folders.runtimeDir, 'postern.lock'));
  } catch (error) {
    complain(`the lock of the runtime folder cannot be taken: ${error instanceof Error ? error.message : error}`);
    return exitCodes.no;
  }
  if (!lock.held) {
    complain(
      `Postern is already running with the runtime folder ${folders.runtimeDir} (process ${lock.pid}); ` +
        'stop it first, or give this one folders of its own',
    );
    return exitCodes.no;
  }
  const owner = await tableOwner();
  if (!owner.ok) {
    complain(owner.error);
    return exitCodes.no;
  }
  if (owner.value === 'ours') {
    const other = liveQueueOwner(defaultQueue);
    if (other !== undefined) {
      complain(
        `another Postern guards this network namespace already (it holds the packet queue ${defaultQueue}, netlink port ${other}); stop it first`,
      );
      return exitCodes.no;
    }
    if (!options.reset) {
      say('Rules of a Postern that did not stop in order are still in the kernel; they hold until the new ones stand.');
    }
  }
  const pins = Pins.of(folders.runtimeDir);
  const places = guardedPlaces(options);
  if (!places.ok) {
    complain(places.error);
    return exitCodes.no;
  }
  if (options.reset) {
    const still = new RunCgroups(places.value.runs).standStill();
    const done = await reset(pins);
    if (!done.ok) {
      complain(`what an earlier Postern left in the kernel could not be taken away: ${done.error}`);
      return exitCodes.no;
    }
    say('Nothing of an earlier Postern is in the kernel any more.');
    for (const run of options.mode === 'off' ? still : []) {
      say(
        `What postern run began as ${run} stands still; to end it: echo 1 > ${join(places.value.runs, run)}/cgroup.kill`,
      );
    }
    if (options.mode === 'off') return exitCodes.done;
  }
  const { kernelPath, unix } = enterKernel(options, places.value.cgroup || undefined, pins);
  if (options.kernelPath === 'bpf' && kernelPath.tier === 'none') {
    complain(`the programs of --kernel-path bpf do not load: ${kernelPath.reason}`);
    return exitCodes.no;
  }
  return supervise(options, folders, account.value, { kernelPath, unix, pins, ...places.value });
}

interface GuardedPlaces {
  /** The folder whose programs are judged; empty: there is no cgroup v2 hierarchy. */
  readonly cgroup: string;
  /** Below which commands have theirs; empty likewise. */
  readonly runs: string;
}

/** The error is a sentence. */
function guardedPlaces({ cgroup, onlyRuns }: UpOptions): Result<GuardedPlaces> {
  const guarded = cgroup ?? unifiedMount() ?? '';
  const runs = guarded === '' ? '' : join(guarded, runFolder);
  if (!onlyRuns) return ok({ cgroup: guarded, runs });
  if (guarded === '') return fail('there is no cgroup v2 hierarchy, in which commands could be confined');
  try {
    mkdirSync(runs, { recursive: true });
    return ok({ cgroup: runs, runs });
  } catch (error) {
    return fail(`no cgroup can be made for commands: ${error instanceof Error ? error.message : error}`);
  }
}

interface Entered {
  readonly kernelPath: KernelPath;
  readonly unix: UnixState;
}

/** What an earlier Postern left pinned is taken up, or taken away. */
function enterKernel({ kernelPath: wanted }: UpOptions, guarded: string | undefined, pins: Pins): Entered {
  const without = (reason: string): Entered => ({
    kernelPath: { tier: 'none', reason },
    unix: { works: false, reason: `without eBPF nobody tells of Unix sockets (${reason})` },
  });
  if (wanted === 'none' || guarded === undefined) {
    pins.remove();
    return without(
      wanted === 'none'
        ? 'switched off by --kernel-path none'
        : 'there is no cgroup v2 hierarchy, at which the programs would stand',
    );
  }
  const kernelPath = installKernelPath(pins);
  if (kernelPath.tier === 'none') return without(kernelPath.reason);
  // `postern doctor` says which of these there are.
  installLsm(pins, guarded);
  return { kernelPath, unix: installUnix(pins, guarded) };
}

/** The netlink port that holds this queue, from /proc/net/netfilter/nfnetlink_queue: queue, port, … in decimal. */
function liveQueueOwner(queue: number): string | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/thread-self/net/netfilter/nfnetlink_queue', 'utf8');
  } catch {
    return undefined;
  }
  const line = text.split('\n').find((candidate) => Number(candidate.trim().split(/\s+/)[0]) === queue);
  return line?.trim().split(/\s+/)[1];
}

async function supervise(
  options: UpOptions,
  folders: { configDir: string; stateDir: string; runtimeDir: string },
  account: { uid: number; gid: number },
  { kernelPath, unix, pins, cgroup, runs }: Entered & { pins: Pins } & GuardedPlaces,
): Promise<number> {
  let queue = openQueueSocket();
  const netns = netnsCookie();
  // Without eBPF the proc connector tells of processes.
  const connector = kernelPath.tier === 'none' ? tryOpenConnector() : undefined;
  const capabilities = kernelPath.tier === 'none' ? gateCapabilities : [...gateCapabilities, 'bpf'];
  const ready = { gate: '', control: false, pages: '', said: false };
  let giveUp: NodeJS.Timeout | undefined;
  let stopping = false;
  let finish: (code: number) => void = () => {};
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });

  const sayReady = () => {
    if (ready.said || ready.gate === '' || !ready.control) return;
    ready.said = true;
    say(
      `postern is ready: ${ready.gate}. Ask it with the other postern commands (socket ${folders.runtimeDir}/postern.sock).${ready.pages}`,
    );
    notifyServiceManager(`READY=1\nMAINPID=${process.pid}`);
    giveBackLater();
  };

  const certificate = options.remote?.certificate;

  const gate = new Child({
    title: 'gate',
    codeFolder: codeFolder(folders.runtimeDir, 0),
    command: () => {
      const fds = connector === undefined ? [queue.fd] : [queue.fd, connector.fd];
      const gateOptions: GateOptions = {
        runtimeDir: folders.runtimeDir,
        controlUid: account.uid,
        kernelPath,
        unix,
        cgroup,
        runs,
        netns: String(netns.ok ? netns.value : 0n),
        queueNumber: defaultQueue,
        packetShift: markShifts.packet,
        conntrackShift: markShifts.conntrack,
        queueFd: 4,
        ...(connector !== undefined && { connectorFd: 5 }),
        ...(options.resolvedMonitor !== 'off' && { resolvedMonitor: options.resolvedMonitor ?? monitorPath }),
      };
      return {
        file: 'setpriv',
        args: [
          `--bounding-set=-all,${capabilities.map((name) => `+${name}`).join(',')}`,
          '--inh-caps=-all',
          '--',
          process.execPath,
          ...nodeFlags,
          script('gate'),
          JSON.stringify(gateOptions),
        ],
        fds,
      };
    },
    onStart: (pid) => {
      libc.setpriority(0, pid, gatePriority);
    },
    onLine: (line) => {
      if (line.fatal !== undefined) {
        complain(line.fatal);
        if (!ready.said) stop(exitCodes.no);
      }
      if (typeof line.ready !== 'string') return;
      clearTimeout(giveUp);
      giveUp = undefined;
      ready.gate = line.ready;
      sayReady();
    },
    onLost: (how) => {
      complain(`the gate ended (${how}); it is started again, and held packets wait for it`);
      giveUp ??= setTimeout(() => {
        giveUp = undefined;
        complain(`no gate for ${giveUpSeconds} seconds: the fail mode holds until there is one`);
        queue.close();
        queue = openQueueSocket();
      }, giveUpSeconds * 1000);
    },
  });

  const control = new Child({
    title: 'control plane',
    codeFolder: codeFolder(folders.runtimeDir, account.uid),
    uid: account.uid,
    gid: account.gid,
    ...(certificate !== undefined && { greeting: () => handoverLine(certificate) }),
    command: () => {
      const controlOptions: ControlOptions = {
        ...folders,
        mode: ready.said ? undefined : options.mode,
        failMode: options.failMode,
        forward: options.forward,
        holdSeconds: options.holdSeconds,
        onlyRuns: options.onlyRuns,
        foreground: true,
        pagesPort: options.pagesPort,
        remote: options.remote === null ? null : { ...options.remote.door, given: certificate !== undefined },
      };
      return {
        file: process.execPath,
        args: [...controlFlags, script('control'), JSON.stringify(controlOptions)],
        fds: [],
      };
    },
    onStart: () => {},
    onLine: (line) => {
      if (line.done === true) stop(exitCodes.done);
      if (line.wants === 'doctor') void runCheckup().then((report) => control.tell(doctorLine(report)));
      if (line.ready !== true) return;
      ready.control = true;
      if (line.pagesPort !== undefined && line.pagesPort > 0) {
        ready.pages = ` Its pages are on http://127.0.0.1:${line.pagesPort}; log in with: postern ui`;
      }
      sayReady();
    },
    onLost: (how) =>
      complain(`the control plane ended (${how}); it is started again, the gate goes on with its policy`),
  });

  function stop(code: number): void {
    if (stopping) return;
    stopping = true;
    clearTimeout(giveUp);
    notifyServiceManager('STOPPING=1');
    // Also where there is no gate just now to do it.
    new RunCgroups(runs).standStill();
    void (async () => {
      await Promise.all([control.stop(), gate.stop()]);
      const removed = await removeOwnTable();
      if (!removed.ok) complain(`the rules in the kernel could not be taken away: ${removed.error}`);
      queue.close();
      connector?.close();
      pins.remove();
      finish(code);
    })();
  }

  const onTerm = () => stop(exitCodes.done);
  const onHup = () => {
    // First, so that it is read before the signal is heard.
    if (certificate !== undefined) control.tell(handoverLine(certificate));
    control.signal('SIGHUP');
  };
  process.on('SIGTERM', onTerm);
  process.on('SIGINT', onTerm);
  process.on('SIGHUP', onHup);
  return finished;
}
