// A flow whose packets wait for their verdict, and the stages of its waiting.
import type { Attempt } from '#model/attempt.ts';
import type { ConnectionEnd } from '#model/connection.ts';
import type { Flow } from '#model/flow.ts';
import type { Process } from '#model/process.ts';
import type { FirstSaid, FirstWords } from '#wire/firstwords/firstwords.ts';
import type { Terms } from './memory.ts';
import type { Question } from './questions.ts';
import type { Attribution, Caller, CopiedPacket, QueuedPacket } from './types.ts';

export interface HeldPacket {
  readonly id: number;
  readonly mark: number;
}

/** The owner that quotas are charged to: a uid for what is sent, a text for what comes in or has no uid. */
export type Owner = number | string;

export interface HeldFlow {
  /** Where the engine keeps it: the flow's key, with the owner where another owner's flow has the same key. */
  readonly slot: string;
  readonly key: string;
  readonly flow: Flow;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly caller: Caller | undefined;
  readonly confined: true | undefined;
  /** When its first packet came, in milliseconds since 1970. */
  readonly since: number;
  /** And its last one. */
  last: number;
  readonly ticket: number;
  /** For a copy, what the kernel decided, or null in `observe`; undefined for a flow that holds packets. */
  copy: CopiedPacket['decided'] | undefined;
  packets: HeldPacket[];
  /** Packets seen, with those that got a verdict at once because the flow holds enough. */
  seen: number;
  owner: Owner;
  /** What was found, while there is no policy to decide with. */
  attribution: Attribution | undefined;
  /** Its app, from the decision `ask` on. */
  app: string | undefined;
  asked: Asked | undefined;
  /** It ended while it waited. */
  end: ConnectionEnd | undefined;
  /** Who listens to what it says first, and what is known of that; undefined where nobody does. */
  readonly listener: FirstWords | undefined;
  said: FirstSaid | undefined;
  /** Its opening has passed: what is refused now is to be cut. */
  readonly begun: boolean;
  /** The sequence number of its opening, where that is known. */
  readonly began: number | undefined;
}

/** What is known of a flow that waits for an answer. */
export interface Asked {
  readonly question: Question;
  /** Why it is asked. */
  terms: Terms;
}

/** Sockets that share a flow end one after another: together they have sent and received what each of them has. */
export function endsOf(earlier: ConnectionEnd | undefined, end: ConnectionEnd): ConnectionEnd {
  if (earlier === undefined) return end;
  return {
    time: end.time,
    bytesOut: earlier.bytesOut + end.bytesOut,
    bytesIn: earlier.bytesIn + end.bytesIn,
    packetsOut: earlier.packetsOut + end.packetsOut,
    packetsIn: earlier.packetsIn + end.packetsIn,
  };
}

type Packet = Pick<QueuedPacket, 'flow' | 'uid' | 'gid'>;

/**
 * The attempt of a packet: effective ids at the call come from the packet and win over the process's. A program that
 * was not found is still known by its ids.
 */
export function attemptOf(packet: Packet, process: Process | undefined, names: Attempt['names'] = noNames): Attempt {
  return { process: withIds(process, packet.uid, packet.gid), flow: packet.flow, names };
}

const noNames: Attempt['names'] = [];

function withIds(process: Process | undefined, uid: number | undefined, gid: number | undefined): Process | undefined {
  if (uid === undefined && gid === undefined) return process;
  if (process?.kernel === true) return process;
  const ids = { uid: uid ?? process?.uid, gid: gid ?? process?.gid };
  if (process === undefined) return ids;
  if (process.uid === ids.uid && process.gid === ids.gid) return process;
  return { ...process, ...ids };
}

/** What leaves is charged to the sending user; what comes in or passes through to the address that began it. */
export function ownerOf(flow: Flow, uid: number | undefined): Owner {
  if (flow.direction === 'out') return uid ?? 'out';
  const from = flow.direction === 'in' ? flow.remote.address : flow.local?.address;
  return from === undefined ? flow.direction : `${flow.direction} ${from.w0},${from.w1},${from.w2},${from.w3}`;
}

/** Whose a connection is that goes on: what a socket sends as it is closed seems the kernel's, or nobody's. */
export function senderOf(found: Process | undefined, opener: Process | undefined): Process | undefined {
  return found?.pid === undefined || found.kernel === true ? opener : found;
}

/** Whether both are the same program in the same process under the same ids; false where either is not known. */
export function sameProgram({ process: a }: Attempt, { process: b }: Attempt): boolean {
  if (a?.pid === undefined || b?.pid === undefined) return false;
  return sameSender(a, b);
}

/** Whether nothing that is known tells both apart. */
export function sameSender(a: Process | undefined, b: Process | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.kernel !== b.kernel) return false;
  if (a.pid !== b.pid || a.startTime !== b.startTime || a.uid !== b.uid || a.gid !== b.gid) return false;
  // The same process may have called exec, or begun another script.
  return a.script === b.script && imageText(a) === imageText(b);
}

function imageText({ image, exe }: Process): string {
  if (image === undefined) return exe ?? '';
  const { device, inode, generation, ctime } = image.identity;
  return `${device}:${inode}:${generation}:${ctime}`;
}
