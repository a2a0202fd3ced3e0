// Conntrack: list the entries that carry a mark of ours, change the mark of one, delete one.

import type { Endpoint } from '#model/flow.ts';
import { type Address, addressFromBytes, addressToBytes } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import {
  CTA_ID,
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_MARK,
  CTA_MARK_MASK,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_ICMP_CODE,
  CTA_PROTO_ICMP_ID,
  CTA_PROTO_ICMP_TYPE,
  CTA_PROTO_ICMPV6_CODE,
  CTA_PROTO_ICMPV6_ID,
  CTA_PROTO_ICMPV6_TYPE,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_STATUS,
  CTA_TUPLE_IP,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_GET,
  IPCTNL_MSG_CT_NEW,
} from './constants/conntrack.ts';
import { NFNL_SUBSYS_CTNETLINK } from './constants/netfilter.ts';
import { AF_INET, AF_INET6, AF_UNSPEC, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from './constants/netlink.ts';
import { AttributeReader, beginNetfilter, type MessageReader, nfgenmsgLength } from './netlink.ts';
import type { Writer } from './writer.ts';

export { IPS_SEEN_REPLY } from './constants/conntrack.ts';

/** One direction of an entry: the packets that go from `source` to `destination`. */
export interface Tuple {
  readonly family: 4 | 6;
  /** IP protocol number. */
  readonly protocol: number;
  /** Ports are 0 for protocols that conntrack knows none of. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** ICMP and ICMPv6; `id` is 0 where the type has none. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number } | undefined;
}

export interface ConntrackEntry {
  /** As the first packet had it. */
  readonly original: Tuple;
  /** As answers have it; differs from the mirror image of `original` where addresses are translated. */
  readonly reply: Tuple;
  readonly mark: number;
  /** IPS_… bits. */
  readonly status: number;
  /** Tells an entry from a later one with the same tuple. */
  readonly id: number;
  readonly zone: number;
}

/** The type of a message that describes an entry. */
export const CONNTRACK_ENTRY = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW;

/** Lists the entries, of both families, for which (mark & mask) === value; then NLMSG_DONE. The kernel does the selecting. */
export function appendConntrackDump(writer: Writer, sequence: number, value: number, mask: number): boolean {
  const flags = NLM_F_REQUEST | NLM_F_DUMP;
  const start = beginNetfilter(writer, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, flags, sequence, AF_UNSPEC, 0);
  writer.attributeBe32(CTA_MARK, value);
  writer.attributeBe32(CTA_MARK_MASK, mask);
  return writer.endMessage(start);
}

/**
 * Which entry: by one of its two tuples, and by `id` when a later entry with the same tuple is not meant.
 * Where addresses are translated only one of them is what a hook saw: see entryOfFlow in flow.ts.
 */
export interface EntryName {
  readonly side: 'original' | 'reply';
  readonly tuple: Tuple;
  readonly id?: number | undefined;
  readonly zone?: number | undefined;
}

/**
 * Sets the bits of `mask` in the entry's mark to those of `value`; other bits stay. Acknowledged; ENOENT: no such entry.
 * `id` is not looked at by the kernel here.
 */
export function appendConntrackMark(
  writer: Writer,
  sequence: number,
  name: EntryName,
  value: number,
  mask: number,
): boolean {
  const start = beginEntry(writer, IPCTNL_MSG_CT_NEW, sequence, name);
  // The kernel computes (old & ~mask) ^ value: bits of value outside the mask would be flipped.
  writer.attributeBe32(CTA_MARK, (value & mask) >>> 0);
  writer.attributeBe32(CTA_MARK_MASK, mask);
  return writer.endMessage(start);
}

/** Deletes one entry. Acknowledged; ENOENT: no such entry, or it has another id. */
export function appendConntrackDelete(writer: Writer, sequence: number, name: EntryName): boolean {
  const start = beginEntry(writer, IPCTNL_MSG_CT_DELETE, sequence, name);
  if (name.id !== undefined) writer.attributeBe32(CTA_ID, name.id);
  return writer.endMessage(start);
}

function beginEntry(writer: Writer, message: number, sequence: number, name: EntryName): number {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const family = name.tuple.family === 4 ? AF_INET : AF_INET6;
  const start = beginNetfilter(writer, NFNL_SUBSYS_CTNETLINK, message, flags, sequence, family, 0);
  appendTuple(writer, name.side === 'original' ? CTA_TUPLE_ORIG : CTA_TUPLE_REPLY, name.tuple);
  if (name.zone !== undefined && name.zone !== 0) writer.attributeBe16(CTA_ZONE, name.zone);
  return start;
}

function appendTuple(writer: Writer, side: number, tuple: Tuple): void {
  const nest = writer.beginNested(side);
  const addresses = writer.beginNested(CTA_TUPLE_IP);
  const four = tuple.family === 4;
  writer.attributeBytes(four ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, addressBytes(tuple.family, tuple.source.address));
  writer.attributeBytes(four ? CTA_IP_V4_DST : CTA_IP_V6_DST, addressBytes(tuple.family, tuple.destination.address));
  writer.endAttribute(addresses);
  const protocol = writer.beginNested(CTA_TUPLE_PROTO);
  writer.attributeU8(CTA_PROTO_NUM, tuple.protocol);
  if (tuple.icmp === undefined) {
    writer.attributeBe16(CTA_PROTO_SRC_PORT, tuple.source.port);
    writer.attributeBe16(CTA_PROTO_DST_PORT, tuple.destination.port);
  } else {
    writer.attributeBe16(four ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID, tuple.icmp.id);
    writer.attributeU8(four ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE, tuple.icmp.type);
    writer.attributeU8(four ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE, tuple.icmp.code);
  }
  writer.endAttribute(protocol);
  writer.endAttribute(nest);
}

/** An IPv4 address in an entry of family 6 was v4-mapped. */
function addressBytes(family: 4 | 6, address: Address): Uint8Array {
  const bytes = addressToBytes(address);
  if (family === 4 || bytes.length === 16) return bytes;
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes);
}

