// Finds the program behind a flow: the exact socket by sock_diag, its holder through /proc, the holder's identity from the
// process table, or from the kernel's own book where eBPF is. Best effort: what cannot be found is said to be unknown.
import { settleCandidates } from '#attribution/candidates.ts';
import { formatIdentities, parseIdentities } from '#attribution/identities.ts';
import { kernelAnswers } from '#attribution/kernelmade.ts';
import { type Forebear, type ProcessEvent, ProcessTable } from '#attribution/processtable.ts';
import type { Attribution, Caller } from '#engine/types.ts';
import type { Flow } from '#model/flow.ts';
import { hasPorts } from '#model/net/protocol.ts';
import type { Evidence, Process } from '#model/process.ts';
import { runFolder } from '#model/run/run.ts';
import { runOfCgroup } from '#policy/run/confine.ts';
import { isKnown } from '../bpf/flows/callers.ts';
import type { KernelBook } from '../bpf/identity/book.ts';
import { ownerOf } from '../bpf/identity/decode.ts';
import type { SocketFacts } from '../netlink/socketlookup.ts';
import { Facts } from './facts/facts.ts';
import { type Holder, SocketOwners, type SocketSearch } from './owner/owners.ts';
import { hostProcesses } from './owner/processes.ts';
import { procReader } from './process/read.ts';
import { rawCandidates } from './rawsockets.ts';

/** A packet waits this long for a hash or a package that a rule asks for; then it is judged without. */
const factsMs = 2000;
/** Raw sockets of one protocol that are told apart; with more of them the program is not known. */
const maxCandidates = 16;
/** Processes remembered at start before anything else has its turn. */
const seedsPerTurn = 128;

export interface AttributorOptions {
  readonly lookup: { find(flow: Flow): SocketFacts | undefined };
  /** Whether the kernel tells of fork, exec and exit; `handle` is called for each. */
  readonly told: boolean;
  /** The kernel's own word on who each process is, where eBPF is; it then takes the place of what /proc says. */
  readonly book?: KernelBook;
  /** Who called on the socket with this cookie, where a program of the kernel saw it. */
  readonly callerOf?: (cookie: bigint) => Caller | undefined;
  /** What `identities()` gave in an earlier run since the machine's start; anything else is refused and forgotten. */
  readonly identities?: string;
  /** The path of the cgroup with this id, where it is that of a confined command. */
  readonly confinedIn?: (cgroup: bigint | undefined) => string | undefined;
  /** A process that was asked about has ended. */
  readonly onExit?: (pid: number, startTime: string) => void;
}

type Done = (found: Attribution) => void;

interface Sender {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly caller?: Caller | undefined;
  readonly confined?: true | undefined;
}

/** Where it is only known that a program is confined, and not with which command: nothing is allowed there. */
const somewhereConfined = `/${runFolder}/unknown`;

export class ProcAttributor {
  readonly #options: AttributorOptions;
  readonly #table: ProcessTable;
  readonly #book: Pick<KernelBook, 'get' | 'handedDown' | 'recent' | 'size' | 'identities'>;
  readonly #owners: SocketOwners;
  readonly #facts = new Facts();
  #need = { sha256: false, package: false };
  #seeding: NodeJS.Immediate | undefined;

