// Who each process is by the kernel's own word: its events and maps, completed from /proc at once.
import { readCgroup } from '#attribution/cgroup.ts';
import { type Began, ExecTable, type Forebear, type Run } from '#attribution/exectable.ts';
import type { Identity } from '#attribution/identities.ts';
import type { Caller } from '#engine/types.ts';
import type { Forgery, Process } from '#model/process.ts';
import { inProcess } from '../../proc/process/folder.ts';
import { readBirth, readCgroupPath } from '../../proc/process/read.ts';
import type { Pins } from '../pins.ts';
import { CgroupPaths } from './cgrouppaths.ts';
import { beginOf, meetRunning, readChanging } from './complete.ts';
import type { ExecEvent, KernelProcess, Owner } from './decode.ts';
import { HostFiles } from './hostfile.ts';
import { KernelProcesses, type KernelProcessesPlan } from './processes.ts';

/** Processes met at start before anything else has its turn. */
const seedsPerTurn = 128;

export interface KernelBookPlan extends Pick<KernelProcessesPlan, 'onOther'> {
  /** Events were lost; what they told is looked up again. */
  onLost(): void;
  /** A program begins, and this is how it would call. It is in the book by then. */
  onExec?(caller: Caller): void;
  /** A process asked to be shown as another in /proc, or with other arguments. Who it is does not change. */
  onForged?(pid: number, process: Process | undefined, what: Forgery): void;
  /** A process has ended. */
  onExit?(pid: number, startTime: string): void;
}

const runOf = (pid: number, process: KernelProcess): Run => ({
  pid,
  exec: process.exec,
  startTime: process.startTime,
  parentPid: process.parentPid,
});

type Ids = Pick<Owner, 'uid' | 'gid'> & Pick<Process, 'forged'>;

export class KernelBook {
  readonly #plan: KernelBookPlan;
  readonly #files: HostFiles;
  readonly #cgroups = new CgroupPaths();
  /** Of a program, its last caller: mostly the next one is the same. */
  readonly #callers = new WeakMap<Process, Ids & { readonly path: string | undefined; readonly process: Process }>();
  readonly #processes: KernelProcesses;
  readonly #table: ExecTable;
  #seeding: NodeJS.Immediate | undefined;

