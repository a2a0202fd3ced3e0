// Who called: what the kernel's programs wrote down of a flow that waits, and of the replies that shall pass.
import type { Caller } from '#engine/types.ts';
import type { Flow } from '#model/flow.ts';
import type { Process } from '#model/process.ts';
import { Lru } from '#std/lru.ts';
import { ownerOf } from '../identity/decode.ts';
import { layouts, processFlags } from '../layout.ts';
import { type BpfMap, updateFlags } from '../map.ts';
import { writeFlow } from './flowbytes.ts';
import { flowLayouts, verdictCodes } from './layout.ts';

const { flow: flowLayout, asked: askedLayout, socket: socketLayout, talk: talkLayout, port: portLayout } = flowLayouts;
const { beginning } = flowLayouts;
const { owner: ownerLayout, process: processLayout, exe: exeLayout } = layouts;

/** Processes whose last call is kept. */
const maxLast = 4096;

/** Who has a socket, as user space found out. */
export type Holder = Process & { readonly pid: number };

export interface CallerMaps {
  readonly asked: BpfMap;
  readonly guests: BpfMap;
  readonly sockets: BpfMap;
  readonly talks: BpfMap;
  readonly procs: BpfMap;
  readonly ports: BpfMap;
  readonly listened: BpfMap;
}

export class Callers {
  readonly #maps: CallerMaps;
  readonly #generation: () => number;
  readonly #bootMs: () => number;
  readonly #flow = Buffer.alloc(flowLayout.size);
  readonly #asked = Buffer.alloc(askedLayout.size);
  readonly #socket = Buffer.alloc(socketLayout.size);
  readonly #talk = Buffer.alloc(talkLayout.size);
  readonly #cookie = Buffer.alloc(8);
  readonly #listened = Buffer.alloc(beginning.size);
  readonly #pid = Buffer.alloc(4);
  readonly #portKey = Buffer.alloc(4);
  readonly #port = Buffer.alloc(portLayout.size);
  readonly #process = Buffer.alloc(processLayout.size);
  readonly #last = new Lru<number, Caller>(maxLast);
  /** Flows that two programs sent at once: none is the sender for certain. */
  ambiguous = 0;

  constructor(maps: CallerMaps, generation: () => number, bootMs: () => number) {
    this.#maps = maps;
    this.#generation = generation;
    this.#bootMs = bootMs;
  }

