// From a socket's inode to the process that holds it: at once where a guess is right, otherwise by a search on another thread.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Lru } from '#std/lru.ts';
import { type Holder, holderAmongFew, holds, mayHold } from './descriptors.ts';
import type { Found, Search } from './finder.ts';
import type { FinderMessage } from './worker.ts';

export type { Holder } from './descriptors.ts';
export type SocketSearch = Omit<Search, 'all'>;

const maxRemembered = 65_536;
const maxPlaces = 4096;
/** Processes of a place that are tried before anybody searches. */
const maxHot = 3;
/** A process with more descriptors than this is only tried with the likely ones. */
const fewDescriptors = 48;
const searchMs = 2000;
const sharedMs = 1000;
const maxShared = 1024;
/** Searches that may wait, in all and for one user: a flood of one user does not keep others from being found. */
const maxWaiting = 4096;
const maxWaitingPerUser = 512;

/** Undefined: the search took too long, or too many wait. */
type Done = (found: Found | undefined) => void;

interface Waiting {
  readonly search: Search;
  readonly done: Done[];
  readonly timer: NodeJS.Timeout;
}

export interface OwnersOptions {
  /** Pids of programs started last, newest first. */
  readonly recent: () => readonly number[];
  readonly searchMs?: number;
}

export class SocketOwners {
  readonly #options: OwnersOptions;
  readonly #remembered = new Lru<number, Holder>(maxRemembered);
  /** For each user and control group the processes whose sockets were asked for last. */
  readonly #hot = new Lru<string, readonly Holder[]>(maxPlaces);
  readonly #shared = new Lru<number, { readonly holders: readonly Holder[]; readonly found: number }>(maxShared);
  readonly #waiting = new Map<string, Waiting>();
  readonly #waitingOfUser = new Map<number, number>();
  #worker: Worker | undefined;
  #closed = false;

  constructor(options: OwnersOptions) {
    this.#options = options;
  }

  /** A process that holds the socket, if a few looks at /proc find one; 4 µs where it was found before. */
  guess(search: SocketSearch): Holder | undefined {
    const { inode } = search;
    const known = this.#remembered.get(inode);
    if (known !== undefined && holds(known, inode)) return known;
    const hot = this.#hot.get(placeOf(search)) ?? [];
    const holder = likely(hot, inode) ?? this.#nearby(hot, inode);
    return holder && this.#remember(search, holder);
  }

  #nearby(hot: readonly Holder[], inode: number): Holder | undefined {
    for (const pid of new Set([...hot.map((holder) => holder.pid), ...this.#options.recent().slice(0, 4)])) {
      const holder = holderAmongFew(pid, inode, fewDescriptors);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  #remember(search: SocketSearch, holder: Holder): Holder {
    this.#remembered.set(search.inode, holder);
    const place = placeOf(search);
    const others = (this.#hot.get(place) ?? []).filter((other) => other.pid !== holder.pid);
    this.#hot.set(place, [holder, ...others].slice(0, maxHot));
    return holder;
  }

  /** One process that holds the socket, looked for everywhere on another thread; undefined when none was found in time. */
  search(search: SocketSearch, done: (holder: Holder | undefined) => void): void {
    this.#begin({ ...search, all: false }, (found) => {
      const holder = found?.holders[0];
      done(holder && this.#remember(search, holder));
    });
  }

  /**
   * All processes that hold the socket; undefined when it took too long or some may be missing. An answer serves for a
   * second: a program that is no holder does not become one without a holder's help.
   */
  searchAll(search: SocketSearch, now: number, done: (holders: readonly Holder[] | undefined) => void): void {
    const shared = this.#shared.get(search.inode);
    if (shared !== undefined && now - shared.found < sharedMs) {
      done(shared.holders);
      return;
    }
    this.#begin({ ...search, all: true }, (found) => {
      const holders = found === undefined || found.unsure ? undefined : found.holders;
      if (holders !== undefined) this.#shared.set(search.inode, { holders, found: now });
      done(holders);
    });
  }

  #begin(search: Search, done: Done): void {
    const key = keyOf(search);
    const already = this.#waiting.get(key);
    if (already !== undefined) {
      already.done.push(done);
      return;
    }
    const ofUser = this.#waitingOfUser.get(search.uid) ?? 0;
    if (this.#closed || this.#waiting.size >= maxWaiting || ofUser >= maxWaitingPerUser) {
      done(undefined);
      return;
    }
    const timer = setTimeout(() => {
      this.#post({ search, cancel: true });
      this.#end(search, undefined);
    }, this.#options.searchMs ?? searchMs);
    this.#waiting.set(key, { search, done: [done], timer });
    this.#waitingOfUser.set(search.uid, ofUser + 1);
    this.#post({ search });
  }

  #post(message: FinderMessage): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'));
    worker.unref();
    worker.on('message', (found: Found) => this.#end(found, found));
    worker.on('error', () => {
      this.#worker = undefined;
      this.#endAll();
    });
    return worker;
  }

  #end(search: Pick<Search, 'inode' | 'all'>, found: Found | undefined): void {
    const key = keyOf(search);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    clearTimeout(waiting.timer);
    const { uid } = waiting.search;
    const ofUser = (this.#waitingOfUser.get(uid) ?? 1) - 1;
    if (ofUser === 0) this.#waitingOfUser.delete(uid);
    else this.#waitingOfUser.set(uid, ofUser);
    for (const done of waiting.done) done(found);
  }

  #endAll(): void {
    for (const { search } of [...this.#waiting.values()]) this.#end(search, undefined);
  }

  close(): void {
    this.#closed = true;
    this.#endAll();
    void this.#worker?.terminate();
  }
}

const keyOf = ({ inode, all }: Pick<Search, 'inode' | 'all'>) => `${inode}${all ? '*' : ''}`;
const placeOf = ({ uid, cgroupId }: SocketSearch) => `${uid} ${cgroupId ?? ''}`;

/** A new descriptor gets the lowest free number: the one just closed, or one of the next. */
function likely(hot: readonly Holder[], inode: number): Holder | undefined {
  for (const { pid, fd } of hot) {
    for (let next = fd; next < fd + 4; next++) {
      const holder = { pid, fd: next };
      if (mayHold(holder, inode)) return holder;
    }
  }
  return undefined;
}
