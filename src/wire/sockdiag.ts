// sock_diag: ask the kernel for the socket behind a flow, list listening sockets, destroy a socket.

import type { Endpoint } from '#model/flow.ts';
import { type Address, addressToBytes, ipv4, ipv6 } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { IPPROTO_RAW, IPPROTO_UDP, IPPROTO_UDPLITE } from './constants/ip.ts';
import { AF_INET, AF_INET6, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from './constants/netlink.ts';
import {
  INET_DIAG_BC_S_GE,
  INET_DIAG_BC_S_LE,
  INET_DIAG_CGROUP_ID,
  INET_DIAG_MARK,
  INET_DIAG_NOCOOKIE,
  INET_DIAG_REQ_BYTECODE,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
} from './constants/sockdiag.ts';
import { AttributeReader, type MessageReader } from './netlink.ts';
import { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export {
  SOCK_DIAG_BY_FAMILY,
  TCP_ESTABLISHED,
  TCP_LISTEN,
} from './constants/sockdiag.ts';

/** Identifies one socket among all that ever were; both words of `sk_cookie`. */
export interface SocketCookie {
  readonly low: number;
  readonly high: number;
}

/** Which socket. Both addresses must be of one family; a v4-mapped one is IPv4, under which dual-stack sockets are found too. */
export interface SocketName {
  /** IP protocol number: TCP 6, UDP 17, SCTP 132, UDP-Lite 136. */
  readonly protocol: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Index of the interface that the packet uses, so that sockets bound to it are found; 0 finds only unbound ones. */
  readonly interfaceIndex?: number | undefined;
  readonly cookie?: SocketCookie | undefined;
}

/** One socket as the kernel describes it. */
export interface SocketRecord {
  /** The family of the socket, not of its addresses: a dual-stack socket is 6 and may have IPv4 addresses. */
  readonly family: 4 | 6;
  /** TCP_… state. */
  readonly state: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Interface that the socket is bound to; 0 for none. */
  readonly interfaceIndex: number;
  readonly cookie: SocketCookie;
  readonly uid: number;
  /** Inode of the socket as in /proc/PID/fd; 0 when no process holds it any more. */
  readonly inode: number;
  /** Inode of the socket's cgroup directory; undefined before Linux 5.7. */
  readonly cgroupId: bigint | undefined;
  /** SO_MARK; undefined without CAP_NET_ADMIN. */
  readonly mark: number | undefined;
}

const ALL_STATES = 0xffffffff;
/** The size of inet_diag_msg in bytes, and of inet_diag_req_v2. */
const recordBytes = 72;
const zeroEndpoint: Endpoint = { address: ipv4(0), port: 0 };

/** Asks for exactly this socket, or the one that would get its packets; the answer is one record, or ENOENT. */
export function appendSocketLookup(writer: Writer, sequence: number, name: SocketName): boolean {
  const start = writer.beginMessage(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, sequence);
  // The kernel's UDP look-up is written from the receiver's side (net/ipv4/udp_diag.c, udp_dump_one).
  appendSocket(writer, name, ALL_STATES, isUdp(name.protocol));
  return writer.endMessage(start);
}

/** Aborts the socket: its calls fail with ECONNABORTED. Needs CAP_NET_ADMIN; EOPNOTSUPP without CONFIG_INET_DIAG_DESTROY. */
export function appendSocketDestroy(writer: Writer, sequence: number, name: SocketName): boolean {
  const start = writer.beginMessage(SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, sequence);
  // Unlike the look-up, udp_diag_destroy reads the names as they are: remote in dst.
  appendSocket(writer, name, ALL_STATES, false);
  return writer.endMessage(start);
}

/** Which sockets to list. */
export interface SocketFilter {
  readonly family: 4 | 6;
  /** IP protocol number; 255 lists raw sockets. */
  readonly protocol: number;
  /** Bits 1 << TCP_…; all states when left out. */
  readonly states?: number;
  /** Only sockets of this local port. */
  readonly localPort?: number;
  /** With protocol 255: only raw sockets of this IP protocol. */
  readonly rawProtocol?: number;
}

/** Lists sockets: records, then NLMSG_DONE. A dump of family 6 includes dual-stack sockets. */
export function appendSocketDump(writer: Writer, sequence: number, filter: SocketFilter): boolean {
  const start = writer.beginMessage(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  writer.u8(filter.family === 4 ? AF_INET : AF_INET6);
  writer.u8(filter.protocol);
  writer.u8(0);
  writer.u8(filter.protocol === IPPROTO_RAW ? (filter.rawProtocol ?? IPPROTO_RAW) : 0);
  writer.u32(filter.states ?? ALL_STATES);
  appendSocketId(writer, filter.family, zeroEndpoint, zeroEndpoint, 0, undefined);
  if (filter.localPort !== undefined) appendPortFilter(writer, filter.localPort);
  return writer.endMessage(start);
}

/**
 * struct inet_diag_bc_op twice, each with its port in the op that follows: port ≥ p and port ≤ p, because the
 * equality op is newer. A jump past the end by 4 refuses (net/ipv4/inet_diag.c, inet_diag_bc_run).
 */
function appendPortFilter(writer: Writer, port: number): void {
  const attribute = writer.beginAttribute(INET_DIAG_REQ_BYTECODE);
  appendPortOp(writer, INET_DIAG_BC_S_GE, port, 20);
  appendPortOp(writer, INET_DIAG_BC_S_LE, port, 12);
  writer.endAttribute(attribute);
}

function appendPortOp(writer: Writer, code: number, port: number, refuse: number): void {
  writer.u8(code);
  writer.u8(8);
  writer.u16(refuse);
  writer.u8(0);
  writer.u8(0);
  writer.u16(port);
}

const isUdp = (protocol: number) => protocol === IPPROTO_UDP || protocol === IPPROTO_UDPLITE;

/** struct inet_diag_req_v2 */
function appendSocket(writer: Writer, name: SocketName, states: number, swapped: boolean): void {
  const { local, remote } = name;
  const family = local.address.family === 6 || remote.address.family === 6 ? 6 : 4;
  writer.u8(family === 4 ? AF_INET : AF_INET6);
  writer.u8(name.protocol);
  writer.u8(0); // extensions: mark and cgroup come unasked
  writer.u8(0);
  writer.u32(states);
  const interfaceIndex = name.interfaceIndex ?? 0;
  if (swapped) appendSocketId(writer, family, remote, local, interfaceIndex, name.cookie);
  else appendSocketId(writer, family, local, remote, interfaceIndex, name.cookie);
}

/** struct inet_diag_sockid: an IPv4 address stands in the first of four words. */
function appendSocketId(
  writer: Writer,
  family: 4 | 6,
  source: Endpoint,
  destination: Endpoint,
  interfaceIndex: number,
  cookie: SocketCookie | undefined,
): void {
  writer.be16(source.port);
  writer.be16(destination.port);
  appendAddress(writer, family, source.address);
  appendAddress(writer, family, destination.address);
  writer.u32(interfaceIndex);
  writer.u32(cookie?.low ?? INET_DIAG_NOCOOKIE);
  writer.u32(cookie?.high ?? INET_DIAG_NOCOOKIE);
}

function appendAddress(writer: Writer, family: 4 | 6, address: Address): void {
  if (family === 4) {
    writer.be32(address.w3);
    writer.zeros(12);
  } else if (address.family === 6) {
    writer.put(addressToBytes(address));
  } else {
    writer.zeros(8);
    // The unspecified IPv4 address in the company of an IPv6 one is ::, not ::ffff:0.0.0.0.
    writer.be32(address.w3 === 0 ? 0 : 0xffff);
    writer.be32(address.w3);
  }
}

/** Reads a message of type SOCK_DIAG_BY_FAMILY: struct inet_diag_msg and its attributes. */
export function parseSocketRecord(message: MessageReader): Result<SocketRecord> {
  const reader = new Reader(message.bytes, message.start, message.end);
  const familyNumber = reader.u8();
  const state = reader.u8();
  reader.skip(2); // timer, retransmits
  const localPort = reader.be16();
  const remotePort = reader.be16();
  const family = familyNumber === AF_INET ? 4 : 6;
  const local: Endpoint = { address: readAddress(reader, family), port: localPort };
  const remote: Endpoint = { address: readAddress(reader, family), port: remotePort };
  const interfaceIndex = reader.u32();
  const cookie = { low: reader.u32(), high: reader.u32() };
  reader.skip(12); // expires, receive queue, send queue
  const uid = reader.u32();
  const inode = reader.u32();
  if (reader.error !== undefined) return fail("the kernel's description of a socket is cut off");
  if (familyNumber !== AF_INET && familyNumber !== AF_INET6) {
    return fail(`the kernel described a socket of address family ${familyNumber}, not of IPv4 or IPv6`);
  }
  const extra = readAttributes(message);
  if (extra === undefined) return fail("the attributes of the kernel's description of a socket are malformed");
  return ok({ family, state, local, remote, interfaceIndex, cookie, uid, inode, ...extra });
}

function readAddress(reader: Reader, family: 4 | 6): Address {
  const w0 = reader.be32();
  const w1 = reader.be32();
  const w2 = reader.be32();
  const w3 = reader.be32();
  return family === 4 ? ipv4(w0) : ipv6(w0, w1, w2, w3);
}

function readAttributes(message: MessageReader): Pick<SocketRecord, 'cgroupId' | 'mark'> | undefined {
  const attributes = new AttributeReader();
  attributes.reset(message.bytes, message.start + recordBytes, message.end);
  let cgroupId: bigint | undefined;
  let mark: number | undefined;
  while (attributes.next()) {
    if (attributes.type === INET_DIAG_MARK) mark = attributes.value.u32();
    else if (attributes.type === INET_DIAG_CGROUP_ID) cgroupId = attributes.value.u64();
  }
  return attributes.error === undefined ? { cgroupId, mark } : undefined;
}
