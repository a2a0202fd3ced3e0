// Which program each process runs, as the eBPF programs tell: a run of a program is one pid with one moment of exec (or
// fork), so that a pid used again, or a program that was exchanged for the next, is never taken for another.
import type { Image, Process } from '#model/process.ts';
import { appImagePath } from './appimage.ts';
import { type Identity, identityOf, imageAtBegin } from './identities.ts';
import { ancestorsOf, extendLineage, type Lineage, lineageOf, maxAncestors } from './lineage.ts';

/** A pid with the boot-time nanoseconds of its exec, or of its fork where it has executed nothing since. */
export interface Run {
  readonly pid: number;
  readonly exec: bigint;
  /** As Process has it. */
  readonly startTime: string;
  readonly parentPid: number;
}

/** What is known of a program when it begins. */
export interface Began {
  /** Everything but ancestors. */
  readonly facts: Process;
  /** Sockets that were open: other programs may hold them too. */
  readonly handedDown: ReadonlySet<number> | 'many';
  /** It ran before anybody watched: what it is was only seen later. */
  readonly seeded: boolean;
}

export interface ExecReader {
  /** The run that has this pid now. */
  current(pid: number): bigint | undefined;
  /** A run of which no event told, from what can be seen of it now; undefined when it is over. */
  meet(pid: number): { readonly run: Run; readonly began: Began } | undefined;
  /** What may change while a program runs, read now; undefined when the process is gone. */
  refresh(pid: number, startTime: string): Process | undefined;
}

export type Forebear = Pick<Run, 'pid' | 'exec'>;

interface Entry {
  readonly run: Run;
  readonly began: Began;
  readonly lineage: Lineage | undefined;
  /** Of a child that executed nothing since its fork: its parent's run, that one's if it was such a child too, and so on. */
  readonly forebears: readonly Forebear[];
  process: Process | undefined;
  /** Milliseconds when `process` was put together. */
  read: number;
  /** Milliseconds when the run was over. */
  ended: number;
}

/** A run that is over is remembered for at least 10 s, unless there are very many. */
const pastMs = 10_000;
const maxPast = 16_384;
const maxRecent = 16;
const maxForebears = 8;
const noForebears: readonly never[] = [];
/** Nobody tells when a process changes its control group, its groups or its folder. */
const freshMs = 1000;

export class ExecTable {
  readonly #reader: ExecReader;
  readonly #living = new Map<number, Entry>();
  /** By pid and exec, in the order of their ends. */
  readonly #past = new Map<string, Entry>();
  readonly #lastOf = new Map<number, Entry>();
  readonly #recent: number[] = [];
  readonly #earlier = new Map<number, Identity>();

  constructor(reader: ExecReader) {
    this.#reader = reader;
  }

  get size(): number {
    return this.#living.size;
  }

  /** Pids of the programs started last, newest first. */
  recent(): readonly number[] {
    return this.#recent;
  }

  startTime(pid: number): string | undefined {
    return this.#living.get(pid)?.run.startTime;
  }

  /** What an earlier Postern knew of processes that may still live. */
  recall(identities: readonly Identity[]): void {
    for (const identity of identities) if (identity.verified === true) this.#earlier.set(identity.pid, identity);
  }

