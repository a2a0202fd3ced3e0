// Which program each process runs, kept current from the kernel's events: what was seen at exec is believed, not what
// /proc says later. A pid alone is never an identity: every entry has its start time.
import type { Image, Process } from '#model/process.ts';
import { appImagePath } from './appimage.ts';
import { Details } from './details.ts';
import { type Identity, identityOf, imageAtBegin } from './identities.ts';
import { ancestorsOf, extendLineage, type Lineage, lineageOf, maxAncestors } from './lineage.ts';

/** Which process has a pid now. */
export interface Birth {
  readonly startTime: string;
  readonly parentPid: number;
}

/** What is learned of a process at its exec, or when it is first seen. */
export interface Seen extends Birth {
  readonly image: Image | undefined;
}

/** What the table asks of the outside. Each answer is of one process, and undefined when that is gone. */
export interface ProcessReader {
  birth(pid: number): Birth | undefined;
  /** Cheap: it runs at every exec of the machine. */
  see(pid: number): Seen | undefined;
  /** Everything else, with the start time, image and executable of `seen`; as AppImage the name of the mount that it lies in. */
  read(pid: number, seen: Seen): Process | undefined;
  /** Inodes of the sockets that it has open; 'many' when there are too many to look at. */
  sockets(pid: number): ReadonlySet<number> | 'many';
}

/** The events of the proc connector that matter here; wire/procevents.ts has them. */
export interface ProcessEvent {
  readonly what: string;
  readonly pid: number;
  readonly tgid: number;
  readonly parentTgid: number;
}

export interface Forebear extends Pick<Process, 'image'> {
  readonly pid: number;
  readonly startTime: string;
}

interface Entry {
  readonly pid: number;
  /** Undefined for a child that nobody asked about yet. */
  startTime: string | undefined;
  /** Undefined when the process that began to run it was gone before that was told. */
  image: Image | undefined;
  /** Of a child that executed nothing yet: its parent, that one's if it was such a child too, and so on. */
  forebears: readonly Entry[];
  /** Programs that started this one: ancestors, and what this process ran before. */
  readonly lineage: Lineage | undefined;
  /** Sockets that were open when it began to run its program: other programs may hold them too. */
  readonly handedDown: ReadonlySet<number> | 'many';
  /** The cgroup of the command that it is confined with, wherever it moved. */
  readonly confined: string | undefined;
  /** Milliseconds; set when the process has ended. */
  ended: number | undefined;
}

const capacity = 65_536;
const maxRecent = 16;
/** What a process knows of its forebears: daemons fork twice, shells in shells a few times more. */
const maxForebears = 8;
const noForebears: readonly never[] = [];
/** A packet sent just before exit is still attributed. */
const graceMs = 10_000;
/** Nobody tells when a process changes its control group, its folder or its arguments. */
const freshMs = 1000;
const noSockets: ReadonlySet<number> = new Set();

export class ProcessTable {
  readonly #reader: ProcessReader;
  /** Insertion order is the order of being new: the oldest leave first when there are too many. */
  readonly #entries = new Map<number, Entry>();
  readonly #details = new Details();
  readonly #recent: number[] = [];
  readonly #told: boolean;
  /** Whose children are confined from now on, by pid, and the cgroup of that. */
  readonly #confining = new Map<number, string>();
  /** Of processes that began before this table, and were not met yet. */
  readonly #earlier = new Map<number, Identity>();

  /** `told`: the kernel tells of every exec, so that what /proc says of a program later need not be believed. */
  constructor(reader: ProcessReader, told: boolean) {
    this.#reader = reader;
    this.#told = told;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Pids of the programs started last, newest first. */
  recent(): readonly number[] {
    return this.#recent;
  }

  /** Start time of the process with this pid, as far as it was asked for. */
  startTime(pid: number): string | undefined {
    return this.#entries.get(pid)?.startTime;
  }

  handle(event: ProcessEvent, now: number): void {
    switch (event.what) {
      case 'fork':
        // A new thread is no new process.
        if (event.pid === event.tgid) this.#fork(event.parentTgid, event.tgid);
        return;
      case 'exec':
        this.#exec(event.tgid);
        return;
      case 'exit':
        if (event.pid === event.tgid) this.#exit(event.tgid, now);
        return;
      case 'uid':
      case 'gid':
        this.#details.delete(event.tgid);
        return;
    }
  }

  /** What an earlier table knew of processes that may still live. */
  recall(identities: readonly Identity[]): void {
    for (const identity of identities) this.#earlier.set(identity.pid, identity);
  }

  /** What a later table should know of the processes that live now. */
  identities(): Identity[] {
    return [...this.#entries.values()].flatMap(({ pid, startTime, image, ended }) => {
      if (ended !== undefined) return [];
      const birth = startTime ?? this.#reader.birth(pid)?.startTime;
      return (birth !== undefined && identityOf(pid, birth, image)) || [];
    });
  }

