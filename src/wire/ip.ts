// Reads the beginning of an IPv4 or IPv6 packet: who to whom, which protocol, which ports. What is hostile is an error, not a guess.
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_ROUTING,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './constants/ip.ts';
import { Reader } from './reader.ts';

export { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from './constants/ip.ts';

/**
 * Why a packet cannot be judged by its headers:
 * `not-ip` its version is neither 4 nor 6; `truncated` a header ends after the packet or the copy of it;
 * `bad-length` a header's length contradicts itself; `too-many-headers` more IPv6 extension headers than anyone needs.
 */
export type PacketError = 'not-ip' | 'truncated' | 'bad-length' | 'too-many-headers';

/** Only the first fragment has ports, and only of an unfragmented packet or a first fragment they are set. */
export type Fragment = 'none' | 'first' | 'later';

/** The caller owns one and has it filled again and again; nothing is allocated. */
export interface PacketFields {
  family: 4 | 6;
  /** The IP protocol number after the IPv6 extension headers, as nft's `meta l4proto` and conntrack see it. */
  protocol: number;
  /** Four 32-bit words each, as in model/address.ts: IPv4 is in the last one. */
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  /** TCP, UDP, UDP-Lite, SCTP; otherwise 0. */
  sourcePort: number;
  destinationPort: number;
  /** ICMP and ICMPv6; otherwise −1, also for a later fragment. */
  icmpType: number;
  icmpCode: number;
  /** Identifier of an ICMP echo request or reply; otherwise −1. */
  echoId: number;
  /** TCP_… bits; 0 for other protocols. */
  tcpFlags: number;
  fragment: Fragment;
  /** Length of the whole packet as its header says, in bytes; 0 for a jumbogram or a GSO packet above 64 KB, which do not say it there. */
  length: number;
  /** Where the transport header begins in the given bytes; the packet's end for a later fragment. */
  transport: number;
}

export function createPacketFields(): PacketFields {
  return {
    family: 4,
    protocol: 0,
    source: new Uint32Array(4),
    destination: new Uint32Array(4),
    sourcePort: 0,
    destinationPort: 0,
    icmpType: -1,
    icmpCode: -1,
    echoId: -1,
    tcpFlags: 0,
    fragment: 'none',
    length: 0,
    transport: 0,
  };
}

/** RFC 8200 4.1 lets each header stand once, destination options twice; twice that many is already hostile. */
const maxExtensionHeaders = 12;

// Scratch of one call, shared because the packet path must not allocate.
const reader = new Reader();

/**
 * Reads the packet that begins at `start`, of which the bytes up to `end` were copied. Undefined when `into` is right;
 * otherwise the reason, and `into` is not to be used. A copy may end after the transport header's fixed part, not before.
 */
export function parsePacket(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: PacketFields,
): PacketError | undefined {
  into.sourcePort = 0;
  into.destinationPort = 0;
  into.icmpType = -1;
  into.icmpCode = -1;
  into.echoId = -1;
  into.tcpFlags = 0;
  into.fragment = 'none';
  reader.reset(bytes, start, end);
  const first = reader.u8();
  if (reader.error !== undefined) return 'truncated';
  const version = first >> 4;
  if (version !== 4 && version !== 6) return 'not-ip';
  const problem = version === 4 ? parseIpv4(start, first & 15, into) : parseIpv6(start, into);
  if (problem !== undefined) return problem;
  if (reader.error !== undefined) return reader.error;
  parseTransport(into);
  return reader.error;
}

/** RFC 791 3.1. Leaves the reader at the transport header. */
function parseIpv4(start: number, headerWords: number, into: PacketFields): PacketError | undefined {
  reader.skip(1);
  const length = reader.be16();
  reader.skip(2);
  const fragment = reader.be16();
  reader.skip(1);
  into.family = 4;
  into.protocol = reader.u8();
  reader.skip(2);
  const { source, destination } = into;
  source[0] = source[1] = source[2] = 0;
  destination[0] = destination[1] = destination[2] = 0;
  source[3] = reader.be32();
  destination[3] = reader.be32();
  if (reader.error !== undefined) return 'truncated';
  const headerLength = headerWords * 4;
  if (headerLength < 20 || (length !== 0 && length < headerLength)) return 'bad-length';
  into.length = length;
  endPacketAt(start, length);
  reader.skip(headerLength - 20);
  const offset = fragment & 0x1fff;
  if (offset !== 0) into.fragment = 'later';
  else if (fragment & 0x2000) into.fragment = 'first';
  return undefined;
}

/** RFC 8200. Leaves the reader at the transport header. */
function parseIpv6(start: number, into: PacketFields): PacketError | undefined {
  reader.skip(3);
  const payloadLength = reader.be16();
  const next = reader.u8();
  reader.skip(1);
  into.family = 6;
  for (let word = 0; word < 4; word++) into.source[word] = reader.be32();
  for (let word = 0; word < 4; word++) into.destination[word] = reader.be32();
  if (reader.error !== undefined) return 'truncated';
  into.length = payloadLength === 0 ? 0 : payloadLength + 40;
  endPacketAt(start, into.length);
  return skipExtensionHeaders(next, into);
}

/**
 * The headers that the kernel's ipv6_find_hdr passes (net/ipv6/exthdrs_core.c), and no more: mobility, HIP and shim6
 * are protocols to it, and taking what stands behind them for the packet's ports would judge another packet than it delivers.
 */
function skipExtensionHeaders(first: number, into: PacketFields): PacketError | undefined {
  let header = first;
  for (let count = 0; count <= maxExtensionHeaders; count++) {
    into.protocol = header;
    switch (header) {
      case IPPROTO_HOPOPTS:
      case IPPROTO_ROUTING:
      case IPPROTO_DSTOPTS:
        header = reader.u8();
        reader.skip(reader.u8() * 8 + 6);
        break;
      case IPPROTO_AH:
        header = reader.u8();
        reader.skip(reader.u8() * 4 + 6);
        break;
      case IPPROTO_FRAGMENT: {
        header = reader.u8();
        reader.skip(1);
        const field = reader.be16();
        reader.skip(4);
        if ((field & 0xfff8) !== 0) {
          into.fragment = 'later';
          into.protocol = header;
          return reader.error === undefined ? undefined : 'truncated';
        }
        if (field & 1) into.fragment = 'first';
        break;
      }
      default:
        return undefined;
    }
    if (reader.error !== undefined) return 'truncated';
  }
  return 'too-many-headers';
}

/** Bytes after the packet's own end, such as link padding, are not read. */
function endPacketAt(start: number, length: number): void {
  if (length !== 0 && start + length < reader.end) reader.end = start + length;
}

function parseTransport(into: PacketFields): void {
  if (into.fragment === 'later') {
    into.transport = reader.end;
    return;
  }
  into.transport = reader.offset;
  switch (into.protocol) {
    case IPPROTO_TCP:
      into.sourcePort = reader.be16();
      into.destinationPort = reader.be16();
      reader.skip(9);
      into.tcpFlags = reader.u8();
      reader.skip(6);
      return;
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
      into.sourcePort = reader.be16();
      into.destinationPort = reader.be16();
      reader.skip(4);
      return;
    case IPPROTO_SCTP:
      into.sourcePort = reader.be16();
      into.destinationPort = reader.be16();
      reader.skip(8);
      return;
    case IPPROTO_ICMP:
      if (into.family === 4) parseIcmp(into, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY);
      return;
    case IPPROTO_ICMPV6:
      if (into.family === 6) parseIcmp(into, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY);
      return;
  }
}

function parseIcmp(into: PacketFields, request: number, reply: number): void {
  into.icmpType = reader.u8();
  into.icmpCode = reader.u8();
  reader.skip(2);
  if (into.icmpType !== request && into.icmpType !== reply) return;
  into.echoId = reader.be16();
  reader.skip(2);
}