  /** What a later Postern should know: what was seen at its exec. */
  identities(): Identity[] {
    return [...this.#living.values()].flatMap(({ run, began }) => {
      const identity = identityOf(run.pid, run.startTime, began.facts.image);
      return began.seeded || identity === undefined ? [] : [{ ...identity, verified: true as const }];
    });
  }

  exec(run: Run, began: Began, now: number): void {
    const before = this.#living.get(run.pid);
    const met = before?.run.exec === run.exec;
    const sameProcess = before?.run.startTime === run.startTime && before.run.exec < run.exec;
    const lineage = met ? before.lineage : sameProcess ? below(before) : this.#lineageAbove(run.parentPid);
    const entry: Entry = { run, began, lineage, forebears: noForebears, process: undefined, read: 0, ended: 0 };
    // Somebody asked about it before its event was read: what the event says is better.
    if (met) this.#living.set(run.pid, entry);
    else this.#put(entry, now);
    this.#recent.unshift(run.pid);
    if (this.#recent.length > maxRecent) this.#recent.length = maxRecent;
  }

  /** The child runs what its parent runs until its own exec. */
  fork(run: Run, parentExec: bigint, now: number): void {
    if (this.#find(run.pid, run.exec) !== undefined) return;
    const parent = this.#find(run.parentPid, parentExec);
    if (parent === undefined) return;
    const { pid, exec } = parent.run;
    const forebears = [{ pid, exec }, ...parent.forebears.slice(0, maxForebears - 1)];
    this.#put(
      { run, began: parent.began, lineage: below(parent), forebears, process: undefined, read: 0, ended: 0 },
      now,
    );
  }

  exit(pid: number, exec: bigint, now: number): void {
    const entry = this.#living.get(pid);
    if (entry?.run.exec === exec) this.#end(entry, now);
  }

  /** Learns of a process that ran before anybody told of it, so that its children have their ancestors. */
  seed(pid: number, now: number): void {
    this.#meet(pid, now);
  }

  /** Events were lost: what is over was not told. `alive` are the runs that the kernel has. */
  sweep(alive: (pid: number) => bigint | undefined, now: number): void {
    for (const entry of [...this.#living.values()]) {
      if (alive(entry.run.pid) !== entry.run.exec) this.#end(entry, now);
    }
  }

  /** What is told late, when the process was met as it is now, is over already. */
  #put(entry: Entry, now: number): void {
    const before = this.#living.get(entry.run.pid);
    if (before !== undefined && before.run.exec > entry.run.exec) {
      this.#remember(entry, now);
      return;
    }
    if (before !== undefined) this.#end(before, now);
    this.#living.set(entry.run.pid, entry);
  }

  #end(entry: Entry, now: number): void {
    this.#living.delete(entry.run.pid);
    this.#remember(entry, now);
  }

  #remember(entry: Entry, now: number): void {
    const { pid, exec } = entry.run;
    entry.ended = now;
    this.#past.set(keyOf(pid, exec), entry);
    this.#lastOf.set(pid, entry);
    for (const [key, oldest] of this.#past) {
      if (this.#past.size <= maxPast && now - oldest.ended <= pastMs) return;
      this.#past.delete(key);
      if (this.#lastOf.get(oldest.run.pid) === oldest) this.#lastOf.delete(oldest.run.pid);
    }
  }

  #find(pid: number, exec: bigint): Entry | undefined {
    const entry = this.#living.get(pid);
    return entry?.run.exec === exec ? entry : this.#past.get(keyOf(pid, exec));
  }

  #meet(pid: number, now: number): Entry | undefined {
    const exec = this.#reader.current(pid);
    const known = exec === undefined ? undefined : this.#find(pid, exec);
    if (known !== undefined || exec === undefined) return known;
    const met = this.#reader.meet(pid);
    if (met === undefined) return undefined;
    const began = this.#verified(met.run, met.began);
    const before = this.#living.get(pid);
    const sameProcess = before?.run.startTime === met.run.startTime;
    const lineage = sameProcess ? below(before) : this.#lineageAbove(met.run.parentPid);
    const { run } = met;
    const entry: Entry = { run, began, lineage, forebears: noForebears, process: undefined, read: 0, ended: 0 };
    this.#put(entry, now);
    return entry;
  }

  /** A program that an earlier Postern saw begin is what that one saw, if it still runs the same file. */
  #verified({ pid, startTime }: Run, began: Began): Began {
    const identity = this.#earlier.get(pid);
    this.#earlier.delete(pid);
    const { image } = began.facts;
    if (!began.seeded || identity === undefined || image === undefined) return began;
    const { device, inode, generation } = image.identity;
    const same =
      identity.startTime === startTime &&
      identity.device === device &&
      identity.inode === inode &&
      identity.generation === generation;
    if (!same) return began;
    return { ...began, seeded: false, facts: withImage(began.facts, imageAtBegin(identity, startTime, image)) };
  }

  /** The programs from this parent upwards: from memory where it is known, otherwise from what is there now. */
  #lineageAbove(parentPid: number): Lineage | undefined {
    const programs: string[] = [];
    for (let pid = parentPid; pid > 0 && programs.length < maxAncestors; ) {
      const entry = this.#living.get(pid);
      if (entry !== undefined) return lineageOf(programs, below(entry));
      const met = this.#reader.meet(pid);
      if (met === undefined) break;
      programs.push(nameOf(met.began.facts.image));
      pid = met.run.parentPid;
    }
    return lineageOf(programs);
  }

  /** The process that has this pid now, or had it until a moment ago. */
  get(pid: number, now: number): Process | undefined {
    const entry = this.#meet(pid, now);
    if (entry !== undefined) return this.#processOf(entry, now);
    const last = this.#lastOf.get(pid);
    return last !== undefined && now - last.ended <= pastMs ? this.#processOf(last, now) : undefined;
  }

  /** The process that made a call as this run, also when it runs another program by now or is gone. */
  byExec(pid: number, exec: bigint, now: number): Process | undefined {
    let entry = this.#find(pid, exec);
    // Its event may have been lost.
    if (entry === undefined && this.#reader.current(pid) === exec) entry = this.#meet(pid, now);
    return entry && this.#processOf(entry, now);
  }

  #processOf(entry: Entry, now: number): Process {
    const { run, began, lineage } = entry;
    if (entry.process !== undefined && (entry.ended > 0 || now - entry.read < freshMs)) return entry.process;
    const fresh = entry.ended > 0 ? undefined : this.#reader.refresh(run.pid, run.startTime);
    const ancestors = ancestorsOf(lineage);
    entry.read = now;
    entry.process = {
      ...began.facts,
      ...fresh,
      pid: run.pid,
      startTime: run.startTime,
      ancestors,
      appimage: appImagePath(began.facts.appimage, ancestors),
      ...(began.seeded && { seeded: true }),
    };
    return entry.process;
  }

  /** Whose program this run goes on with since it was forked, the parent first; empty where the fork was not told. */
  forebears(pid: number, exec: bigint): readonly Forebear[] {
    return this.#find(pid, exec)?.forebears ?? noForebears;
  }

  /** Whether the socket was open when this process began to run its program. */
  handedDown(pid: number, inode: number): boolean {
    const sockets = this.#living.get(pid)?.began.handedDown;
    return sockets === 'many' || sockets?.has(inode) === true;
  }
}

const keyOf = (pid: number, exec: bigint) => `${pid} ${exec}`;

function below({ began, lineage }: Entry): Lineage {
  return extendLineage(nameOf(began.facts.image), lineage);
}

function nameOf(image: Image | undefined): string {
  return image?.state === 'host' ? image.path : '';
}

function withImage(facts: Process, image: Image | undefined): Process {
  return image === undefined ? facts : { ...facts, image, exe: image.state === 'host' ? image.path : null };
}