/** Reads a message of type CONNTRACK_ENTRY. */
export function parseConntrackEntry(message: MessageReader): Result<ConntrackEntry> {
  const { bytes } = message;
  if (message.end - message.start < nfgenmsgLength) return fail("the kernel's conntrack entry is cut off");
  const attributes = new AttributeReader();
  attributes.reset(bytes, message.start + nfgenmsgLength, message.end);
  let original: Tuple | undefined;
  let reply: Tuple | undefined;
  let mark = 0;
  let status = 0;
  let id = 0;
  let zone = 0;
  while (attributes.next()) {
    const { value } = attributes;
    switch (attributes.type) {
      case CTA_TUPLE_ORIG:
        original = parseTuple(bytes, attributes.start, attributes.end);
        break;
      case CTA_TUPLE_REPLY:
        reply = parseTuple(bytes, attributes.start, attributes.end);
        break;
      case CTA_STATUS:
        status = value.be32();
        break;
      case CTA_MARK:
        mark = value.be32();
        break;
      case CTA_ID:
        id = value.be32();
        break;
      case CTA_ZONE:
        zone = value.be16();
        break;
    }
  }
  if (attributes.error !== undefined) return fail(`the kernel's conntrack entry is ${attributes.error}`);
  if (original === undefined || reply === undefined) return fail("the kernel's conntrack entry lacks its addresses");
  return ok({ original, reply, mark, status, id, zone });
}

function parseTuple(bytes: Uint8Array, start: number, end: number): Tuple | undefined {
  const attributes = new AttributeReader();
  attributes.reset(bytes, start, end);
  let ends: ReturnType<typeof parseAddresses>;
  let protocol: ReturnType<typeof parseProtocol>;
  while (attributes.next()) {
    if (attributes.type === CTA_TUPLE_IP) ends = parseAddresses(bytes, attributes.start, attributes.end);
    else if (attributes.type === CTA_TUPLE_PROTO) protocol = parseProtocol(bytes, attributes.start, attributes.end);
  }
  if (attributes.error !== undefined || ends === undefined || protocol === undefined) return undefined;
  return {
    family: ends.family,
    protocol: protocol.number,
    source: { address: ends.source, port: protocol.sourcePort },
    destination: { address: ends.destination, port: protocol.destinationPort },
    icmp: protocol.icmp,
  };
}

function parseAddresses(bytes: Uint8Array, start: number, end: number) {
  const attributes = new AttributeReader();
  attributes.reset(bytes, start, end);
  let family: 4 | 6 = 4;
  let source: Address | undefined;
  let destination: Address | undefined;
  while (attributes.next()) {
    const { type } = attributes;
    const from = type === CTA_IP_V4_SRC || type === CTA_IP_V6_SRC;
    if (!from && type !== CTA_IP_V4_DST && type !== CTA_IP_V6_DST) continue;
    family = type === CTA_IP_V4_SRC || type === CTA_IP_V4_DST ? 4 : 6;
    if (attributes.end - attributes.start !== (family === 4 ? 4 : 16)) return undefined;
    const address = addressFromBytes(bytes.subarray(attributes.start, attributes.end));
    if (from) source = address;
    else destination = address;
  }
  if (attributes.error !== undefined || source === undefined || destination === undefined) return undefined;
  return { family, source, destination };
}

function parseProtocol(bytes: Uint8Array, start: number, end: number) {
  const attributes = new AttributeReader();
  attributes.reset(bytes, start, end);
  const found = { number: -1, sourcePort: 0, destinationPort: 0, type: -1, code: 0, id: 0 };
  while (attributes.next()) {
    const { value } = attributes;
    switch (attributes.type) {
      case CTA_PROTO_NUM:
        found.number = value.u8();
        break;
      case CTA_PROTO_SRC_PORT:
        found.sourcePort = value.be16();
        break;
      case CTA_PROTO_DST_PORT:
        found.destinationPort = value.be16();
        break;
      case CTA_PROTO_ICMP_ID:
      case CTA_PROTO_ICMPV6_ID:
        found.id = value.be16();
        break;
      case CTA_PROTO_ICMP_TYPE:
      case CTA_PROTO_ICMPV6_TYPE:
        found.type = value.u8();
        break;
      case CTA_PROTO_ICMP_CODE:
      case CTA_PROTO_ICMPV6_CODE:
        found.code = value.u8();
        break;
    }
  }
  if (attributes.error !== undefined || found.number < 0) return undefined;
  const { number, sourcePort, destinationPort, type, code, id } = found;
  return { number, sourcePort, destinationPort, icmp: type < 0 ? undefined : { type, code, id } };
}
