// FlowMask: which fields an entry of the kernel's flow cache compares, and which decisions may become an entry at all.
// An entry says: every attempt that agrees with this one in the masked fields gets this decision.
import type { Attempt } from '#model/attempt.ts';
import type { Decision } from '#model/decision.ts';
import { type Flow, makesPacketSocket } from '#model/flow.ts';
import type { Consulted } from '../consult/consulted.ts';
import { isIcmp, protocolCode } from '../match/protocol.ts';

/** The direction and the family of the remote address are compared always. */
export interface FlowMask {
  /** The program's file: device, inode, generation and change time, with its mount. Never together with `process`. */
  readonly executable: boolean;
  /** The process from one exec to the next or its exit: pid, start time and the number of the exec. */
  readonly process: boolean;
  /** Effective ids at the call. */
  readonly uid: boolean;
  readonly gid: boolean;
  readonly cgroup: boolean;
  readonly protocol: boolean;
  /** The port that rules speak of: the remote one of what goes out, the local one of what comes in. */
  readonly port: boolean;
  /** The local address, which only entries for what is forwarded compare: never together with `executable`. */
  readonly local: boolean;
  /** Whether the packet is on the interface lo: not known yet in a program's call. */
  readonly loopback: boolean;
  /** How many leading bits of the remote address, 0–32 or 0–128. */
  readonly remoteBits: number;
  /** The entry rests on the names of its one address, and goes when they change. */
  readonly names: boolean;
}

export type Cacheable =
  | {
      readonly ok: true;
      readonly mask: FlowMask;
      /** Milliseconds since 1970 from which on the entry must not be used; Infinity for ever. */
      readonly expires: number;
    }
  | { readonly ok: false; readonly why: string };

/** Whether the decision may become an entry, and how wide; `why` is a sentence. */
export function cacheable(attempt: Attempt, decision: Decision, consulted: Consulted): Cacheable {
  const why = whyNot(attempt, decision, consulted);
  if (why !== undefined) return { ok: false, why };
  const { uid, gid, cgroup, protocol, remoteBits, expires, localAddress: local } = consulted;
  const process = needsProcess(attempt, consulted);
  // Of the making of a packet socket nothing is known but who makes it: what was asked beside is always the same.
  const making = makesPacketSocket(attempt.flow);
  const mask: FlowMask = {
    executable: consulted.executable && !process,
    process,
    uid,
    gid,
    cgroup,
    // Of ICMP there are entries for echo requests alone, so that the protocol says the type.
    protocol: protocol || consulted.icmpType,
    local: local && !making,
    loopback: consulted.loopback && !making,
    port: !making && (attempt.flow.direction === 'in' ? consulted.localPort : consulted.remotePort),
    remoteBits,
    names: consulted.names && !making,
  };
  return { ok: true, mask, expires };
}

/** RFC 792, RFC 4443 4.1 */
const echoRequests = { icmp: 8, icmpv6: 128 } as const;

/** The one kind of ICMP that opens a flow of its own, and that the kernel's cache knows. */
export function isEchoRequest({ protocol, icmp }: Pick<Flow, 'protocol' | 'icmp'>): boolean {
  return (protocol === 'icmp' || protocol === 'icmpv6') && icmp?.type === echoRequests[protocol];
}

/** What names an address has is known for each process. Only of a file that the host has at its path does the file alone say which program it is; its place in an entry is the local address's. */
function needsProcess({ process }: Attempt, consulted: Consulted): boolean {
  const { executable, localAddress } = consulted;
  return consulted.process || consulted.names || (executable && (localAddress || process?.image?.state !== 'host'));
}

function whyNot(attempt: Attempt, { action }: Decision, consulted: Consulted): string | undefined {
  const { process, flow } = attempt;
  if (action === 'ask') return 'The decision is to ask, and the answer is not known yet.';
  const making = makesPacketSocket(flow);
  if (flow.protocol === 'packet' && !making) return 'The frame has no IP header, so there is nothing to compare.';
  if (isIcmp(protocolCode(flow)) && !isEchoRequest(flow)) return 'Of ICMP only echo requests are compared.';
  if (process === undefined) return 'The program was not found.';
  if (process.kernel === true) return 'The kernel sent it by itself, and no program is behind it.';
  if (consulted.unknown !== undefined) return `The decision asked for ${consulted.unknown}, which is not known yet.`;
  if (consulted.names && action !== 'allow') return 'A refusal may rest on a name that is not known yet.';
  const incomparable = making ? ofProcess(consulted) : incomparableOf(consulted, flow);
  if (incomparable !== undefined) {
    return `The decision depends on the ${incomparable}, which an entry of the cache cannot compare.`;
  }
  if (needsProcess(attempt, consulted) && (process.pid === undefined || process.startTime === undefined)) {
    return 'The decision depends on the process, whose pid and start time are not known.';
  }
  if (consulted.cgroup && process.cgroup === undefined)
    return 'The decision depends on the cgroup, which is not known.';
  if (making) return undefined;
  if (consulted.localPort && flow.local === undefined)
    return 'The decision depends on the local port, which is not known.';
  if (consulted.loopback && flow.interface === undefined)
    return 'The decision depends on whether the interface is lo, which is not known.';
  return undefined;
}

function ofProcess({ volatile }: Consulted): string | undefined {
  return volatile ? 'supplementary groups or the security label' : undefined;
}

function incomparableOf(consulted: Consulted, { direction, local }: Flow): string | undefined {
  const incoming = direction === 'in';
  if (consulted.volatile) return ofProcess(consulted);
  if (consulted.interface) return 'interface';
  if (consulted.localAddress && (direction !== 'forward' || local === undefined)) return 'local address';
  if (incoming ? consulted.remotePort : consulted.localPort) return `${incoming ? 'remote' : 'local'} port`;
  return undefined;
}
