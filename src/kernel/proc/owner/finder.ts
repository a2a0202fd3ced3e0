// Looks through processes for the holders of sockets, in small steps: users take turns, and whatever socket somebody
// waits for is noticed on the way, so that a flood of one program's sockets costs one look at that program.
import type { Holder } from './descriptors.ts';

/** What is looked for. `all`: every holder is wanted, not just one. */
export interface Search {
  readonly inode: number;
  readonly uid: number;
  /** Control group that the socket was made in. */
  readonly cgroupId: bigint | undefined;
  readonly all: boolean;
}

export interface Found extends Pick<Search, 'inode' | 'all'> {
  /** None when nobody holds the socket. */
  readonly holders: readonly Holder[];
  /** Processes came and went so fast that others may hold it too. */
  readonly unsure: boolean;
}

/** Pids are listed newest first. */
export interface ProcessSource {
  all(): number[];
  members(cgroupId: bigint): number[];
  userOf(pid: number): number | undefined;
  descriptors(pid: number): Iterable<string>;
  /** Inode of the socket; 0 when it is none. */
  socketAt(pid: number, fd: string): number;
}

/** A look for any holder of one socket. */
interface Task {
  readonly search: Search;
  /** Undefined until it has its first turn. */
  steps: Generator<void> | undefined;
  /** It is in the middle of a process. */
  inside: boolean;
}

/** One walk through all processes, for every socket whose holders were asked for before it began. */
interface Sweep {
  /** Holders met so far, by the socket's inode. */
  readonly holders: Map<number, Holder[]>;
  /** The value at the end: whether something may have been missed. */
  readonly steps: Generator<void, boolean>;
}

/** Looks at the list of processes again until no new one is there, at most so often. */
const maxRounds = 8;

export class Finder {
  readonly #source: ProcessSource;
  readonly #report: (found: Found) => void;
  /** By inode. */
  readonly #tasks = new Map<number, Task>();
  /** Tasks of each user; the user in front has the next turn. */
  readonly #lines = new Map<number, Task[]>();
  #sweep: Sweep | undefined;
  /** Sockets that wait for the next sweep. */
  readonly #waiting = new Set<number>();
  #sweepIsNext = true;

  constructor(source: ProcessSource, report: (found: Found) => void) {
    this.#source = source;
    this.#report = report;
  }

  /** A search for a socket that is being looked for changes nothing. */
  add(search: Search): void {
    const { inode, uid, all } = search;
    if (all) {
      if (!this.#sweep?.holders.has(inode)) this.#waiting.add(inode);
      return;
    }
    if (this.#tasks.has(inode)) return;
    const task: Task = { search, steps: undefined, inside: false };
    this.#tasks.set(inode, task);
    const line = this.#lines.get(uid);
    if (line === undefined) this.#lines.set(uid, [task]);
    else line.push(task);
  }

  /** Nobody waits any more. */
  cancel({ inode, all }: Pick<Search, 'inode' | 'all'>): void {
    if (!all) this.#tasks.delete(inode);
    else if (!this.#waiting.delete(inode)) this.#sweep?.holders.delete(inode);
  }

  /** Goes on for so many descriptors, in turn with the sweep and with the tasks; false when nothing is left to be done. */
  work(descriptors: number): boolean {
    this.#sweepIsNext = !this.#sweepIsNext;
    return this.#sweepIsNext
      ? this.#goOnSweeping(descriptors) || this.#goOnLooking(descriptors)
      : this.#goOnLooking(descriptors) || this.#goOnSweeping(descriptors);
  }

  #goOnSweeping(descriptors: number): boolean {
    const sweep = this.#currentSweep();
    if (sweep === undefined) return false;
    for (let step = 0; step < descriptors; step++) {
      const { done, value } = sweep.steps.next();
      if (!done) continue;
      this.#sweep = undefined;
      for (const [inode, holders] of sweep.holders) this.#report({ inode, all: true, holders, unsure: value });
      break;
    }
    return true;
  }

  #currentSweep(): Sweep | undefined {
    if (this.#sweep?.holders.size) return this.#sweep;
    this.#sweep = undefined;
    if (this.#waiting.size === 0) return undefined;
    this.#sweep = {
      holders: new Map([...this.#waiting].map((inode) => [inode, []])),
      steps: this.#throughAll(new Set()),
    };
    this.#waiting.clear();
    return this.#sweep;
  }

  #goOnLooking(descriptors: number): boolean {
    const task = this.#nextTask();
    if (task === undefined) return false;
    task.steps ??= this.#look(task);
    for (let step = 0; step < descriptors && this.#goesOn(task); step++) {
      if (!task.steps.next().done) continue;
      this.#finish(task, []);
      break;
    }
    return true;
  }

  #waits(task: Task): boolean {
    return this.#tasks.get(task.search.inode) === task;
  }

  /** A process is looked at to its end even if the socket was found, as long as others are waited for: they may be there too. */
  #goesOn(task: Task): boolean {
    return this.#waits(task) || (task.inside && this.#tasks.size > 0);
  }

  /** The first task of the user in front that is not over; that user goes to the end. */
  #nextTask(): Task | undefined {
    for (const [uid, line] of this.#lines) {
      this.#lines.delete(uid);
      const first = line.findIndex((task) => this.#goesOn(task));
      if (first < 0) continue;
      if (first > 0) line.splice(0, first);
      this.#lines.set(uid, line);
      return line[0];
    }
    return undefined;
  }

  #finish({ search: { inode } }: Task, holders: readonly Holder[]): void {
    this.#tasks.delete(inode);
    this.#report({ inode, all: false, holders, unsure: false });
  }

  /** The socket's control group, then its user's processes, then all others, then those that began meanwhile. */
  *#look(task: Task): Generator<void> {
    const { cgroupId, uid } = task.search;
    const seen = new Set<number>();
    if (cgroupId !== undefined) yield* this.#through(this.#source.members(cgroupId), seen, task);
    yield* this.#throughAll(seen, task, uid);
  }

  /** Every process not seen yet, those of a user first; true when they came faster than they could be looked at. */
  *#throughAll(seen: Set<number>, task?: Task, uid?: number): Generator<void, boolean> {
    for (let round = 0; round < maxRounds; round++) {
      const pids = this.#source.all().filter((pid) => !seen.has(pid));
      if (pids.length === 0) return false;
      const own = uid === undefined ? [] : pids.filter((pid) => this.#source.userOf(pid) === uid);
      yield* this.#through(own, seen, task);
      yield* this.#through(pids, seen, task);
    }
    return true;
  }

  *#through(pids: readonly number[], seen: Set<number>, task?: Task): Generator<void> {
    for (const pid of pids) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      if (task !== undefined) task.inside = true;
      for (const fd of this.#source.descriptors(pid)) {
        this.#notice({ pid, fd: Number(fd) }, this.#source.socketAt(pid, fd));
        yield;
      }
      if (task !== undefined) task.inside = false;
      yield;
    }
  }

  #notice(holder: Holder, inode: number): void {
    if (inode === 0) return;
    const task = this.#tasks.get(inode);
    if (task !== undefined) this.#finish(task, [holder]);
    // Noticed by a look for another socket, it is met again by the sweep, which alone ends it: once is enough.
    const holders = this.#sweep?.holders.get(inode);
    if (holders !== undefined && !holders.some(({ pid }) => pid === holder.pid)) holders.push(holder);
  }
}
