// NFLOG: join a group of copies, and read them. Copies are never held.
import { NFNL_SUBSYS_ULOG } from './constants/netfilter.ts';
import { AF_UNSPEC, NLM_F_ACK, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR } from './constants/netlink.ts';
import {
  NFULA_CFG_CMD,
  NFULA_CFG_FLAGS,
  NFULA_CFG_MODE,
  NFULA_CFG_NLBUFSIZ,
  NFULA_CFG_QTHRESH,
  NFULA_CFG_TIMEOUT,
  NFULA_GID,
  NFULA_IFINDEX_INDEV,
  NFULA_IFINDEX_OUTDEV,
  NFULA_MARK,
  NFULA_PACKET_HDR,
  NFULA_PAYLOAD,
  NFULA_PREFIX,
  NFULA_SEQ,
  NFULA_UID,
  NFULNL_CFG_CMD_BIND,
  NFULNL_CFG_CMD_UNBIND,
  NFULNL_COPY_PACKET,
  NFULNL_MSG_CONFIG,
  NFULNL_MSG_PACKET,
} from './constants/nflog.ts';
import { AttributeReader, beginNetfilter, MessageReader, nfgenmsgLength } from './netlink.ts';
import type { Writer } from './writer.ts';

export { NFULNL_CFG_F_SEQ } from './constants/nflog.ts';

/** What to set; what is left out stays as it is. One message may carry all of it: the kernel binds first. */
export interface LogConfig {
  readonly command?: 'bind' | 'unbind';
  /** Bytes of each packet to copy; 0 means all. A rule's own snaplen counts when it is smaller. */
  readonly copyRange?: number;
  /** Copies to gather before they are sent; 1 sends each at once. */
  readonly threshold?: number;
  /** Hundredths of a second after which gathered copies are sent all the same. */
  readonly timeout?: number;
  /** Bytes to gather in, at most 131,072. */
  readonly bufferBytes?: number;
  /** NFULNL_CFG_F_… */
  readonly flags?: number;
}

/** NFULNL_MSG_CONFIG for group `group` (0–65535); the kernel acknowledges it. EBUSY: another socket has the group. */
export function appendLogConfig(writer: Writer, sequence: number, group: number, config: LogConfig): boolean {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const start = beginNetfilter(writer, NFNL_SUBSYS_ULOG, NFULNL_MSG_CONFIG, flags, sequence, AF_UNSPEC, group);
  if (config.command !== undefined) {
    writer.attributeU8(NFULA_CFG_CMD, config.command === 'bind' ? NFULNL_CFG_CMD_BIND : NFULNL_CFG_CMD_UNBIND);
  }
  if (config.copyRange !== undefined) {
    const mode = writer.beginAttribute(NFULA_CFG_MODE);
    writer.be32(config.copyRange);
    writer.u8(NFULNL_COPY_PACKET);
    writer.u8(0);
    writer.endAttribute(mode);
  }
  if (config.bufferBytes !== undefined) writer.attributeBe32(NFULA_CFG_NLBUFSIZ, config.bufferBytes);
  if (config.timeout !== undefined) writer.attributeBe32(NFULA_CFG_TIMEOUT, config.timeout);
  if (config.threshold !== undefined) writer.attributeBe32(NFULA_CFG_QTHRESH, config.threshold);
  if (config.flags !== undefined) writer.attributeBe16(NFULA_CFG_FLAGS, config.flags);
  return writer.endMessage(start);
}

/** A message from the group's socket, filled again and again; nothing is allocated. The fields are those of QueueMessage. */
export interface LogMessage {
  /** Offset of the message after this one in the same datagram; the datagram's end after the last. */
  next: number;
  /** Of an `error`: the kernel's errno, positive, and the request's sequence. */
  errno: number;
  sequence: number;
  group: number;
  hwProtocol: number;
  hook: number;
  mark: number;
  indev: number;
  outdev: number;
  uid: number | undefined;
  gid: number | undefined;
  payloadStart: number;
  payloadLength: number;
  /** The rule's log prefix: offset and length without its NUL; read it with printableText of reader.ts. */
  prefixStart: number;
  prefixLength: number;
  /** Counts up by one in the group, modulo 2^32; undefined unless NFULNL_CFG_F_SEQ is set. */
  count: number | undefined;
}