  /** Of a packet that our chain has just sent to the queue; undefined where no program saw the call, or several did. */
  ofFlow(flow: Flow): Caller | undefined {
    writeFlow(this.#flow, 0, flow);
    const map = flow.direction === 'forward' ? this.#maps.guests : this.#maps.asked;
    if (!map.lookup(this.#flow, this.#asked)) return undefined;
    if (this.#asked.readUInt32LE(askedLayout.ambiguous) !== 0) {
      this.ambiguous += 1;
      return undefined;
    }
    // A socket from before Postern, or outside its cgroup: nobody saw who called.
    if (this.#asked.readUInt32LE(askedLayout.owner + ownerLayout.tgid) === 0) return undefined;
    return this.read(this.#asked, askedLayout.owner);
  }

  /** Of a socket by its cookie (SO_COOKIE); undefined also where who called has ended or is another program by now. */
  ofSocket(cookie: bigint): Caller | undefined {
    this.#cookie.writeBigUInt64LE(cookie);
    if (!this.#maps.sockets.lookup(this.#cookie, this.#socket)) return undefined;
    this.#socket.copy(this.#pid, 0, socketLayout.owner + ownerLayout.tgid);
    const exec = socketLayout.owner + ownerLayout.process + processLayout.exec;
    const runs = this.#maps.procs.lookup(this.#pid, this.#process);
    if (
      !runs ||
      this.#process.compare(this.#socket, exec, exec + 8, processLayout.exec, processLayout.exec + 8) !== 0
    ) {
      return undefined;
    }
    return this.read(this.#socket, socketLayout.owner);
  }

  /** A struct owner in these bytes. That of a process which calls as it did the last time is the same object again. */
  read(bytes: Buffer, at: number): Caller {
    const tgid = bytes.readUInt32LE(at + ownerLayout.tgid);
    const last = this.#last.get(tgid);
    if (last !== undefined && stands(last, bytes, at)) return last;
    const caller = new Uint8Array(ownerLayout.size);
    bytes.copy(caller, 0, at, at + ownerLayout.size);
    this.#last.set(tgid, caller);
    return caller;
  }

  /**
   * Who called on this socket has ended, and this process has it now: what that executes voids what was judged. Whether it
   * only was forked and runs what its owner ran.
   */
  adopt(cookie: bigint, holder: Holder): boolean {
    this.#cookie.writeBigUInt64LE(cookie);
    const socket = this.#socket;
    if (!this.#maps.sockets.lookup(this.#cookie, socket)) return false;
    const exe = socketLayout.owner + ownerLayout.process + processLayout.exe;
    const before = Buffer.from(socket.subarray(exe, exe + exeLayout.nlink));
    if (!this.#own(socket, socketLayout.owner, holder)) return false;
    socket[socketLayout.verdict] = verdictCodes.unknown;
    // One that was closed meanwhile stays forgotten.
    this.#maps.sockets.update(this.#cookie, socket, updateFlags.exist);
    const forked = (this.#process.readUInt32LE(processLayout.flags) & processFlags.forked) !== 0;
    return forked && before.equals(socket.subarray(exe, exe + exeLayout.nlink));
  }

  /** This process listens where the flow comes in, and who bound the port does not any more. */
  adoptPort({ local, protocolNumber }: Flow, holder: Holder): void {
    const port = this.#port;
    this.#portKey.writeUInt16LE(local?.port ?? 0);
    this.#portKey[2] = protocolNumber;
    if (!this.#maps.ports.lookup(this.#portKey, port) || port.readUInt32LE(portLayout.ambiguous) !== 0) return;
    if (this.#own(port, portLayout.owner, holder)) this.#maps.ports.update(this.#portKey, port, updateFlags.exist);
  }

  /** As it would call now, from the cgroup with this id; undefined when it has ended. */
  ofProcess(holder: Holder, cgroup: bigint): Caller | undefined {
    const owner = Buffer.alloc(ownerLayout.size);
    if (!this.#own(owner, 0, holder)) return undefined;
    owner.writeBigUInt64LE(cgroup, ownerLayout.cgroup);
    return owner;
  }

  /** Writes this process into a struct owner; false when it has ended. */
  #own(bytes: Buffer, at: number, { pid, uid, gid }: Holder): boolean {
    this.#pid.writeUInt32LE(pid);
    if (!this.#maps.procs.lookup(this.#pid, this.#process)) return false;
    this.#process.copy(bytes, at + ownerLayout.process);
    bytes.writeUInt32LE(pid, at + ownerLayout.tgid);
    if (uid !== undefined) bytes.writeUInt32LE(uid, at + ownerLayout.uid);
    if (gid !== undefined) bytes.writeUInt32LE(gid, at + ownerLayout.gid);
    bytes.writeUInt32LE(1, at + ownerLayout.known);
    return true;
  }

  /** A flow without connection was accepted in user space: its packets and their replies pass from now on, under this policy. */
  accept(flow: Flow): void {
    const known = this.#lookAsked(flow);
    const talk = this.#talk.fill(0);
    this.#talkKey(flow);
    if (!this.#maps.talks.lookup(this.#flow, talk)) talk.fill(0);
    const now = BigInt(Math.floor(this.#bootMs() * 1000)) * 1000n;
    const generation = this.#generation();
    if (flow.direction === 'in') {
      talk.writeBigUInt64LE(now, talkLayout.in_last);
      talk.writeUInt32LE(generation, talkLayout.in_generation);
      const exec = askedLayout.owner + ownerLayout.process + processLayout.exec;
      talk.writeBigUInt64LE(known ? this.#asked.readBigUInt64LE(exec) : 0n, talkLayout.in_exec);
    } else {
      talk.writeBigUInt64LE(now, talkLayout.out_last);
      talk.writeUInt32LE(generation, talkLayout.out_generation);
      talk.writeBigUInt64LE(known ? this.#asked.readBigUInt64LE(askedLayout.cookie) : 0n, talkLayout.out_cookie);
    }
    this.#maps.talks.update(this.#flow, talk);
  }

  /**
   * What a connection that is let begin sends, comes to the queue as long as it is listened to. `began`: the sequence number of its
   * opening, where that is known. False where nothing can be listened to.
   */
  listen(flow: Flow, until: 'begin' | 'end', began: number | undefined): boolean {
    if (!this.#lookAsked(flow)) return until === 'end';
    this.#asked.copy(this.#cookie, 0, askedLayout.cookie);
    if (until === 'end') {
      this.#maps.listened.delete(this.#cookie);
      return true;
    }
    const value = this.#listened.fill(0);
    value.writeUInt32LE(began ?? 0, beginning.sequence);
    value.writeUInt32LE(began === undefined ? 0 : 1, beginning.known);
    return this.#maps.listened.update(this.#cookie, value).ok;
  }

  /** The sequence number with which a connection began that is listened to, where the kernel let it begin by itself. */
  began(flow: Flow): number | undefined {
    if (!this.#lookAsked(flow)) return undefined;
    this.#asked.copy(this.#cookie, 0, askedLayout.cookie);
    if (!this.#maps.listened.lookup(this.#cookie, this.#listened)) return undefined;
    return this.#listened.readUInt32LE(beginning.known) === 1
      ? this.#listened.readUInt32LE(beginning.sequence)
      : undefined;
  }

  #lookAsked(flow: Flow): boolean {
    writeFlow(this.#flow, 0, flow);
    return this.#maps.asked.lookup(this.#flow, this.#asked);
  }

  /** As talk_key() of bpf/lookup.h: both directions of a flow meet under it. */
  #talkKey(flow: Flow): void {
    writeFlow(this.#flow, 0, flow);
    this.#flow.fill(0, flowLayout.local, flowLayout.local + 16);
    this.#flow[flowLayout.direction] = 0;
  }

  /** The flow is not allowed any more: its next packet is judged anew. */
  revoke(flow: Flow): void {
    this.#talkKey(flow);
    this.#maps.talks.delete(this.#flow);
  }
}

function stands(caller: Caller, bytes: Uint8Array, at: number): boolean {
  for (let byte = 0; byte < ownerLayout.size; byte++) {
    if (caller[byte] !== bytes[at + byte]) return false;
  }
  return true;
}

/** Effective uid and gid at the call. */
export function callerIds(caller: Caller): { readonly uid: number; readonly gid: number } {
  const { uid, gid } = ownerOf(caller);
  return { uid, gid };
}

/** A text that two calls of one process between two of its execs share, and those of others do not. */
export function callerKey(caller: Caller): string {
  const view = new DataView(caller.buffer, caller.byteOffset, caller.byteLength);
  const exec = view.getBigUint64(ownerLayout.process + processLayout.exec, true);
  return `${view.getUint32(ownerLayout.tgid, true)}@${exec}`;
}

/** Whether the kernel's table had the process that called; one without it is looked for as if nobody had seen the call. */
export function isKnown(caller: Caller): boolean {
  return ownerOf(caller).process !== undefined;
}

/** Whether anybody called: the kernel writes zeros where no program saw the call. */
export function isSomebody(caller: Caller): boolean {
  return ownerOf(caller).pid !== 0;
}
