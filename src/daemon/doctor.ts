// `postern doctor`: what this machine can and cannot do for Postern, each with what to do about it. It changes nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryKernelPath } from '#kernel/bpf/install.ts';
import { tryLsm } from '#kernel/bpf/lsm/install.ts';
import type { LsmStates } from '#kernel/bpf/lsm/parts.ts';
import { tryUnix } from '#kernel/bpf/unix/install.ts';
import type { UnixState } from '#kernel/bpf/unix/parts.ts';
import { NetlinkSocket, netlinkFamilies } from '#kernel/netlink/socket.ts';
import { openConnector } from '#kernel/process/connector.ts';
import { ResolvedMonitor, untried } from '#kernel/resolved/monitor.ts';
import { monitorPath } from '#kernel/resolved/monitorpath.ts';
import type { DoctorCheck, DoctorReport } from '#model/api.ts';
import type { KernelPath } from '#model/status.ts';
import { controlAccount } from './up/account.ts';

function check(name: string, ok: DoctorCheck['ok'], text: string, hint?: string): DoctorCheck {
  return { name, ok, text, ...(hint !== undefined && { hint }) };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function kernelVersion(): DoctorCheck {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const enough = major > 5 || (major === 5 && minor >= 4);
  return check(
    'kernel',
    enough ? 'yes' : 'no',
    `Linux ${release()}`,
    enough ? undefined : 'Postern is made for Linux 5.4 and later.',
  );
}

function root(): DoctorCheck {
  return process.geteuid?.() === 0
    ? check('root', 'yes', 'running as root, so everything could be looked at')
    : check('root', 'partly', 'not running as root: some checks cannot tell', 'Run: sudo postern doctor');
}

function account(): DoctorCheck {
  const found = controlAccount();
  return found.ok
    ? check('account', 'yes', `the control plane runs as user postern (uid ${found.value.uid})`)
    : check('account', 'no', found.error);
}

function nftProgram(): DoctorCheck {
  const result = spawnSync('nft', ['--version'], { encoding: 'utf8' });
  return result.status === 0
    ? check('nft', 'yes', result.stdout.trim())
    : check('nft', 'no', 'the program nft was not found', 'Install it: apt install nftables');
}

/** Tried in a network namespace of its own, which is gone with the program. */
function inOwnNamespace(args: readonly string[], input: string) {
  return spawnSync('unshare', ['--net', '--', ...args], { encoding: 'utf8', input, timeout: 10_000 });
}

function packetQueue(): DoctorCheck {
  const table = (verdict: string) =>
    `table inet t {\n chain c {\n type filter hook output priority 0;\n ${verdict}\n }\n}\n`;
  const native = inOwnNamespace(['nft', '-f', '-'], table('queue num 1'));
  if (native.status === 0) return check('packet queue', 'yes', "nft's own queue statement works");
  const xt = spawnSync('unshare', ['--net', '--', 'iptables-nft', '-A', 'OUTPUT', '-j', 'NFQUEUE'], {
    encoding: 'utf8',
  });
  if (xt.status === 0) {
    return check(
      'packet queue',
      'yes',
      'the kernel has no nft queue statement; the xt target NFQUEUE is used inside our nft table',
    );
  }
  return xt.error !== undefined
    ? check(
        'packet queue',
        'partly',
        'the kernel has no nft queue statement; whether it has the xt target NFQUEUE could not be tried',
        'Install iptables to have it tried here; `postern up` tries it anyway.',
      )
    : check(
        'packet queue',
        'no',
        'neither nft queue nor the xt target NFQUEUE works',
        'Load the modules nft_queue or xt_NFQUEUE; without them only `observe` works.',
      );
}

function conntrackMarks(): DoctorCheck {
  const tried = inOwnNamespace(
    ['nft', '-f', '-'],
    'table inet t {\n chain c {\n type filter hook output priority 0;\n ct mark and 0x1 != 0x0 accept\n ct mark set ct mark or 0x1\n }\n}\n',
  );
  return tried.status === 0
    ? check('conntrack marks', 'yes', 'verdicts can be kept in conntrack')
    : check('conntrack marks', 'no', `verdicts cannot be kept in conntrack: ${tried.stderr.split('\n')[0]}`);
}

function socketLookup(): DoctorCheck {
  try {
    new NetlinkSocket({ family: netlinkFamilies.sockDiag }).close();
    return check('socket lookup', 'yes', 'sock_diag tells the socket behind a packet');
  } catch (error) {
    return check('socket lookup', 'no', message(error), 'Load the modules inet_diag, tcp_diag and udp_diag.');
  }
}

function processEvents(): DoctorCheck {
  try {
    openConnector().close();
    return check('process events', 'yes', 'the proc connector tells of fork, exec and exit');
  } catch (error) {
    return check('process events', 'partly', message(error), 'Programs that end at once may stay unknown.');
  }
}

function cgroups(): DoctorCheck {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => / - cgroup2 /.test(line));
  const path = mount?.split(' ')[4];
  return path === undefined
    ? check(
        'cgroup v2',
        'partly',
        'no cgroup v2 hierarchy is mounted',
        'Rules with unit, cgroup and container will match little.',
      )
    : check('cgroup v2', 'yes', `mounted at ${path}`);
}

