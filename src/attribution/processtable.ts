// Which program each process runs, kept current from the kernel's events: what was seen at exec is believed, not what
// /proc says later. A pid alone is never an identity: every entry has its start time.
import type { Image, Process } from '#model/process.ts';

/** What is learned of a process at its exec, or when it is first seen. */
export interface Seen {
  readonly startTime: string;
  readonly parentPid: number;
  readonly image: Image | undefined;
}

interface Entry {
  readonly pid: number;
  startTime: string | undefined;
  image: Image | undefined;
  /** Programs that started this one: ancestors, and what this process ran before; nearest first. */
  lineage: readonly string[];
  /** All that rules may ask; read when a packet needs it, void after each exec and change of ids. */
  details: Process | undefined;
  /** Milliseconds; set when the process has ended. */
  ended: number | undefined;
}

/** What the table asks of the outside. */
export interface ProcessReader {
  /** The facts of an instant after exec; undefined when the process is gone. Cheap: it runs at every exec of the machine. */
  see(pid: number): Seen | undefined;
  /** Everything else; undefined when the process is gone or is another one by now. */
  read(pid: number, seen: Seen): Process | undefined;
}

/** The events of the proc connector that matter here; wire/procevents.ts has them. */
export interface ProcessEvent {
  readonly what: string;
  readonly pid: number;
  readonly tgid: number;
  readonly parentTgid: number;
}

const capacity = 65_536;
const maxLineage = 64;
/** A packet sent just before exit is still attributed. */
const graceMs = 10_000;

export class ProcessTable {
  readonly #reader: ProcessReader;
  /** Insertion order is the order of being new: the oldest leave first when there are too many. */
  readonly #entries = new Map<number, Entry>();
  readonly #recent: number[] = [];
  readonly #told: boolean;

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
      case 'gid': {
        const entry = this.#entries.get(event.tgid);
        if (entry !== undefined) entry.details = undefined;
        return;
      }
    }
  }

  #put(entry: Entry): void {
    this.#entries.delete(entry.pid);
    this.#entries.set(entry.pid, entry);
    if (this.#entries.size <= capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  /** The child runs what its parent runs until its own exec. */
  #fork(parentPid: number, pid: number): void {
    const parent = this.#entries.get(parentPid);
    if (parent === undefined) {
      this.#entries.delete(pid);
      return;
    }
    const { image, lineage } = parent;
    this.#put({
      pid,
      startTime: undefined,
      image,
      lineage: extend(lineage, image),
      details: undefined,
      ended: undefined,
    });
  }

  #exec(pid: number): void {
    const before = this.#entries.get(pid);
    const seen = this.#reader.see(pid);
    if (seen === undefined) {
      // Too late: what it ran before the exec says nothing of what it runs now.
      this.#entries.delete(pid);
      return;
    }
    const lineage = before === undefined ? this.#lineageOf(seen.parentPid) : extend(before.lineage, before.image);
    this.#put({ pid, startTime: seen.startTime, image: seen.image, lineage, details: undefined, ended: undefined });
    this.#recent.unshift(pid);
    if (this.#recent.length > 16) this.#recent.length = 16;
  }

  #exit(pid: number, now: number): void {
    const entry = this.#entries.get(pid);
    if (entry === undefined) return;
    entry.ended = now;
    this.#put(entry);
    // Ended processes stand at the end of the map only by chance; drop those whose grace is over where the map begins.
    for (const [oldPid, old] of this.#entries) {
      if (old.ended === undefined || now - old.ended < graceMs) break;
      this.#entries.delete(oldPid);
    }
  }

  /** The programs above a process with this parent: from memory where it is known, otherwise from what is there now. */
  #lineageOf(parentPid: number): readonly string[] {
    const lineage: string[] = [];
    for (let pid = parentPid; pid > 0 && lineage.length < maxLineage; ) {
      const entry = this.#entries.get(pid);
      if (entry !== undefined && entry.ended === undefined) {
        return extend(entry.lineage, entry.image, lineage);
      }
      const seen = this.#reader.see(pid);
      if (seen === undefined) break;
      lineage.push(nameOf(seen.image));
      pid = seen.parentPid;
    }
    return lineage;
  }

  /**
   * The process that has this pid now, or had it until a moment ago; undefined when nothing is known of it any more.
   * A process met for the first time is read from /proc.
   */
  get(pid: number, now: number): Process | undefined {
    const known = this.#entries.get(pid);
    if (known?.ended !== undefined) {
      if (now - known.ended > graceMs) this.#entries.delete(pid);
      else return known.details ?? remembered(known);
    }
    const seen = this.#reader.see(pid);
    if (seen === undefined) return known === undefined ? undefined : (known.details ?? remembered(known));
    const entry = this.#current(pid, seen, known?.ended === undefined ? known : undefined);
    entry.details ??= this.#details(entry, seen);
    return entry.details;
  }

  #current(pid: number, seen: Seen, known: Entry | undefined): Entry {
    const same = known !== undefined && (known.startTime === undefined || known.startTime === seen.startTime);
    // prctl(PR_SET_MM) lets a process choose what /proc/PID/exe names; no event tells of that, and none should be needed.
    if (same && (this.#told || sameFile(known.image, seen.image))) {
      known.startTime = seen.startTime;
      return known;
    }
    // A new process, or an exec of which nobody tells.
    const lineage = same ? extend(known.lineage, known.image) : this.#lineageOf(seen.parentPid);
    const entry: Entry = {
      pid,
      startTime: seen.startTime,
      image: seen.image,
      lineage,
      details: undefined,
      ended: undefined,
    };
    this.#put(entry);
    return entry;
  }

  /** The image is the one seen when the process began: an upgrade of the file since then does not change what runs. */
  #details(entry: Entry, seen: Seen): Process | undefined {
    const image = entry.image ?? seen.image;
    const process = this.#reader.read(entry.pid, { ...seen, image });
    return process && { ...process, ancestors: entry.lineage };
  }

  /** Events were lost: nothing that rests on them is believed any more. */
  distrust(): void {
    this.#entries.clear();
    this.#recent.length = 0;
  }
}

function remembered(entry: Entry): Process {
  return {
    pid: entry.pid,
    startTime: entry.startTime,
    image: entry.image,
    exe: entry.image?.state === 'host' ? entry.image.path : null,
    ancestors: entry.lineage,
  };
}

function nameOf(image: Image | undefined): string {
  return image?.state === 'host' ? image.path : '';
}

/** `lineage` with `image` before it, and `nearer` before that. */
function extend(
  lineage: readonly string[],
  image: Image | undefined,
  nearer: readonly string[] = [],
): readonly string[] {
  return [...nearer, nameOf(image), ...lineage].slice(0, maxLineage);
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
