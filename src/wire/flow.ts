// From the fields of a packet to a Flow, and between Flows and the names that the kernel's socket and conntrack tables give them.

import type { Direction, Endpoint, Flow } from '#model/flow.ts';
import { type Address, ipv4, ipv6 } from '#model/net/address.ts';
import { hasPorts, type Protocol, protocolOf } from '#model/net/protocol.ts';
import type { ConntrackEntry, EntryName, Tuple } from './conntrack.ts';
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
} from './constants/ip.ts';
import { NF_INET_FORWARD, NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT } from './constants/netfilter.ts';
import type { PacketFields } from './ip.ts';
import type { SocketName } from './sockdiag.ts';

/** The direction of a packet taken at this hook; undefined for a hook that we have no chain at. */
export function directionOfHook(hook: number): Direction | undefined {
  if (hook === NF_INET_LOCAL_OUT) return 'out';
  if (hook === NF_INET_LOCAL_IN) return 'in';
  if (hook === NF_INET_FORWARD) return 'forward';
  return undefined;
}

/** ICMP inside IPv6 and ICMPv6 inside IPv4 are protocols without a meaning: raw, so that no rule for the real ones lets them through. */
export function protocolOfPacket(number: number, family: 4 | 6): Protocol {
  if ((number === IPPROTO_ICMP && family === 6) || (number === IPPROTO_ICMPV6 && family === 4)) return 'raw';
  return protocolOf(number);
}

function addressOfWords(family: 4 | 6, words: Uint32Array): Address {
  const w3 = words[3] as number;
  return family === 4 ? ipv4(w3) : ipv6(words[0] as number, words[1] as number, words[2] as number, w3);
}

/**
 * The flow of a packet that `parsePacket` read without error. `interfaceName` is the one the packet leaves by (out, forward) or came in by.
 * Out and forward: local is the source. In: local is the destination. ICMP echo: the identifier is the local port.
 */
export function flowFromPacket(fields: PacketFields, direction: Direction, interfaceName?: string): Flow {
  const echo = Math.max(fields.echoId, 0);
  const source = addressOfWords(fields.family, fields.source);
  const destination = addressOfWords(fields.family, fields.destination);
  const incoming = direction === 'in';
  const sourcePort = incoming ? fields.sourcePort : fields.sourcePort + echo;
  const destinationPort = incoming ? fields.destinationPort + echo : fields.destinationPort;
  const from: Endpoint = { address: source, port: sourcePort };
  const to: Endpoint = { address: destination, port: destinationPort };
  return {
    protocol: protocolOfPacket(fields.protocol, fields.family),
    protocolNumber: fields.protocol,
    direction,
    local: incoming ? to : from,
    remote: incoming ? from : to,
    interface: interfaceName,
    icmp: fields.icmpType < 0 ? undefined : { type: fields.icmpType, code: fields.icmpCode },
  };
}

/**
 * The socket of this machine behind a flow, for a sock_diag look-up; undefined for a forwarded flow, one whose local end is not
 * known, and protocols without ports. For an incoming flow it is the listening socket as long as no connection stands.
 */
export function socketOfFlow(flow: Flow, interfaceIndex = 0): SocketName | undefined {
  const { local, remote, direction, protocolNumber } = flow;
  if (local === undefined || direction === 'forward' || !hasPorts(flow.protocol)) return undefined;
  return { protocol: protocolNumber, local, remote, interfaceIndex };
}

/** The type of the answer to an echo request or reply; undefined for other ICMP, whose identifier a Flow does not have. */
function echoAnswer(family: 4 | 6, type: number): number | undefined {
  const [request, reply] =
    family === 4 ? [ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY] : [ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY];
  if (type === request) return reply;
  return type === reply ? request : undefined;
}

/**
 * The conntrack entry of a flow as our chains see it: outgoing flows before addresses are translated, so by the original tuple;
 * incoming ones after that, so by the reply tuple. A forwarded flow's original tuple is its own only where no destination is translated.
 * Undefined when the local end is not known, and for ICMP other than echo.
 */
export function entryOfFlow(flow: Flow): EntryName | undefined {
  const { local, remote, direction, protocolNumber } = flow;
  if (local === undefined) return undefined;
  const side = direction === 'in' ? 'reply' : 'original';
  const family = local.address.family === 6 || remote.address.family === 6 ? 6 : 4;
  if (flow.icmp === undefined) {
    return { side, tuple: { family, protocol: protocolNumber, source: local, destination: remote } };
  }
  const answer = echoAnswer(family, flow.icmp.type);
  if (answer === undefined) return undefined;
  const icmp = { type: direction === 'in' ? answer : flow.icmp.type, code: flow.icmp.code, id: local.port };
  const source: Endpoint = { address: local.address, port: 0 };
  return { side, tuple: { family, protocol: protocolNumber, source, destination: remote, icmp } };
}

/** The flow of an entry as the chains of this direction saw its first packet; the counterpart of `entryOfFlow`. */
export function flowOfEntry(entry: ConntrackEntry, direction: Direction, interfaceName?: string): Flow {
  const { original, reply } = entry;
  const incoming = direction === 'in';
  const local = incoming ? reply.source : original.source;
  const remote = incoming ? reply.destination : direction === 'out' ? original.destination : reply.source;
  const id = echoIdOf(incoming ? reply : original);
  return {
    protocol: protocolOfPacket(original.protocol, original.family),
    protocolNumber: original.protocol,
    direction,
    local: { address: local.address, port: local.port + id },
    remote: { address: remote.address, port: remote.port },
    interface: interfaceName,
    icmp: original.icmp && { type: original.icmp.type, code: original.icmp.code },
  };
}

/** Ports of ICMP are 0, so that the id takes their place; only echo has one in a Flow. */
function echoIdOf({ family, icmp }: Tuple): number {
  return icmp !== undefined && echoAnswer(family, icmp.type) !== undefined ? icmp.id : 0;
}
