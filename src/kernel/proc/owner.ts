// From a socket's inode to the pid that holds it: at once where a guess is right, otherwise by a search on another thread.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Holder, holderIn, holds, type Search } from './ownersearch.ts';

const maxRemembered = 65_536;
const maxHot = 4;
const maxUsers = 1024;
/** readlinks spent on guesses while packets wait. */
const guessLimit = 48;
const searchMs = 2000;
/** Searches that may wait, in all and for one user: a flood of one user does not keep others from being found. */
const maxWaiting = 2048;
const maxWaitingPerUser = 256;

type Done = (holder: Holder | undefined) => void;

interface Waiting {
  readonly search: Search;
  readonly done: Done[];
  readonly timer: NodeJS.Timeout;
}

export class SocketOwners {
  readonly #remembered = new Map<number, Holder>();
  /** For each user the processes whose sockets were asked for last. */
  readonly #hot = new Map<number, Holder[]>();
  readonly #recent: () => readonly number[];
  readonly #waiting = new Map<number, Waiting>();
  /** Inodes not yet given to the worker, for each user; users take turns. */
  readonly #lines = new Map<number, number[]>();
  #busy = false;
  #worker: Worker | undefined;
  #closed = false;

  /** `recent`: pids of programs started last, newest first. */
  constructor(recent: () => readonly number[]) {
    this.#recent = recent;
  }

  /** What a few looks at /proc tell; undefined: search. */
  guess({ inode, uid }: Search): Holder | undefined {
    const known = this.#remembered.get(inode);
    if (known !== undefined) {
      if (holds(known, inode)) return known;
      this.#remembered.delete(inode);
    }
    const hot = this.#hot.get(uid) ?? [];
    for (const holder of hot) {
      for (const fd of [holder.fd, holder.fd + 1, holder.fd + 2]) {
        const candidate = { pid: holder.pid, fd };
        if (holds(candidate, inode)) return this.#remember(inode, uid, candidate);
      }
    }
    for (const pid of new Set([...hot.map((holder) => holder.pid), ...this.#recent().slice(0, 4)])) {
      const holder = holderIn(pid, inode, guessLimit);
      if (holder !== undefined) return this.#remember(inode, uid, holder);
    }
    return undefined;
  }

  #remember(inode: number, uid: number, holder: Holder): Holder {
    this.#remembered.delete(inode);
    this.#remembered.set(inode, holder);
    if (this.#remembered.size > maxRemembered) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    const hot = (this.#hot.get(uid) ?? []).filter((other) => other.pid !== holder.pid);
    if (this.#hot.size > maxUsers) this.#hot.clear();
    this.#hot.set(uid, [holder, ...hot].slice(0, maxHot));
    return holder;
  }

  /** Looks everywhere, on another thread; undefined when nobody holds the socket or it took too long. */
  search(search: Search, done: Done): void {
    const { inode, uid } = search;
    const already = this.#waiting.get(inode);
    if (already !== undefined) {
      already.done.push(done);
      return;
    }
    const line = this.#lines.get(uid) ?? [];
    if (this.#waiting.size >= maxWaiting || line.length >= maxWaitingPerUser || this.#closed) {
      done(undefined);
      return;
    }
    const timer = setTimeout(() => this.#found(inode, undefined), searchMs);
    this.#waiting.set(inode, { search, done: [done], timer });
    line.push(inode);
    this.#lines.set(uid, line);
    this.#next();
  }

  #next(): void {
    if (this.#busy) return;
    for (const [uid, line] of this.#lines) {
      const inode = line.shift();
      // To the end of the row: the next user is next.
      this.#lines.delete(uid);
      if (line.length > 0) this.#lines.set(uid, line);
      const waiting = inode === undefined ? undefined : this.#waiting.get(inode);
      if (waiting === undefined) continue;
      this.#busy = true;
      this.#thread().postMessage(waiting.search);
      return;
    }
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(join(import.meta.dirname, 'ownerworker.ts'));
    worker.unref();
    worker.on('message', ({ inode, holder }: { inode: number; holder: Holder | undefined }) => {
      this.#busy = false;
      this.#found(inode, holder);
      this.#next();
    });
    worker.on('error', () => {
      this.#worker = undefined;
      this.#busy = false;
      this.#next();
    });
    this.#worker = worker;
    return worker;
  }

  #found(inode: number, holder: Holder | undefined): void {
    const waiting = this.#waiting.get(inode);
    if (waiting === undefined) return;
    this.#waiting.delete(inode);
    clearTimeout(waiting.timer);
    if (holder !== undefined) this.#remember(inode, waiting.search.uid, holder);
    for (const done of waiting.done) done(holder);
  }

  close(): void {
    this.#closed = true;
    for (const inode of [...this.#waiting.keys()]) this.#found(inode, undefined);
    void this.#worker?.terminate();
  }
}