  constructor(options: AttributorOptions) {
    this.#options = options;
    this.#table = new ProcessTable(procReader, options.told);
    this.#book = options.book ?? this.#table;
    this.#owners = new SocketOwners({ recent: () => this.#book.recent() });
    const earlier = parseIdentities(options.identities ?? '[]');
    if (earlier.ok) (options.book ?? this.#table).recall(earlier.value);
    this.#seed();
  }

  /** What running programs were when they began, for the next run of Postern. Keep it where only root may write. */
  identities(): string {
    return formatIdentities(this.#book.identities());
  }

  /** Learns what runs already, a few processes at a time, so that what these start has its ancestors. */
  #seed(): void {
    clearImmediate(this.#seeding);
    if (!this.#options.told || this.#options.book !== undefined) return;
    const pids = hostProcesses().all();
    const some = () => {
      for (const pid of pids.splice(-seedsPerTurn)) this.#table.seed(pid);
      this.#seeding = pids.length > 0 ? setImmediate(some) : undefined;
    };
    this.#seeding = setImmediate(some);
  }

  /** The process that has this pid now, where it began then. */
  process(pid: number, startTime: string): Process | undefined {
    const found = this.#book.get(pid, Date.now());
    return found?.startTime === startTime ? found : undefined;
  }

  /** Without eBPF: whose program this process runs since it was forked, the parent first. */
  forebears(pid: number, startTime: string): readonly Forebear[] {
    return this.#table.forebears(pid, startTime);
  }

  get processes(): number {
    return this.#book.size;
  }

  handle(event: ProcessEvent): void {
    if (event.what === 'exit' && event.pid === event.tgid) {
      const startTime = this.#table.startTime(event.tgid);
      if (startTime !== undefined) this.#options.onExit?.(event.tgid, startTime);
    }
    this.#table.handle(event, Date.now());
  }

  /** Events were lost. */
  distrust(): void {
    this.#table.distrust();
    this.#seed();
  }

  /** Facts that some rule asks for: attribution waits for them, within bounds. */
  need(facts: { readonly sha256: boolean; readonly package: boolean }): void {
    this.#need = facts;
    this.#options.book?.hash(facts.sha256);
  }

  /** Calls `done` once, at once where the program is found by a few looks. */
  attribute(flow: Flow, sender: Sender, done: Done): void {
    if (sender.confined === undefined) this.#attribute(flow, sender, done);
    else
      this.#attribute(flow, sender, (found) =>
        done({ ...found, process: confinedAs(found.process, somewhereConfined) }),
      );
  }

  /** Without eBPF: what this process starts is confined from now on. */
  confine(pid: number, cgroup: string): void {
    this.#table.confine(pid, cgroup);
  }

  release(pid: number): void {
    this.#table.release(pid);
  }

  #attribute(flow: Flow, sender: Sender, done: Done): void {
    // Behind what is forwarded nothing else can be looked for than the caller.
    if (sender.caller !== undefined && (flow.direction === 'forward' || isKnown(sender.caller))) {
      this.#byCaller(sender.caller, done);
      return;
    }
    // Where a forwarded packet comes from is another machine, or a namespace whose calls no program of the kernel saw.
    if (flow.direction === 'forward') done({ process: undefined, evidence: [] });
    else if (hasPorts(flow.protocol)) this.#bySocket(flow, sender, done);
    else this.#byProtocol(flow, sender, done);
  }

  #bySocket(flow: Flow, sender: Sender, done: Done): void {
    const socket = this.#options.lookup.find(flow);
    // Without inode its process has closed it: what the kernel still sends for it is the kernel's.
    if (socket === undefined || socket.inode === 0) {
      done(withoutSocket(sender));
      return;
    }
    const caller = this.#options.callerOf?.(socket.cookie);
    if (caller !== undefined && isKnown(caller)) {
      this.#byCaller(caller, done);
      return;
    }
    const owner = { ...sender, uid: sender.uid ?? (flow.direction === 'in' ? undefined : socket.uid) };
    const confined = this.#options.confinedIn?.(socket.cgroupId);
    this.#byInode(socket, (process, evidence) => {
      const found = process === undefined ? senderOnly(owner) : as(process, owner);
      const whole = confined === undefined ? found : confinedAs(found, confined);
      if (process === undefined || whole === undefined) done({ process: whole, evidence: ['sock_diag'] });
      else this.#complete(whole, ['sock_diag', ...evidence], done);
    });
  }

  /** The process that holds the socket, or what all that may have sent on it have in common. */
  #byInode(socket: SocketSearch, done: (process: Process | undefined, evidence: readonly Evidence[]) => void): void {
    const settle = (holder: Holder | undefined) => {
      if (holder === undefined) done(undefined, []);
      else if (this.#book.handedDown(holder.pid, socket.inode)) {
        this.#owners.searchAll(socket, Date.now(), (holders) => done(this.#settle(holders), ['proc']));
      } else done(this.#book.get(holder.pid, Date.now()), ['proc']);
    };
    const guessed = this.#owners.guess(socket);
    if (guessed !== undefined) settle(guessed);
    else this.#owners.search(socket, settle);
  }

  /** The programs that hold these sockets: one walk on another thread, however many there are. What is not found in time is left out. */
  async holders(
    sockets: readonly Pick<SocketSearch, 'inode' | 'uid'>[],
  ): Promise<ReadonlyMap<number, readonly Process[]>> {
    const found = new Map<number, readonly Process[]>();
    const search = ({ inode, uid }: Pick<SocketSearch, 'inode' | 'uid'>) =>
      new Promise<void>((resolve) => {
        this.#owners.searchAll({ inode, uid, cgroupId: undefined }, Date.now(), (holders) => {
          const processes = holders?.flatMap(({ pid }) => this.#book.get(pid, Date.now()) ?? []);
          if (processes !== undefined) found.set(inode, processes);
          resolve();
        });
      });
    await Promise.all(sockets.map(search));
    return found;
  }

  #settle(holders: readonly Holder[] | undefined): Process | undefined {
    return settleCandidates((holders ?? []).map(({ pid }) => this.#book.get(pid, Date.now())));
  }

  /** Puts in what is known of hash and package; what a rule needs is waited for. */
  #complete(process: Process, evidence: readonly Evidence[], done: Done): void {
    const known = this.#facts.known(process);
    const missing = [
      ...(this.#need.sha256 && known.sha256 === undefined ? [this.#facts.hash(process)] : []),
      ...(this.#need.package && known.package === undefined ? [this.#facts.package(process)] : []),
    ];
    if (missing.length === 0) {
      done({ process: known, evidence });
      return;
    }
    let waiting = true;
    const finish = () => {
      if (!waiting) return;
      waiting = false;
      clearTimeout(timer);
      done({ process: this.#facts.known(process), evidence });
    };
    const timer = setTimeout(finish, factsMs);
    void Promise.allSettled(missing).then(finish);
  }

  /** The program behind a call that a program in the kernel saw. */
  #byCaller(caller: Caller, done: Done): void {
    const { book } = this.#options;
    const owner = ownerOf(caller);
    const process = book?.byOwner(owner, Date.now()) ?? { pid: owner.pid, uid: owner.uid, gid: owner.gid };
    this.#complete(process, ['bpf'], (found) => done({ ...found, caller }));
  }

  /** Raw and ping sockets: who sent it is only a set of candidates, known as far as they agree. */
  #byProtocol(flow: Flow, sender: Sender, done: Done): void {
    const family = flow.remote.address.family;
    const ofKernel = kernelAnswers(flow) || (flow.direction === 'out' && sender.uid === undefined);
    const sockets = ofKernel ? [] : rawCandidates(flow.protocolNumber, family, flow.local?.port ?? 0, sender.uid);
    if (sockets.length === 0 || sockets.length > maxCandidates) {
      done(sockets.length === 0 ? withoutSocket(sender) : { process: senderOnly(sender), evidence: ['proc'] });
      return;
    }
    const found: (Process | undefined)[] = [];
    for (const { inode, uid } of sockets) {
      this.#byInode({ inode, uid, cgroupId: undefined }, (process) => {
        found.push(process);
        if (found.length < sockets.length) return;
        const settled = settleCandidates(found);
        if (settled === undefined) done({ process: senderOnly(sender), evidence: ['proc'] });
        else this.#complete(as(settled, sender), ['proc'], done);
      });
    }
  }

  close(): void {
    clearImmediate(this.#seeding);
    this.#owners.close();
    this.#facts.close();
    this.#options.book?.close();
  }
}

/** No user and no socket: the kernel's own packet. With a user, the socket is gone or of a kind nobody can look up. */
function withoutSocket(sender: Sender): Attribution {
  if (sender.uid === undefined) return { process: { kernel: true }, evidence: ['sock_diag'] };
  return { process: senderOnly(sender), evidence: [] };
}

/** In that cgroup, unless it is known to be confined with a command. */
function confinedAs(process: Process | undefined, cgroup: string): Process {
  return runOfCgroup(process?.cgroup) !== undefined && process !== undefined ? process : { ...process, cgroup };
}

/** The ids are known even when the program is not. */
function senderOnly({ uid, gid }: Sender): Process | undefined {
  return uid === undefined ? undefined : { uid, gid };
}

/** The effective ids at the call are those the packet has. */
function as(process: Process, { uid, gid }: Sender): Process {
  return { ...process, uid: uid ?? process.uid, gid: gid ?? process.gid };
}
