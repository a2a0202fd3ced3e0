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

interface Task {
  readonly search: Search;
  readonly holders: Holder[];
  /** Undefined until it has its first turn. The value at the end: whether something may have been missed. */
  steps: Generator<void, boolean> | undefined;
  /** It is in the middle of a process. */
  inside: boolean;
}

/** Looks at the list of processes again until no new one is there, at most so often. */
const maxRounds = 8;

export class Finder {
  readonly #source: ProcessSource;
  readonly #report: (found: Found) => void;
  /** Tasks that want any holder, and tasks that want all, by inode. */
  readonly #any = new Map<number, Task>();
  readonly #all = new Map<number, Task>();
  /** Tasks of each user; the user in front has the next turn. */
  readonly #lines = new Map<number, Task[]>();

  constructor(source: ProcessSource, report: (found: Found) => void) {
    this.#source = source;
    this.#report = report;
  }

  /** A search for a socket that is being looked for changes nothing. */
  add(search: Search): void {
    const tasks = this.#tasksLike(search);
    if (tasks.has(search.inode)) return;
    const task: Task = { search, holders: [], steps: undefined, inside: false };
    tasks.set(search.inode, task);
    const line = this.#lines.get(search.uid);
    if (line === undefined) this.#lines.set(search.uid, [task]);
    else line.push(task);
  }

  /** Nobody waits any more. */
  cancel(search: Pick<Search, 'inode' | 'all'>): void {
    this.#tasksLike(search).delete(search.inode);
  }

  #tasksLike({ all }: Pick<Search, 'all'>): Map<number, Task> {
    return all ? this.#all : this.#any;
  }

  /** Goes on for so many descriptors; false when nothing is left to be done. */
  work(descriptors: number): boolean {
    const task = this.#next();
    if (task === undefined) return false;
    task.steps ??= this.#look(task);
    for (let step = 0; step < descriptors && this.#goesOn(task); step++) {
      const { done, value } = task.steps.next();
      if (done) {
        this.#finish(task, value);
        return true;
      }
    }
    return true;
  }

  #waits(task: Task): boolean {
    return this.#tasksLike(task.search).get(task.search.inode) === task;
  }

  /** A process is looked at to its end even if the socket was found, as long as others are waited for: they may be there too. */
  #goesOn(task: Task): boolean {
    return this.#waits(task) || (task.inside && this.#any.size + this.#all.size > 0);
  }

  /** The first task of the user in front that is not over; that user goes to the end. */
  #next(): Task | undefined {
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

  #finish(task: Task, unsure: boolean): void {
    const { inode, all } = task.search;
    this.cancel(task.search);
    this.#report({ inode, all, holders: task.holders, unsure });
  }

  /** The socket's control group, then its user's processes, then all others, then those that began meanwhile. */
  *#look(task: Task): Generator<void, boolean> {
    const { search } = task;
    const seen = new Set<number>();
    if (search.cgroupId !== undefined) yield* this.#through(task, this.#source.members(search.cgroupId), seen);
    for (let round = 0; round < maxRounds; round++) {
      const pids = this.#source.all().filter((pid) => !seen.has(pid));
      if (pids.length === 0) return false;
      const own: number[] = [];
      const others: number[] = [];
      for (const pid of pids) (this.#source.userOf(pid) === search.uid ? own : others).push(pid);
      yield* this.#through(task, own, seen);
      yield* this.#through(task, others, seen);
    }
    return true;
  }

  *#through(task: Task, pids: readonly number[], seen: Set<number>): Generator<void> {
    for (const pid of pids) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      task.inside = true;
      for (const fd of this.#source.descriptors(pid)) {
        this.#notice(pid, fd, this.#source.socketAt(pid, fd));
        yield;
      }
      task.inside = false;
      yield;
    }
  }

  #notice(pid: number, fd: string, inode: number): void {
    if (inode === 0) return;
    const holder = { pid, fd: Number(fd) };
    const any = this.#any.get(inode);
    if (any !== undefined) {
      any.holders.push(holder);
      this.#finish(any, false);
    }
    // Noticed by another's search, it is met again by its own, which alone ends it: once is enough.
    const all = this.#all.get(inode);
    if (all !== undefined && !all.holders.some((other) => other.pid === pid)) all.holders.push(holder);
  }
}
