// The ways out of a run that a hostile child tries: what each is, what it needs, and what counts as having got out.

/** What really arrived, as the servers and the helper saw it: never what the child says. */
export interface Arrived {
  /** Packets that came into the world with the token of this way. */
  readonly packets: number;
  /** Packets to the port of this way at an address that must not be reached: SYNs too. */
  readonly toPort: number;
  /** Connections at that port on which something was said. */
  readonly answered: number;
  /** Times that a listener outside of the run, on the same machine, heard the token. */
  readonly heard: number;
  /** Callers from outside that the child's own listeners answered. */
  readonly called: number;
}

export interface Way {
  /** `MODULE.FUNCTION` of the Python that tries it. */
  readonly name: string;
  readonly brief: string;
  /** Who must try it for it to mean something: root can more. */
  readonly by: 'root' | 'anyone';
  /** What got out; nothing may. */
  readonly out: (arrived: Arrived) => number;
  /** The kernel may lack what it needs; then the child says `skipped` and why. */
  readonly optional?: true;
  /** Seconds after its end in which something may still come of it. */
  readonly lingers?: number;
  /** Why `run` cannot refuse it by itself, where it cannot; it must then stand in the report. */
  readonly uncovered?: string;
  /** Refused with `--strict`. */
  readonly strict?: true;
}

const net = ({ packets, toPort }: Arrived) => Math.max(packets, toPort);
const token = ({ packets }: Arrived) => packets;

const way = (name: string, brief: string, more: Partial<Way> = {}): Way => ({
  name,
  brief,
  by: 'anyone',
  out: net,
  ...more,
});
const root = { by: 'root' } as const;
const optional = { optional: true } as const;

const flows = [
  way('flows.tcp', 'TCP, IPv4 and IPv6'),
  way('flows.v4mapped', 'IPv4 by a socket of IPv6, TCP and UDP'),
  way('flows.mptcp', 'Multipath TCP', optional),
  way('flows.fastopen', 'TCP whose first words go with the SYN: sendto with MSG_FASTOPEN'),
  way('flows.udp', 'datagrams of a socket that is not connected'),
  way('flows.udp_connected', 'datagrams of a socket that is connected'),
  way('flows.udp_switched', 'a socket that is connected to where it may go and sends elsewhere'),
  way('flows.udplite', 'UDP-Lite', optional),
  way('flows.sctp', 'SCTP', optional),
  way('flows.icmp_ping', 'ICMP by a ping socket, as any user', { ...optional, out: token }),
  way('flows.icmp_raw', 'ICMP by a raw socket', { ...root, out: token }),
  way('flows.raw', 'whole packets, UDP, SCTP and a protocol of nobody by raw sockets', root),
  way('flows.raw_kept', 'a raw socket that is connected', { ...root, out: token }),
  way('flows.packet', 'frames by AF_PACKET', root),
  way('flows.tun', 'a device of its own whose packets the kernel forwards', { ...root, ...optional }),
  way('flows.multicast', 'multicast, on the link and beyond', { out: token }),
  way('flows.broadcast', 'broadcast', { out: token }),
] as const;

const names = [
  way('names.own_udp', 'a name server of its own, over UDP', { out: token }),
  way('names.own_tcp', 'a name server of its own, over TCP', { out: token }),
  way('names.library', 'names that nobody allows, by the C library', { out: token }),
  way('names.direct', 'names that nobody allows, at the configured server, of every type', { out: token }),
  way('names.below', 'a name below an allowed one', { out: token }),
  way('names.long', 'labels and names longer than may be', { out: token }),
  way('names.pointer', 'a name by a pointer', { out: token }),
  way('names.option', 'an allowed name with an option', { out: token }),
  way('names.second', 'an allowed name, and a second question', { out: token }),
  way('names.behind', 'an allowed name, and more behind the end', { out: token }),
  way('names.record', 'an allowed name, and a record', { out: token }),
  way('names.case', 'an allowed name written in large and small letters', { out: token }),
] as const;