  /** Remembers a process that began before anybody told of it, so that its children have their ancestors. */
  seed(pid: number): void {
    if (this.#entries.has(pid)) return;
    const seen = this.#reader.see(pid);
    if (seen !== undefined) this.#meet(pid, seen, this.#lineageAbove(seen.parentPid));
  }

  /** What this process starts belongs to that cgroup, with all that comes of it. */
  confine(pid: number, cgroup: string): void {
    this.#confining.set(pid, cgroup);
    this.seed(pid);
  }

  /** Not what it starts from now on. */
  release(pid: number): void {
    this.#confining.delete(pid);
  }

  /** The child runs what its parent runs until its own exec. */
  #fork(parentPid: number, pid: number): void {
    this.#forget(pid);
    const parent = this.#entries.get(parentPid);
    if (parent === undefined) return;
    const confined = parent.confined ?? this.#confining.get(parentPid);
    const { image, handedDown } = parent;
    const lineage = extendLineage(nameOf(image), parent.lineage);
    const forebears = [parent, ...parent.forebears.slice(0, maxForebears - 1)];
    this.#put({ pid, startTime: undefined, image, forebears, lineage, handedDown, confined, ended: undefined });
  }

  #exec(pid: number): void {
    const before = this.#entries.get(pid);
    const seen = this.#reader.see(pid);
    const startTime = seen?.startTime ?? before?.startTime;
    const lineage =
      before === undefined
        ? this.#lineageAbove(seen?.parentPid ?? 0)
        : extendLineage(nameOf(before.image), before.lineage);
    // Gone already: what it ran before says nothing of what it ran last, but its children have the same ancestors.
    const image = seen?.image;
    const handedDown = seen === undefined ? 'many' : this.#reader.sockets(pid);
    this.#forget(pid);
    const confined = before?.confined;
    this.#put({ pid, startTime, image, forebears: noForebears, lineage, handedDown, confined, ended: undefined });
    this.#recent.unshift(pid);
    if (this.#recent.length > maxRecent) this.#recent.length = maxRecent;
  }