export function createLogMessage(): LogMessage {
  return {
    next: 0,
    errno: 0,
    sequence: 0,
    group: 0,
    hwProtocol: 0,
    hook: 0,
    mark: 0,
    indev: 0,
    outdev: 0,
    uid: undefined,
    gid: undefined,
    payloadStart: 0,
    payloadLength: 0,
    prefixStart: 0,
    prefixLength: 0,
    count: undefined,
  };
}

/** `other` includes the NLMSG_DONE that ends a datagram of several copies. */
export type LogMessageKind = 'packet' | 'error' | 'other' | 'malformed';

const PACKET_TYPE = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET;
// Scratch of one call, shared because the packet path must not allocate.
const messages = new MessageReader();
const attributes = new AttributeReader();

/** Reads the message at `start` of a datagram that ends at `end`, and says in `into.next` where to go on. */
export function parseLogMessage(bytes: Uint8Array, start: number, end: number, into: LogMessage): LogMessageKind {
  into.next = end;
  messages.reset(bytes, start, end);
  if (!messages.next()) return 'malformed';
  into.next = messages.after;
  into.sequence = messages.sequence;
  if (messages.type === PACKET_TYPE) return parsePacket(bytes, into) ? 'packet' : 'malformed';
  if (messages.type === NLMSG_DONE || messages.type !== NLMSG_ERROR) return 'other';
  attributes.value.reset(bytes, messages.start, messages.end);
  into.errno = -attributes.value.i32();
  return attributes.value.error === undefined && into.errno >= 0 ? 'error' : 'malformed';
}

function parsePacket(bytes: Uint8Array, into: LogMessage): boolean {
  into.hwProtocol = 0;
  into.hook = 0;
  into.mark = 0;
  into.indev = 0;
  into.outdev = 0;
  into.uid = undefined;
  into.gid = undefined;
  into.payloadStart = messages.end;
  into.payloadLength = 0;
  into.prefixStart = messages.end;
  into.prefixLength = 0;
  into.count = undefined;
  const { value } = attributes;
  value.reset(bytes, messages.start, messages.end);
  value.skip(2); // family and version
  into.group = value.be16();
  if (value.error !== undefined) return false;
  attributes.reset(bytes, messages.start + nfgenmsgLength, messages.end);
  let seen = false;
  while (attributes.next()) {
    switch (attributes.type) {
      case NFULA_PACKET_HDR:
        into.hwProtocol = value.be16();
        into.hook = value.u8();
        seen = true;
        break;
      case NFULA_MARK:
        into.mark = value.be32();
        break;
      case NFULA_IFINDEX_INDEV:
        into.indev = value.be32();
        break;
      case NFULA_IFINDEX_OUTDEV:
        into.outdev = value.be32();
        break;
      case NFULA_PAYLOAD:
        into.payloadStart = attributes.start;
        into.payloadLength = attributes.end - attributes.start;
        break;
      case NFULA_PREFIX:
        into.prefixStart = attributes.start;
        into.prefixLength = textLength(bytes, attributes.start, attributes.end);
        break;
      case NFULA_UID:
        into.uid = value.be32();
        break;
      case NFULA_GID:
        into.gid = value.be32();
        break;
      case NFULA_SEQ:
        into.count = value.be32();
        break;
    }
  }
  return seen && attributes.error === undefined;
}

function textLength(bytes: Uint8Array, start: number, end: number): number {
  let stop = start;
  while (stop < end && bytes[stop] !== 0) stop++;
  return stop - start;
}
