// The proc connector: subscribe to what processes do, and read the events.
import {
  CN_IDX_PROC,
  CN_VAL_PROC,
  PROC_CN_MCAST_IGNORE,
  PROC_CN_MCAST_LISTEN,
  PROC_EVENT_COMM,
  PROC_EVENT_COREDUMP,
  PROC_EVENT_EXEC,
  PROC_EVENT_EXIT,
  PROC_EVENT_FORK,
  PROC_EVENT_GID,
  PROC_EVENT_NONE,
  PROC_EVENT_PTRACE,
  PROC_EVENT_SID,
  PROC_EVENT_UID,
} from './constants/connector.ts';
import { NLMSG_DONE } from './constants/netlink.ts';
import { MessageReader } from './netlink.ts';
import { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Begins or ends the subscription; the kernel answers with an event `ack`. It needs CAP_NET_ADMIN and the first network namespace. */
export function appendProcSubscription(writer: Writer, sequence: number, listen: boolean): boolean {
  const start = writer.beginMessage(NLMSG_DONE, 0, sequence);
  // struct cn_msg
  writer.u32(CN_IDX_PROC);
  writer.u32(CN_VAL_PROC);
  writer.u32(sequence);
  writer.u32(0);
  writer.u16(4); // length of what follows: kernels before 6.6 take exactly this
  writer.u16(0);
  writer.u32(listen ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE);
  return writer.endMessage(start);
}

/** `ack` answers a subscription. `other` is a kind that this version does not know. */
export type ProcEventKind =
  | 'ack'
  | 'fork'
  | 'exec'
  | 'uid'
  | 'gid'
  | 'sid'
  | 'ptrace'
  | 'comm'
  | 'coredump'
  | 'exit'
  | 'other';

/** The caller owns one and has it filled again and again. Pids are those of the first pid namespace. */
export interface ProcEvent {
  what: ProcEventKind;
  /** Offset of the message after this one in the same datagram; the datagram's end after the last. */
  next: number;
  /** Events of one processor count up by one, modulo 2^32: a gap is a loss. */
  cpu: number;
  count: number;
  /** The thread it happened to, and its process; for a fork, the child. Equal for a process's first thread. */
  pid: number;
  tgid: number;
  /** fork, coredump, exit: the parent. ptrace: the tracer, 0 when it let go. Otherwise 0. */
  parentPid: number;
  parentTgid: number;
  /** uid, gid: the real and the effective id. exit: the status as wait(2) gives it, and the signal sent to the parent. ack: errno in `first`. */
  first: number;
  second: number;
}

export function createProcEvent(): ProcEvent {
  return {
    what: 'other',
    next: 0,
    cpu: 0,
    count: 0,
    pid: 0,
    tgid: 0,
    parentPid: 0,
    parentTgid: 0,
    first: 0,
    second: 0,
  };
}

// Scratch of one call, shared because this path must not allocate: a busy machine forks thousands of times a second.
const messages = new MessageReader();
const reader = new Reader();

/** Reads the event at `start` of a datagram that ends at `end`. False when it is none: a malformed or foreign message. */
export function parseProcEvent(bytes: Uint8Array, start: number, end: number, into: ProcEvent): boolean {
  into.next = end;
  messages.reset(bytes, start, end);
  if (!messages.next()) return false;
  into.next = messages.after;
  if (messages.type !== NLMSG_DONE) return false;
  reader.reset(bytes, messages.start, messages.end);
  if (reader.u32() !== CN_IDX_PROC || reader.u32() !== CN_VAL_PROC) return false;
  into.count = reader.u32();
  reader.skip(8); // ack, length, flags
  const what = reader.u32();
  into.cpu = reader.u32();
  reader.skip(8); // nanoseconds since boot
  into.parentPid = 0;
  into.parentTgid = 0;
  into.first = 0;
  into.second = 0;
  into.what = readEvent(what, into);
  return reader.error === undefined;
}

function readEvent(what: number, into: ProcEvent): ProcEventKind {
  if (what === PROC_EVENT_NONE) {
    into.pid = 0;
    into.tgid = 0;
    into.first = reader.u32();
    return 'ack';
  }
  if (what === PROC_EVENT_FORK) {
    readParent(into);
    readSelf(into);
    return 'fork';
  }
  readSelf(into);
  switch (what) {
    case PROC_EVENT_EXEC:
      return 'exec';
    case PROC_EVENT_SID:
      return 'sid';
    case PROC_EVENT_COMM:
      return 'comm'; // the name that follows is whatever the process says
    case PROC_EVENT_UID:
      readPair(into);
      return 'uid';
    case PROC_EVENT_GID:
      readPair(into);
      return 'gid';
    case PROC_EVENT_PTRACE:
      readParent(into);
      return 'ptrace';
    case PROC_EVENT_COREDUMP:
      readParent(into);
      return 'coredump';
    case PROC_EVENT_EXIT:
      readPair(into);
      // Before Linux 4.18 an exit does not name the parent.
      if (reader.remaining() >= 8) readParent(into);
      return 'exit';
    default:
      return 'other';
  }
}

function readSelf(into: ProcEvent): void {
  into.pid = reader.u32();
  into.tgid = reader.u32();
}

function readParent(into: ProcEvent): void {
  into.parentPid = reader.u32();
  into.parentTgid = reader.u32();
}

function readPair(into: ProcEvent): void {
  into.first = reader.u32();
  into.second = reader.u32();
}