  #exit(pid: number, now: number): void {
    const entry = this.#entries.get(pid);
    if (entry === undefined) return;
    entry.ended = now;
    this.#put(entry);
    // The ended stand at the end of the map in the order of their ends, but for the living between them.
    for (const [oldPid, old] of this.#entries) {
      if (old.ended === undefined || now - old.ended < graceMs) break;
      this.#forget(oldPid);
    }
  }

  #put(entry: Entry): void {
    this.#entries.delete(entry.pid);
    this.#entries.set(entry.pid, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= capacity) return;
      this.#forget(oldest);
    }
  }

  #forget(pid: number): void {
    const entry = this.#entries.get(pid);
    // Its children have those above it too: what forks for ever keeps no chain of all that went before.
    if (entry !== undefined) entry.forebears = noForebears;
    this.#entries.delete(pid);
    this.#details.delete(pid);
  }

  #meet(pid: number, { startTime, image: seen }: Seen, lineage: Lineage | undefined): Entry {
    const before = this.#entries.get(pid);
    const confined = before?.startTime === startTime ? before.confined : undefined;
    const image = imageAtBegin(this.#earlier.get(pid), startTime, seen);
    this.#earlier.delete(pid);
    const entry: Entry = {
      ...{ pid, startTime, image, lineage, forebears: noForebears },
      ...{ handedDown: noSockets, confined, ended: undefined },
    };
    this.#forget(pid);
    this.#put(entry);
    return entry;
  }

  /** The programs from this parent upwards: from memory where it is known, otherwise from what is there now. */
  #lineageAbove(parentPid: number): Lineage | undefined {
    const programs: string[] = [];
    for (let pid = parentPid; pid > 0 && programs.length < maxAncestors; ) {
      const entry = this.#entries.get(pid);
      if (entry !== undefined && entry.ended === undefined) {
        return lineageOf([...programs, nameOf(entry.image)], entry.lineage);
      }
      const seen = this.#reader.see(pid);
      if (seen === undefined) break;
      programs.push(nameOf(seen.image));
      pid = seen.parentPid;
    }
    return lineageOf(programs);
  }

  /**
   * The process that has this pid now, or had it until a moment ago; undefined when nothing is known of it any more.
   * A process met for the first time is read from /proc.
   */
  get(pid: number, now: number): Process | undefined {
    const known = this.#entries.get(pid);
    if (known?.ended !== undefined) {
      if (now - known.ended <= graceMs) return this.#details.get(pid)?.process ?? remembered(known);
      this.#forget(pid);
      return this.#read(pid, undefined, now);
    }
    const details = this.#details.get(pid);
    if (this.#told && known !== undefined && details !== undefined && now - details.read < freshMs) {
      return details.process;
    }
    return this.#read(pid, known, now);
  }

  #read(pid: number, known: Entry | undefined, now: number): Process | undefined {
    const entry = this.#current(pid, known);
    if (entry?.startTime === undefined) return known && (this.#details.get(pid)?.process ?? remembered(known));
    const { startTime, image } = entry;
    const process = this.#reader.read(pid, { startTime, image, parentPid: 0 });
    if (process === undefined) return this.#details.get(pid)?.process ?? remembered(entry);
    const ancestors = ancestorsOf(entry.lineage);
    const { confined = process.cgroup } = entry;
    const whole = { ...process, ancestors, appimage: appImagePath(process.appimage, ancestors), cgroup: confined };
    this.#details.set(pid, whole, now);
    return whole;
  }

  /** The entry of the process that has the pid at this moment; undefined when there is none. */
  #current(pid: number, known: Entry | undefined): Entry | undefined {
    // prctl(PR_SET_MM) lets a process choose what /proc/PID/exe names; no event tells of that, and none should be needed.
    if (this.#told && known !== undefined) {
      const birth = this.#reader.birth(pid);
      if (birth === undefined) return undefined;
      if (known.startTime === undefined || known.startTime === birth.startTime) {
        known.startTime = birth.startTime;
        // What a daemon's first process ran, which was gone too soon, is still seen in its child.
        known.image ??= this.#imageNow(pid, birth.startTime);
        return known;
      }
    }
    const seen = this.#reader.see(pid);
    if (seen === undefined) return undefined;
    if (known === undefined || known.startTime !== seen.startTime) {
      return this.#meet(pid, seen, this.#lineageAbove(seen.parentPid));
    }
    if (sameFile(known.image, seen.image)) return known;
    // An exec of which nobody told.
    return this.#meet(pid, seen, extendLineage(nameOf(known.image), known.lineage));
  }

  #imageNow(pid: number, startTime: string): Image | undefined {
    const seen = this.#reader.see(pid);
    return seen?.startTime === startTime ? seen.image : undefined;
  }

  /**
   * Whether the socket was open when this process began to run its program: then another program may have made it and
   * hold it still. Not known, and so false, for programs that began before anybody told of them.
   */
  handedDown(pid: number, inode: number): boolean {
    const sockets = this.#entries.get(pid)?.handedDown;
    return sockets === 'many' || sockets?.has(inode) === true;
  }

  /**
   * Whose program this process runs since it was forked, the parent first, without those that nobody asked about. Empty
   * where nobody told of the fork, and when another process has the pid.
   */
  forebears(pid: number, startTime: string): readonly Forebear[] {
    const entry = this.#entries.get(pid);
    if (entry?.startTime !== startTime) return noForebears;
    return entry.forebears.flatMap((above) =>
      above.startTime === undefined ? [] : { pid: above.pid, startTime: above.startTime, image: above.image },
    );
  }

  /** Events were lost: nothing that rests on them is believed any more. */
  distrust(): void {
    this.#entries.clear();
    this.#details.clear();
    this.#recent.length = 0;
  }
}

function remembered({ pid, startTime, image, lineage, confined }: Entry): Process {
  return {
    pid,
    ...(confined !== undefined && { cgroup: confined }),
    startTime,
    image,
    ...(image !== undefined && { exe: image.state === 'host' ? image.path : null }),
    ancestors: ancestorsOf(lineage),
  };
}

function nameOf(image: Image | undefined): string {
  return image?.state === 'host' ? image.path : '';
}

/** The same file, even if it was renamed, deleted or replaced on disk meanwhile; renaming and unlinking change the ctime. */
function sameFile(a: Image | undefined, b: Image | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.identity.device === b.identity.device &&
    a.identity.inode === b.identity.inode &&
    a.identity.generation === b.identity.generation
  );
}