function userNamespaces(): DoctorCheck {
  const tried = spawnSync('unshare', ['--user', '--map-current-user', '--net', '--', 'true'], { encoding: 'utf8' });
  return tried.status === 0
    ? check('user namespaces', 'yes', '`postern run --no-network` works for this user')
    : check('user namespaces', 'no', `\`postern run --no-network\` cannot work: ${tried.stderr.trim()}`);
}

function otherFirewalls(): DoctorCheck {
  const file = '/proc/self/net/netfilter/nfnetlink_queue';
  const queues = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
    : [];
  return queues.length === 0
    ? check('other queues', 'yes', 'nobody else holds packets in this network namespace')
    : check(
        'other queues',
        'partly',
        `${queues.length} packet queue(s) are bound here: ${queues.map((line) => line.trim().split(/\s+/)[0]).join(', ')}`,
      );
}

/** By listening for a moment. */
async function systemdResolved(): Promise<DoctorCheck> {
  const monitor = new ResolvedMonitor({ path: monitorPath, onAnswer: () => {}, onTrouble: () => {} });
  const end = performance.now() + 2000;
  while (monitor.state.reason === untried && performance.now() < end) await sleep(20);
  const { heard, reason } = monitor.state;
  monitor.close();
  return heard
    ? check('systemd-resolved', 'yes', 'its monitor tells which names it answers with which addresses')
    : check(
        'systemd-resolved',
        'partly',
        `its monitor (systemd 252 and later) is not heard: ${reason}`,
        'Where eBPF is, names are known from what name servers answer; without eBPF none is.',
      );
}

const tierNames = { btf: 'full', probe: '5.10', none: 'no-bpf' } as const;

/** By loading the programs, which only watch, for a moment. */
function identityAtExec({ tier, reason }: KernelPath): DoctorCheck {
  if (tier !== 'none')
    return check('identity at exec', 'yes', `the kernel tells who each process is (${tier}: ${reason})`);
  return check(
    'identity at exec',
    'no',
    `without eBPF the program behind a packet is found through sock_diag and /proc, as best effort: ${reason}`,
    'A user can disguise a program with prctl(PR_SET_MM); a packet whose program is not found is asked or refused, never passed.',
  );
}

/** By loading and attaching programs that can refuse nothing, for a moment. */
function securityHooks({ frames, forgery, hashes }: LsmStates): DoctorCheck[] {
  return [
    frames.works
      ? check('packet sockets', 'yes', 'the kernel asks before a program makes a socket for frames below IP')
      : check(
          'packet sockets',
          'partly',
          `packet sockets are not covered by the kernel here: ${frames.reason}`,
          'A program with CAP_NET_RAW can send and receive frames below IP, whatever rules with `protocol: packet` say.',
        ),
    forgery.works
      ? check('disguises', 'yes', 'the kernel tells when a program changes what /proc says of it')
      : check(
          'disguises',
          'partly',
          `that a program changes what /proc says of it (PR_SET_MM) is not told here: ${forgery.reason}`,
          'Where the kernel tells who each process is, nothing of that is taken from there.',
        ),
    hashes.works
      ? check('hashes', 'yes', 'the kernel hashes programs as they are executed, once a rule asks for `sha256`')
      : check(
          'hashes',
          'partly',
          `the kernel does not hash programs as they are executed: ${hashes.reason}`,
          'Postern hashes them itself when they first connect, if a rule asks for `sha256`.',
        ),
  ];
}

/** Likewise. */
function unixSockets({ works, reason }: UnixState): DoctorCheck {
  return works
    ? check('Unix sockets', 'yes', 'the kernel tells which Unix sockets the commands of `postern run` connect to')
    : check(
        'Unix sockets',
        'partly',
        `which Unix sockets the commands of \`postern run\` connect to is not told here: ${reason}`,
        'What they ask of docker, systemd and other services is not in their report, and `--strict` is refused but with `--no-network`.',
      );
}

const untriedHooks = (reason: string): LsmStates => {
  const state = { works: false, reason };
  return { frames: state, forgery: state, hashes: state };
};

export async function doctor(): Promise<DoctorReport> {
  const kernelPath: KernelPath =
    process.geteuid?.() === 0
      ? tryKernelPath()
      : { tier: 'none', reason: 'only root can load programs into the kernel' };
  const hooks = kernelPath.tier === 'none' ? untriedHooks(kernelPath.reason) : tryLsm();
  const unix = kernelPath.tier === 'none' ? { works: false, reason: kernelPath.reason } : tryUnix();
  return {
    tier: tierNames[kernelPath.tier],
    checks: [
      kernelVersion(),
      root(),
      account(),
      nftProgram(),
      packetQueue(),
      conntrackMarks(),
      socketLookup(),
      processEvents(),
      cgroups(),
      userNamespaces(),
      otherFirewalls(),
      await systemdResolved(),
      identityAtExec(kernelPath),
      ...securityHooks(hooks),
      unixSockets(unix),
    ],
  };
}