  constructor(pins: Pins, plan: KernelBookPlan) {
    this.#plan = plan;
    this.#files = new HostFiles(pins.path('own_files'));
    this.#table = new ExecTable({
      current: (pid) => this.#processes.find(pid)?.exec,
      meet: (pid) => this.#meet(pid),
      refresh: (pid, startTime) => this.#refresh(pid, startTime),
    });
    this.#processes = new KernelProcesses(pins, {
      onExec: (event) => this.#exec(event),
      onFork: (pid, process) => this.#table.fork(runOf(pid, process), process.parentExec, Date.now()),
      onExit: (pid, exec) => this.#exit(pid, exec),
      onForged: (pid, exec, what) => plan.onForged?.(pid, this.#table.byExec(pid, exec, Date.now()), what),
      ...(plan.onOther !== undefined && { onOther: plan.onOther }),
      onLost: () => this.#recover(),
    });
    this.#seed();
  }

  #exec(event: ExecEvent): void {
    const began = beginOf(event, this.#files, this.#cgroups);
    this.#table.exec(runOf(event.owner.pid, event.process), this.#withPath(event, began), Date.now());
    this.#plan.onExec?.(event.caller);
  }

  /** A path too long for the event is what /proc says, if the file has the kernel's numbers. */
  #withPath(event: ExecEvent, began: Began): Began {
    if (event.path !== undefined) return began;
    const met = meetRunning(event.owner.pid, event.process, this.#files, () => began.facts.cgroup);
    if (met === undefined) return began;
    const { image, exe, script } = met.facts;
    return { ...began, facts: { ...began.facts, image, exe, script } };
  }

  #exit(pid: number, exec: bigint): void {
    const startTime = this.#table.startTime(pid);
    this.#table.exit(pid, exec, Date.now());
    if (startTime !== undefined) this.#plan.onExit?.(pid, startTime);
  }

  #meet(pid: number): { readonly run: Run; readonly began: Began } | undefined {
    const process = this.#processes.find(pid);
    const began = process && meetRunning(pid, process, this.#files, readCgroupPath);
    return process && began && { run: runOf(pid, process), began };
  }

  #refresh(pid: number, startTime: string): Process | undefined {
    return inProcess(pid, (folder) => {
      const cgroup = readCgroupPath(folder);
      const facts = { ...readChanging(folder), cgroup, ...(cgroup !== undefined && readCgroup(cgroup)) };
      // After the rest: a process that ended meanwhile has given only half of its facts.
      return readBirth(folder)?.startTime === startTime ? facts : undefined;
    });
  }

  /** Learns what runs already, parents first, a few at a time. */
  #seed(): void {
    clearImmediate(this.#seeding);
    const pids = this.#processes.all().map(({ pid }) => pid);
    let next = 0;
    const some = () => {
      for (const pid of pids.slice(next, next + seedsPerTurn)) this.#table.seed(pid, Date.now());
      next += seedsPerTurn;
      this.#seeding = next < pids.length ? setImmediate(some) : undefined;
    };
    this.#seeding = setImmediate(some);
  }

  #recover(): void {
    this.#plan.onLost();
    const alive = new Map(this.#processes.all().map(({ pid, process }) => [pid, process.exec]));
    this.#table.sweep((pid) => alive.get(pid), Date.now());
    this.#seed();
  }

  /** Before anything is judged that a process sent. */
  drain(): void {
    this.#processes.drain();
  }

  get size(): number {
    return this.#table.size;
  }

  recent(): readonly number[] {
    return this.#table.recent();
  }

  startTime(pid: number): string | undefined {
    return this.#table.startTime(pid);
  }

  recall(identities: readonly Identity[]): void {
    this.#table.recall(identities);
  }

  identities(): Identity[] {
    return this.#table.identities();
  }

  /** As `get`, by what was read so far: for whoever handles an event, before the next one. */
  known(pid: number, now: number): Process | undefined {
    return this.#table.get(pid, now);
  }

  /** The program of this run, as far as it is remembered. */
  byRun(pid: number, exec: bigint, now: number): Process | undefined {
    return this.#table.byExec(pid, exec, now);
  }

  /** The runs whose program this one goes on with since its fork, the parent's first, as far as they are remembered. */
  forebears(pid: number, exec: bigint): readonly Forebear[] {
    return this.#table.forebears(pid, exec);
  }

  /** The process that has this pid now, or had it until a moment ago. */
  get(pid: number, now: number): Process | undefined {
    this.drain();
    return this.#table.get(pid, now);
  }

  handedDown(pid: number, inode: number): boolean {
    return this.#table.handedDown(pid, inode);
  }

  /** Who made a call: as it was at the call, also when the process runs another program by now, or has ended. */
  byOwner(owner: Owner, now: number): Process {
    this.drain();
    const { pid, uid, gid, process } = owner;
    const found = process && this.#table.byExec(pid, process.exec, now);
    const path = this.#cgroups.find(owner.cgroup);
    const moved = path !== undefined && path !== found?.cgroup;
    const last = found && this.#callers.get(found);
    const forged = process?.forged;
    if (last?.uid === uid && last.gid === gid && last.path === path && last.forged === forged) return last.process;
    const whole = {
      ...(found ?? {
        pid,
        ...(process !== undefined && { startTime: process.startTime }),
        ...(process?.seeded === true && { seeded: true }),
      }),
      uid,
      gid,
      ...(forged !== undefined && { forged }),
      ...(moved && { cgroup: path, ...readCgroup(path) }),
    };
    if (found !== undefined) this.#callers.set(found, { uid, gid, path, forged, process: whole });
    return whole;
  }

  /** All processes that the kernel has. */
  pids(): number[] {
    return this.#processes.all().map(({ pid }) => pid);
  }

  /** The kernel's own entry for the process that has this pid now. */
  kernelProcess(pid: number): KernelProcess | undefined {
    return this.#processes.find(pid);
  }

  /** Whether programs are hashed by the kernel when they are executed, where it can. */
  hash(wanted: boolean): void {
    this.#processes.hash(wanted);
  }

  /** One of countSlots. */
  count(slot: number): number {
    return this.#processes.counts.sum(slot);
  }

  close(): void {
    clearImmediate(this.#seeding);
    this.#processes.close();
  }
}
