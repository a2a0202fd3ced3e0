// Netlink messages and attributes: walks them without allocating, and reads the kernel's acknowledgements and errors.
import { fail, ok, type Result } from '#std/result.ts';
import {
  NLA_HDRLEN,
  NLA_TYPE_MASK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_HDRLEN,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
} from './constants/netlink.ts';
import { type ReadError, Reader } from './reader.ts';
import type { Writer } from './writer.ts';

const padded = (length: number) => (length + 3) & ~3;

/** Walks the messages of a datagram: `reset`, then `next` until it is false, then look at `error`. Reusable. */
export class MessageReader {
  bytes: Uint8Array = new Uint8Array(0);
  type = 0;
  flags = 0;
  sequence = 0;
  portId = 0;
  /** The payload after struct nlmsghdr, without padding. */
  start = 0;
  end = 0;
  /** Where the next message begins. */
  after = 0;
  readonly #reader = new Reader();

  constructor(bytes?: Uint8Array, start?: number, end?: number) {
    if (bytes !== undefined) this.reset(bytes, start, end);
  }

  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.#reader.reset(bytes, start, end);
  }

  get error(): ReadError | undefined {
    return this.#reader.error;
  }

  next(): boolean {
    const reader = this.#reader;
    if (reader.remaining() === 0) return false;
    const at = reader.offset;
    const length = reader.u32();
    this.type = reader.u16();
    this.flags = reader.u16();
    this.sequence = reader.u32();
    this.portId = reader.u32();
    if (reader.error !== undefined) return false;
    if (length < NLMSG_HDRLEN) {
      reader.fail('bad-length');
      return false;
    }
    if (length > reader.end - at) {
      reader.fail('truncated');
      return false;
    }
    this.start = at + NLMSG_HDRLEN;
    this.end = at + length;
    this.after = Math.min(at + padded(length), reader.end);
    reader.offset = this.after;
    return true;
  }
}

/**
 * Walks the attributes of a message or of a nest: `reset`, then `next` until it is false, reading each one's payload
 * with `value`; then look at `error`, which also tells of a payload that was too short. Reusable.
 */
export class AttributeReader {
  /** Without the flag bits. */
  type: number = 0;
  /** The payload of this attribute, without padding. */
  start = 0;
  end = 0;
  /** Reads this attribute's payload and nothing beyond it. */
  readonly value = new Reader();
  #next = 0;
  #limit = 0;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.value.reset(bytes, start, end);
    this.#next = this.value.offset;
    this.#limit = this.value.end;
  }

  get error(): ReadError | undefined {
    return this.value.error;
  }

  next(): boolean {
    const { value } = this;
    const at = this.#next;
    if (at >= this.#limit || value.error !== undefined) return false;
    value.offset = at;
    value.end = this.#limit;
    const header = value.u32();
    if (value.error !== undefined) return false;
    const length = header & 0xffff;
    this.type = (header >>> 16) & NLA_TYPE_MASK;
    if (length < NLA_HDRLEN || length > this.#limit - at) {
      value.fail(length < NLA_HDRLEN ? 'bad-length' : 'truncated');
      return false;
    }
    this.start = at + NLA_HDRLEN;
    this.end = at + length;
    value.offset = this.start;
    value.end = this.end;
    this.#next = at + padded(length);
    return true;
  }
}

/** What the kernel says of a request. `errno` is positive; `text` its own words (extended ack), safe to print. */
export type ControlMessage =
  | { readonly type: 'ack'; readonly sequence: number }
  /** The end of a dump; `errno` is 0 when it is complete. */
  | { readonly type: 'done'; readonly sequence: number; readonly errno: number; readonly text?: string }
  | {
      readonly type: 'error';
      readonly sequence: number;
      readonly errno: number;
      readonly text?: string;
      /** Where in the request the fault is, in bytes from its header. */
      readonly offset?: number;
      /** The type of the request that failed. */
      readonly requestType: number;
    };

/** Reads NLMSG_ERROR and NLMSG_DONE; undefined for a message of another type. */
export function parseControl(message: MessageReader): Result<ControlMessage> | undefined {
  if (message.type === NLMSG_ERROR) return parseError(message);
  if (message.type === NLMSG_DONE) return parseDone(message);
  return undefined;
}

/** Every acknowledgement and error in a datagram; messages of other types are passed over. */
export function parseAcks(datagram: Uint8Array): Result<ControlMessage[]> {
  const messages = new MessageReader(datagram);
  const acks: ControlMessage[] = [];
  while (messages.next()) {
    const control = parseControl(messages);
    if (control === undefined) continue;
    if (!control.ok) return control;
    acks.push(control.value);
  }
  return messages.error === undefined ? ok(acks) : fail(`the kernel's answer is ${messages.error}`);
}

function parseError(message: MessageReader): Result<ControlMessage> {
  const { sequence } = message;
  const reader = new Reader(message.bytes, message.start, message.end);
  const errno = -reader.i32();
  const requestLength = reader.u32();
  const requestType = reader.u16();
  reader.skip(NLMSG_HDRLEN - 6);
  if (reader.error !== undefined || errno < 0)
    return fail("the kernel's acknowledgement is cut off or contradicts itself");
  if (errno === 0) return ok({ type: 'ack', sequence });
  if ((message.flags & NLM_F_CAPPED) === 0) reader.skip(Math.max(0, padded(requestLength) - NLMSG_HDRLEN));
  if ((message.flags & NLM_F_ACK_TLVS) === 0 || reader.error !== undefined) {
    return ok({ type: 'error', sequence, errno, requestType });
  }
  return ok({ type: 'error', sequence, errno, requestType, ...parseExtendedAck(reader) });
}

function parseDone(message: MessageReader): Result<ControlMessage> {
  const { sequence } = message;
  const reader = new Reader(message.bytes, message.start, message.end);
  const errno = reader.remaining() === 0 ? 0 : -reader.i32();
  if (reader.error !== undefined || errno < 0)
    return fail("the kernel's end of a dump is cut off or contradicts itself");
  const { text } = (message.flags & NLM_F_ACK_TLVS) === 0 ? {} : parseExtendedAck(reader);
  return ok({ type: 'done', sequence, errno, ...(text !== undefined && { text }) });
}

/** What of it can be read: the error itself stands even when its explanation is broken. */
function parseExtendedAck(reader: Reader): { text?: string; offset?: number } {
  const found: { text?: string; offset?: number } = {};
  const attributes = new AttributeReader();
  attributes.reset(reader.bytes, reader.offset, reader.end);
  while (attributes.next()) {
    const { value } = attributes;
    if (attributes.type === NLMSGERR_ATTR_MSG) found.text = value.text(value.remaining());
    else if (attributes.type === NLMSGERR_ATTR_OFFS && value.remaining() >= 4) found.offset = value.u32();
  }
  return found;
}

/** struct nfgenmsg, the second header of every netfilter message, in bytes. */
export const nfgenmsgLength = 4;

/** A netfilter message: struct nlmsghdr and struct nfgenmsg (include/uapi/linux/netfilter/nfnetlink.h); returns its start. */
export function beginNetfilter(
  writer: Writer,
  subsystem: number,
  message: number,
  flags: number,
  sequence: number,
  family: number,
  resourceId: number,
): number {
  const start = writer.beginMessage((subsystem << 8) | message, flags, sequence);
  // Family in the first byte, NFNETLINK_V0 in the second, the id in the others.
  writer.be32((family << 24) | (resourceId & 0xffff));
  return start;
}
