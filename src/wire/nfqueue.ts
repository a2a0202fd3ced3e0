// NFQUEUE: set a queue up, read the packets that the kernel holds, and write their verdicts.
import { NFNL_SUBSYS_QUEUE } from './constants/netfilter.ts';
import { AF_UNSPEC, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR } from './constants/netlink.ts';
import {
  NFQA_CAP_LEN,
  NFQA_CFG_CMD,
  NFQA_CFG_FLAGS,
  NFQA_CFG_MASK,
  NFQA_CFG_PARAMS,
  NFQA_CFG_QUEUE_MAXLEN,
  NFQA_GID,
  NFQA_IFINDEX_INDEV,
  NFQA_IFINDEX_OUTDEV,
  NFQA_MARK,
  NFQA_PACKET_HDR,
  NFQA_PAYLOAD,
  NFQA_SKB_INFO,
  NFQA_UID,
  NFQA_VERDICT_HDR,
  NFQNL_CFG_CMD_BIND,
  NFQNL_CFG_CMD_UNBIND,
  NFQNL_COPY_PACKET,
  NFQNL_MSG_CONFIG,
  NFQNL_MSG_PACKET,
  NFQNL_MSG_VERDICT,
  NFQNL_MSG_VERDICT_BATCH,
} from './constants/nfqueue.ts';
import { AttributeReader, beginNetfilter, MessageReader, nfgenmsgLength } from './netlink.ts';
import type { Writer } from './writer.ts';

export { NF_ACCEPT, NF_DROP, NF_REPEAT } from './constants/netfilter.ts';
export { NFQA_CFG_F_FAIL_OPEN, NFQA_CFG_F_GSO, NFQA_CFG_F_UID_GID } from './constants/nfqueue.ts';

/** What to set; what is left out stays as it is. One message may carry all of it: the kernel binds first. */
export interface QueueConfig {
  readonly command?: 'bind' | 'unbind';
  /** Bytes of each packet to copy, 0–65531; 0 means all. */
  readonly copyRange?: number;
  /** Packets that may wait for a verdict. */
  readonly maxLength?: number;
  /** NFQA_CFG_F_… to set, and those to touch (`mask`; by default the ones set). EOPNOTSUPP where the kernel lacks one. */
  readonly flags?: number;
  readonly mask?: number;
}

/** NFQNL_MSG_CONFIG for queue `queue` (0–65535); the kernel acknowledges it. EPERM: another socket has the queue. */
export function appendQueueConfig(writer: Writer, sequence: number, queue: number, config: QueueConfig): boolean {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const start = beginNetfilter(writer, NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG, flags, sequence, AF_UNSPEC, queue);
  if (config.command !== undefined) {
    const command = writer.beginAttribute(NFQA_CFG_CMD);
    writer.u8(config.command === 'bind' ? NFQNL_CFG_CMD_BIND : NFQNL_CFG_CMD_UNBIND);
    writer.u8(0);
    writer.be16(0); // pf: ignored since Linux 3.8
    writer.endAttribute(command);
  }
  if (config.copyRange !== undefined) {
    const params = writer.beginAttribute(NFQA_CFG_PARAMS);
    writer.be32(config.copyRange);
    writer.u8(NFQNL_COPY_PACKET);
    writer.endAttribute(params);
  }
  if (config.maxLength !== undefined) writer.attributeBe32(NFQA_CFG_QUEUE_MAXLEN, config.maxLength);
  if (config.flags !== undefined) {
    writer.attributeBe32(NFQA_CFG_FLAGS, config.flags);
    writer.attributeBe32(NFQA_CFG_MASK, config.mask ?? config.flags);
  }
  return writer.endMessage(start);
}

/** A message from the queue's socket. The caller owns one and has it filled again and again; nothing is allocated. */
export interface QueueMessage {
  /** Offset of the message after this one in the same datagram; the datagram's end after the last. */
  next: number;
  /** Of an `error`: the kernel's errno, positive (ENOENT: a verdict for an id that is not held), and the request's sequence. */
  errno: number;
  sequence: number;
  queue: number;
  /** Unique in the queue; what the verdict names. */
  id: number;
  /** EtherType: 0x0800 IPv4, 0x86dd IPv6. */
  hwProtocol: number;
  /** NF_INET_LOCAL_IN, NF_INET_FORWARD or NF_INET_LOCAL_OUT. */
  hook: number;
  mark: number;
  /** Interface indexes; 0 when the packet has none. */
  indev: number;
  outdev: number;
  /** Effective ids of the socket's owner; undefined for input and for packets of the kernel's own. */
  uid: number | undefined;
  gid: number | undefined;
  /** The copied beginning of the packet, from the IP header on: offset in the given bytes, and length. */
  payloadStart: number;
  payloadLength: number;
  /** Length of the whole packet; larger than payloadLength when the copy was cut. */
  packetLength: number;
  /** NFQA_SKB_… bits. */
  skbInfo: number;
}

