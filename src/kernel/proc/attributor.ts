// Finds the program behind a flow without eBPF: the exact socket by sock_diag, its holder through /proc, the holder's
// identity from the process table. Best effort: what cannot be found is said to be unknown.
import { appKey } from '#attribution/app.ts';
import { type ProcessEvent, ProcessTable } from '#attribution/processtable.ts';
import type { Attribution } from '#engine/types.ts';
import type { Flow } from '#model/flow.ts';
import type { Evidence, Process } from '#model/process.ts';
import { hasPorts } from '#model/protocol.ts';
import type { SocketFacts } from '../netlink/socketlookup.ts';
import { Facts } from './facts.ts';
import { SocketOwners } from './owner.ts';
import type { Holder, Search } from './ownersearch.ts';
import { rawCandidates } from './rawsockets.ts';
import { procReader } from './readprocess.ts';

/** A packet waits this long for a hash or a package that a rule asks for; then it is judged without. */
const factsMs = 2000;

export interface AttributorOptions {
  readonly lookup: { find(flow: Flow): SocketFacts | undefined };
  /** Whether the kernel tells of fork, exec and exit; `handle` is called for each. */
  readonly told: boolean;
}

type Done = (found: Attribution) => void;

interface Sender {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export class ProcAttributor {
  readonly #options: AttributorOptions;
  readonly #table: ProcessTable;
  readonly #owners: SocketOwners;
  readonly #facts = new Facts();
  #need = { sha256: false, package: false };

  constructor(options: AttributorOptions) {
    this.#options = options;
    this.#table = new ProcessTable(procReader, options.told);
    this.#owners = new SocketOwners(() => this.#table.recent());
  }

  get processes(): number {
    return this.#table.size;
  }

  handle(event: ProcessEvent): void {
    this.#table.handle(event, Date.now());
  }

  /** Events were lost. */
  distrust(): void {
    this.#table.distrust();
  }

  /** Facts that some rule asks for: attribution waits for them, within bounds. */
  need(facts: { readonly sha256: boolean; readonly package: boolean }): void {
    this.#need = facts;
  }

  /** Calls `done` once, at once where the program is found by a few looks. */
  attribute(flow: Flow, uid: number | undefined, gid: number | undefined, done: Done): void {
    const sender: Sender = { uid, gid };
    // Where a forwarded packet comes from is another machine, or a namespace whose sockets are not ours to see.
    if (flow.direction === 'forward') done({ process: undefined, evidence: [] });
    else if (hasPorts(flow.protocol)) this.#bySocket(flow, sender, done);
    else this.#byCandidates(flow, sender, done);
  }

  #bySocket(flow: Flow, sender: Sender, done: Done): void {
    const socket = this.#options.lookup.find(flow);
    if (socket === undefined) {
      done(withoutSocket(sender));
      return;
    }
    // A socket that its process has closed: what the kernel still sends for it is the kernel's.
    if (socket.inode === 0) {
      done(withoutSocket(sender));
      return;
    }
    const owner = { ...sender, uid: sender.uid ?? (flow.direction === 'in' ? undefined : socket.uid) };
    this.#byInode(socket, (holder) => {
      if (holder === undefined) done({ process: senderOnly(owner), evidence: ['sock_diag'] });
      else this.#byPid(holder.pid, owner, ['sock_diag', 'proc'], done);
    });
  }

  #byInode(socket: Search, done: (holder: Holder | undefined) => void): void {
    const guessed = this.#owners.guess(socket);
    if (guessed !== undefined) done(guessed);
    else this.#owners.search(socket, done);
  }

  #byPid(pid: number, sender: Sender, evidence: readonly Evidence[], done: Done): void {
    const process = this.#table.get(pid, Date.now());
    if (process === undefined) done({ process: senderOnly(sender), evidence });
    else this.#complete(as(process, sender), evidence, done);
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

  /** Raw and ping sockets: who sent it is only a set of candidates, believed when they are all of one app. */
  #byCandidates(flow: Flow, sender: Sender, done: Done): void {
    const family = flow.remote.address.family;
    const sockets = rawCandidates(flow.protocolNumber, family, flow.local?.port ?? 0, sender.uid);
    if (sockets.length === 0) {
      done(withoutSocket(sender));
      return;
    }
    const found: (Process | undefined)[] = [];
    for (const { inode, uid } of sockets.slice(0, 16)) {
      this.#byInode({ inode, uid, cgroupId: undefined }, (holder) => {
        found.push(holder && this.#table.get(holder.pid, Date.now()));
        if (found.length < Math.min(sockets.length, 16)) return;
        const [first] = found;
        const same = sockets.length <= 16 && found.every((process) => process && appKey(process) === appKey(first));
        if (!same || first === undefined) done({ process: senderOnly(sender), evidence: ['proc'] });
        else this.#complete(as(first, sender), ['proc'], done);
      });
    }
  }

  /** SHA-256 of the file at this path. */
  async hash(path: string): Promise<{ sha256: string | null; error?: string }> {
    try {
      return { sha256: await this.#facts.hashFile(path) };
    } catch (error) {
      return { sha256: null, error: `${path} cannot be read: ${error instanceof Error ? error.message : error}` };
    }
  }

  close(): void {
    this.#owners.close();
    this.#facts.close();
  }
}

/** No user and no socket: the kernel's own packet. With a user, the socket is gone or of a kind nobody can look up. */
function withoutSocket(sender: Sender): Attribution {
  if (sender.uid === undefined) return { process: { kernel: true }, evidence: ['sock_diag'] };
  return { process: senderOnly(sender), evidence: [] };
}

/** The ids are known even when the program is not. */
function senderOnly({ uid, gid }: Sender): Process | undefined {
  return uid === undefined ? undefined : { uid, gid };
}

/** The effective ids at the call are those the packet has. */
function as(process: Process, { uid, gid }: Sender): Process {
  return { ...process, uid: uid ?? process.uid, gid: gid ?? process.gid };
}