const births = [
  way('births.bomb', 'a fork bomb of 500 that each connect'),
  way('births.double_fork', 'a session of its own whose ancestors have ended'),
  way('births.another_user', 'another user', root),
  way('births.user_namespace', 'root of a user namespace of its own', optional),
  way('births.shell', 'another shell, without a program'),
  way('births.interpreter', 'an interpreter that is there anyway'),
  way('births.vfork', 'a child that shares the memory, before exec'),
  way('births.thread', 'a thread'),
  way('births.parent', 'a child that is its sibling: CLONE_PARENT'),
  way('births.spawn', 'posix_spawn'),
  way('births.memory', 'a program that is in no file'),
  way('births.deleted', 'a copy that is deleted afterwards'),
  way('births.preload', 'a library in a program that is there anyway'),
  way('births.kept_socket', 'a socket that is kept over exec'),
  way('births.ring_connect', 'io_uring: connect and send', optional),
  way('births.ring_polled', "io_uring: connect and send by the kernel's own thread", optional),
  way('births.ring_sendmsg', 'io_uring: a datagram', optional),
  way('births.survivor', 'a child that begins when the command has ended', { lingers: 3.5 }),
] as const;

const byOther = 'the connection belongs to a process outside of the run, which is free to go there';
const escapes = [
  way('escapes.to_top', 'moved to the cgroup at the top of what is guarded', root),
  way('escapes.to_parent', 'moved to the cgroup above', root),
  way('escapes.to_sibling', 'moved to a cgroup beside', root),
  way('escapes.born_elsewhere', 'a child that is born in another cgroup: CLONE_INTO_CGROUP', root),
  way('escapes.beyond', 'moved to the cgroup at the root of the machine, where Postern guards only a part of it', {
    ...root,
    uncovered: 'what root moves out of the cgroup that Postern was told to guard (--cgroup) is not guarded',
  }),
  way('escapes.setns', 'the network namespace of another process, and a socket of there at home', root),
  way('escapes.unshare', 'a network namespace of its own with a device on the cable', { ...root, ...optional }),
  way('escapes.passed_connected', 'a connection that a helper outside handed over', {
    out: token,
    uncovered: 'the socket was connected by a process outside of the run; what is sent on it passes no connect',
    // The helper's socket is an abstract one.
    strict: true,
  }),
  way('escapes.passed_open', 'sockets that a helper outside handed over, connected here'),
  way('escapes.taken', 'a connection taken out of another process with pidfd_getfd', {
    out: token,
    uncovered: 'the socket was connected by a process outside of the run; what is sent on it passes no connect',
    strict: true,
  }),
  way('escapes.ptrace', 'a process outside, of the same user, made to connect by ptrace', {
    ...optional,
    uncovered: `${byOther}; kernel.yama.ptrace_scope=1 forbids it to all but root`,
    strict: true,
  }),
  way('escapes.abstract', 'an abstract Unix socket to a helper outside that connects', {
    uncovered: byOther,
    strict: true,
  }),
  way('escapes.managers', 'Unix sockets of service managers and container engines', {
    uncovered: byOther,
    strict: true,
  }),
  way('escapes.own_rule', 'a rule of its own, and the mode, asked of Postern itself'),
  way('escapes.loopback', 'listeners of others on this machine', { out: ({ heard }) => heard }),
  way('escapes.inbound', 'waiting to be called from outside', { out: ({ called }) => called }),
] as const;

/** These come last, for what guards the others may be gone after them. */
const ruinous = [
  way('births.killed_gate', 'SIGKILL for the gate, as root', root),
  way('escapes.emptied', 'every table of nftables taken away, as root', {
    ...root,
    uncovered: 'refusals stand in the tables too, and root can take those away',
  }),
] as const;

export const waysOut: readonly Way[] = [...flows, ...names, ...births, ...escapes, ...ruinous];