export function createQueueMessage(): QueueMessage {
  return {
    next: 0,
    errno: 0,
    sequence: 0,
    queue: 0,
    id: 0,
    hwProtocol: 0,
    hook: 0,
    mark: 0,
    indev: 0,
    outdev: 0,
    uid: undefined,
    gid: undefined,
    payloadStart: 0,
    payloadLength: 0,
    packetLength: 0,
    skbInfo: 0,
  };
}

/**
 * `packet`: `into` is filled. `error`: `errno` and `sequence` are; errno 0 is an acknowledgement. `other`: a message of another kind.
 * `malformed`: not a message; a packet whose header could be read has its `id` set, otherwise `id` is 0, which the kernel
 * uses only after 2^32 packets.
 */
export type QueueMessageKind = 'packet' | 'error' | 'other' | 'malformed';

const PACKET_TYPE = (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET;
// Scratch of one call, shared because the packet path must not allocate.
const messages = new MessageReader();
const attributes = new AttributeReader();

/** Reads the message at `start` of a datagram that ends at `end`, and says in `into.next` where to go on. */
export function parseQueueMessage(bytes: Uint8Array, start: number, end: number, into: QueueMessage): QueueMessageKind {
  into.next = end;
  into.id = 0;
  messages.reset(bytes, start, end);
  if (!messages.next()) return 'malformed';
  into.next = messages.after;
  into.sequence = messages.sequence;
  if (messages.type === PACKET_TYPE) return parsePacket(bytes, into) ? 'packet' : 'malformed';
  if (messages.type !== NLMSG_ERROR) return 'other';
  attributes.value.reset(bytes, messages.start, messages.end);
  into.errno = -attributes.value.i32();
  return attributes.value.error === undefined && into.errno >= 0 ? 'error' : 'malformed';
}

function parsePacket(bytes: Uint8Array, into: QueueMessage): boolean {
  into.hwProtocol = 0;
  into.hook = 0;
  into.mark = 0;
  into.indev = 0;
  into.outdev = 0;
  into.uid = undefined;
  into.gid = undefined;
  into.payloadStart = messages.end;
  into.payloadLength = 0;
  into.packetLength = 0;
  into.skbInfo = 0;
  const { value } = attributes;
  value.reset(bytes, messages.start, messages.end);
  value.skip(2); // family and version
  into.queue = value.be16();
  if (value.error !== undefined) return false;
  attributes.reset(bytes, messages.start + nfgenmsgLength, messages.end);
  let seen = false;
  let realLength = 0;
  while (attributes.next()) {
    switch (attributes.type) {
      case NFQA_PACKET_HDR:
        into.id = value.be32();
        into.hwProtocol = value.be16();
        into.hook = value.u8();
        seen = true;
        break;
      case NFQA_MARK:
        into.mark = value.be32();
        break;
      case NFQA_IFINDEX_INDEV:
        into.indev = value.be32();
        break;
      case NFQA_IFINDEX_OUTDEV:
        into.outdev = value.be32();
        break;
      case NFQA_PAYLOAD:
        into.payloadStart = attributes.start;
        into.payloadLength = attributes.end - attributes.start;
        break;
      case NFQA_CAP_LEN:
        realLength = value.be32();
        break;
      case NFQA_SKB_INFO:
        into.skbInfo = value.be32();
        break;
      case NFQA_UID:
        into.uid = value.be32();
        break;
      case NFQA_GID:
        into.gid = value.be32();
        break;
    }
  }
  into.packetLength = Math.max(realLength, into.payloadLength);
  return seen && attributes.error === undefined;
}

/** Bytes of a verdict without and with a mark, for the size of the arena. */
export const verdictBytes = 32;
export const markedVerdictBytes = 40;

/**
 * NFQNL_MSG_VERDICT for one packet: NF_DROP, NF_ACCEPT or NF_REPEAT. Many may stand one after another in one send.
 * `mark` replaces the packet's whole mark; undefined leaves it. False when a fixed arena is full: send it, clear it, append again.
 * No acknowledgement is asked for, but an unknown id is answered with ENOENT all the same.
 */
export function appendVerdict(
  writer: Writer,
  queue: number,
  id: number,
  verdict: number,
  mark: number | undefined,
): boolean {
  return verdictMessage(writer, NFQNL_MSG_VERDICT, queue, id, verdict, mark);
}

/** NFQNL_MSG_VERDICT_BATCH: judges every held packet whose id is `id` or below (in the wrapping order of ids). */
export function appendVerdictBatch(
  writer: Writer,
  queue: number,
  id: number,
  verdict: number,
  mark: number | undefined,
): boolean {
  return verdictMessage(writer, NFQNL_MSG_VERDICT_BATCH, queue, id, verdict, mark);
}

function verdictMessage(
  writer: Writer,
  message: number,
  queue: number,
  id: number,
  verdict: number,
  mark: number | undefined,
): boolean {
  const start = beginNetfilter(writer, NFNL_SUBSYS_QUEUE, message, NLM_F_REQUEST, 0, AF_UNSPEC, queue);
  writer.u32(12 | (NFQA_VERDICT_HDR << 16));
  writer.be32(verdict);
  writer.be32(id);
  if (mark !== undefined) writer.attributeBe32(NFQA_MARK, mark);
  return writer.endMessage(start);
}
