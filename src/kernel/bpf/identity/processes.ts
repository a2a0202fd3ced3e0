// What the programs in the kernel tell of processes, and what their maps say at this moment.
import type { Forgery } from '#model/process.ts';
import { watchReadable } from '../../ffi.ts';
import { KernelConfig } from '../config.ts';
import { KernelCounts } from '../counts.ts';
import { countSlots, eventsBytes, eventTypes, layouts } from '../layout.ts';
import { libbpf } from '../libbpf.ts';
import { type BpfMap, openPinned } from '../map.ts';
import type { Pins } from '../pins.ts';
import { Ring } from '../ring.ts';
import {
  decodeExec,
  decodeExit,
  decodeForged,
  decodeFork,
  decodeProcess,
  type ExecEvent,
  type KernelProcess,
} from './decode.ts';

/** While events flow they are read this often; after this many looks at nothing, the kernel is asked for a wake-up. */
const awakeMs = 20;
const looksBeforeSleep = 3;
/** A look that needs no wake-up, should one ever be missed. */
const asleepMs = 1000;
/** Records read at once, so that a fork bomb does not keep packets waiting for ever. */
const recordsPerTurn = 4096;

export interface KernelProcessesPlan {
  onExec(event: ExecEvent): void;
  onFork(pid: number, process: KernelProcess): void;
  onExit(pid: number, exec: bigint): void;
  /** It asked to be shown as another in /proc; once for each kind until its next exec. */
  onForged?(pid: number, exec: bigint, what: Forgery): void;
  /** Other events of the ring: their type and place. */
  onOther?(type: number, bytes: Buffer, view: DataView, at: number): void;
  /** Events found no room in the ring. */
  onLost(): void;
}

export class KernelProcesses {
  readonly #plan: KernelProcessesPlan;
  readonly #procs: BpfMap;
  readonly #config: KernelConfig;
  readonly counts: KernelCounts;
  readonly #ring: Ring;
  readonly #watch: { close(): void };
  readonly #key = Buffer.alloc(4);
  readonly #value = Buffer.alloc(layouts.process.size);
  readonly #view = new DataView(this.#value.buffer, this.#value.byteOffset, this.#value.length);
  readonly #maps: readonly BpfMap[];
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  /** Answers of name servers that were handed out, as the kernel counts them. */
  #answersRead: number;
  /** The policy's when this began. */
  readonly #generationBefore: number;
  #lost: number;

  /** Opens what is pinned. */
  constructor(pins: Pins, plan: KernelProcessesPlan) {
    const lib = libbpf();
    if ('missing' in lib) throw new Error(lib.missing);
    const open = (name: string, keySize: number, valueSize: number) =>
      openPinned(lib, pins.path(name), name, keySize, valueSize);
    this.#plan = plan;
    this.#procs = open('procs', 4, layouts.process.size);
    const counts = open('counts', 4, 8);
    const config = open('config', 4, layouts.config.size);
    const events = open('events', 0, 0);
    this.#maps = [this.#procs, counts, config, events];
    this.counts = new KernelCounts(counts);
    this.#config = new KernelConfig(config.fd);
    this.#ring = new Ring(events.fd, eventsBytes);
    this.#answersRead = this.#config.get('answers_read');
    this.#generationBefore = this.#config.get('generation');
    this.#lost = this.counts.sum(countSlots.ringFull);
    this.#watch = watchReadable(events.fd, () => this.#look());
    this.#timer = setTimeout(() => this.#look(), 0);
  }

  /** Hands out what waits; an exec is told before the program runs, so before its first packet. Returns how much it was. */
  drain(): number {
    const { bytes, view } = this.#ring;
    // Each answer stands in the ring before it is counted.
    const answers = this.#config.get('answers_seen');
    const records = this.#ring.read(recordsPerTurn, (at) => this.#hand(bytes, view, at));
    // What an earlier gate taught by names nobody can take back: it is not found until another policy stands.
    const ours = this.#config.get('generation') !== this.#generationBefore;
    if (ours && answers !== this.#answersRead && !this.#ring.waits) {
      this.#config.set('answers_read', answers);
      this.#answersRead = answers;
    }
    return records;
  }

  #hand(bytes: Buffer, view: DataView, at: number): void {
    const type = view.getUint32(at + layouts.event.type, true);
    if (type === eventTypes.exec) {
      this.#plan.onExec(decodeExec(bytes, view, at));
    } else if (type === eventTypes.fork) {
      const { pid, process } = decodeFork(view, at);
      this.#plan.onFork(pid, process);
    } else if (type === eventTypes.exit) {
      const { pid, exec } = decodeExit(view, at);
      this.#plan.onExit(pid, exec);
    } else if (type === eventTypes.forged) {
      const forged = decodeForged(view, at);
      if (forged !== undefined) this.#plan.onForged?.(forged.pid, forged.exec, forged.what);
    } else {
      this.#plan.onOther?.(type, bytes, view, at);
    }
  }

  #look(): void {
    clearTimeout(this.#timer);
    this.#looks = this.drain() > 0 ? 0 : this.#looks + 1;
    if (this.#looks === 0) {
      const lost = this.counts.sum(countSlots.ringFull);
      if (lost !== this.#lost) {
        this.#lost = lost;
        this.#plan.onLost();
      }
    }
    // The next event wakes us. One that came at this very moment is seen by the look that follows soon.
    if (this.#looks >= looksBeforeSleep) this.#config.set('asleep', 1);
    this.#timer = setTimeout(() => this.#look(), this.#looks > looksBeforeSleep ? asleepMs : awakeMs);
  }

  /** What the kernel knows of the process with this pid now. */
  find(pid: number): KernelProcess | undefined {
    this.#key.writeUInt32LE(pid);
    return this.#procs.lookup(this.#key, this.#value) ? decodeProcess(this.#view, 0) : undefined;
  }

  /** All processes, the oldest first. */
  all(): { readonly pid: number; readonly process: KernelProcess }[] {
    const found: { readonly pid: number; readonly process: KernelProcess }[] = [];
    for (const { count, keys, values } of this.#procs.batches()) {
      const view = new DataView(values.buffer, values.byteOffset, values.length);
      for (let at = 0; at < count; at++) {
        found.push({ pid: keys.readUInt32LE(at * 4), process: decodeProcess(view, at * layouts.process.size) });
      }
    }
    return found.sort((a, b) => Number(BigInt(a.process.startTime) - BigInt(b.process.startTime)));
  }

  /** Read by the program at each exec; nothing reads it where the kernel takes no such program. */
  hash(wanted: boolean): void {
    this.#config.set('hash', wanted ? 1 : 0);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watch.close();
    this.#ring.close();
    this.#config.close();
    for (const map of this.#maps) map.close();
  }
}
