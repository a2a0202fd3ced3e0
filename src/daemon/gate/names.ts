// Which names the far ends of flows have, for whom: what was seen of questions and answers, and what changes by it.
import { z } from 'zod';
import { DnsWatch } from '#attribution/names/dnswatch.ts';
import { NameBook } from '#attribution/names/namebook.ts';
import { lessonsOf } from '#attribution/names/resolvedanswer.ts';
import type { Caller } from '#engine/types.ts';
import type { DnsCopy } from '#kernel/bpf/flows/dnscopy.ts';
import { ownerOf } from '#kernel/bpf/identity/decode.ts';
import { type DestinationName, maxNames, nameSources, sameName } from '#model/attempt.ts';
import { type Flow, flowKey } from '#model/flow.ts';
import type { ControlMessage } from '#model/messages.ts';
import { type Address, formatAddress, parseAddress } from '#model/net/address.ts';
import type { NameChange } from '#model/net/name.ts';
import type { NamesQuery, NameView } from '#model/net/nameview.ts';
import { type Process, pathOfProgram } from '#model/process.ts';
import { Lru } from '#std/lru.ts';
import type { ResolvedAnswer } from '#wire/varlink/monitor.ts';
import type { Sender } from './gate.ts';

/** Flows to name servers whose program is being found at once, copies of each, and how long a decision waits for them. */
const maxWaitingFlows = 1024;
const maxWaitingCopies = 16;
const settleMs = 2000;
/** Whose evidence is nobody's: a socket of which no call was seen. */
const nobody = 'nobody';
/** Programs that ask for all others, by the unit that only the system's manager gives. */
const systemResolvers: ReadonlySet<string> = new Set(['systemd-resolved.service', 'nscd.service', 'unscd.service']);

export interface NamesPlan {
  /** Facts of the process with this pid; must not read on what the kernel tells. */
  processOf(pid: number): Process | undefined;
  /** The program of a run, as far as it is remembered: by the moment of its exec or, without eBPF, its start. */
  runOf(pid: number, began: string): Process | undefined;
  /** The runs whose program this one goes on with since it was forked, the parent's first; and the same without eBPF. */
  forebearsOf(pid: number, exec: bigint): readonly { readonly pid: number; readonly exec: bigint }[];
  forebears(pid: number, startTime: string): readonly Pick<Process, 'pid' | 'startTime' | 'image'>[];
  /** The command of `postern run` that a cgroup belongs to: by its id, and by its path. */
  commandOf(cgroup: bigint): string | undefined;
  commandOfPath(cgroup: string | undefined): string | undefined;
  /** Finds the program behind a flow, where no copy says it. */
  attribute(flow: Flow, sender: Sender, done: (process: Process | undefined) => void): void;
  /** What these addresses are called has changed; before anything else is judged. */
  onChange(addresses: readonly Address[]): void;
  readonly now: () => number;
}

const keptSchema = z.object({
  resolvers: z.array(z.string()),
  names: z.array(
    z.object({
      name: z.string(),
      address: z.string(),
      from: z.enum(nameSources),
      asker: z.string().optional(),
      server: z.string().optional(),
      ownServer: z.boolean(),
      canonical: z.string().optional(),
      since: z.number(),
      until: z.number(),
    }),
  ),
});

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

const nothing: readonly never[] = [];
const keyOfRun = (pid: number, exec: bigint) => `${pid}@${exec}`;

export class Names {
  readonly #plan: NamesPlan;
  readonly book = new NameBook();
  readonly watch: DnsWatch;
  #resolvers: ReadonlySet<string> = new Set();
  #told = 0;
  #notTaken = 0;
  /** Answers that were taken when `takeKept` was asked last; -1 where anything else is new since. */
  #kept = 0;
  /** Copies of flows whose program is being found, by the flow as it goes out. */
  readonly #waiting = new Map<string, DnsCopy[]>();
  /** Who opened TCP connections to name servers, by the flow as it goes out. */
  readonly #openers = new Lru<string, { readonly asker: string | undefined }>(maxWaitingFlows);
  /** Decisions that wait, each for what was unknown when it came. */
  readonly #unsettled = new Set<{ readonly keys: Set<string>; readonly done: () => void }>();

  constructor(plan: NamesPlan) {
    this.#plan = plan;
    this.watch = new DnsWatch(this.book);
  }

  /** The name servers that this machine is configured to ask. */
  setResolvers(addresses: readonly string[]): void {
    const same = addresses.length === this.#resolvers.size && addresses.every((one) => this.#resolvers.has(one));
    this.#resolvers = new Set(addresses);
    if (!same) this.#kept = -1;
  }

  /** What an earlier gate knew, in the words of `takeKept`; anything else is nothing. */
  recall(text: string | undefined): void {
    const kept = keptSchema.safeParse(parseJson(text));
    if (!kept.success) return;
    // What is answered before the first policy says which they are counts too.
    this.#resolvers = new Set(kept.data.resolvers);
    // The newest stand first, and are to be the newest again.
    for (const {
      address,
      asker = undefined,
      server = undefined,
      canonical = undefined,
      ...facts
    } of kept.data.names.reverse()) {
      const at = parseAddress(address);
      if (at !== undefined) this.book.recall({ ...facts, address: at, asker, server, canonical }, this.#plan.now());
    }
  }

  /** What the next gate shall know; undefined where nothing was learned since it was asked for last. */
  takeKept(): string | undefined {
    const answers = this.watch.counts.answers + this.#told;
    if (answers === this.#kept) return undefined;
    this.#kept = answers;
    // What counts for nobody need not be kept.
    const all = this.book.list({}, this.#plan.now()).filter(({ ownServer, asker }) => !ownServer && asker !== nobody);
    const names = all.map(({ address, ...evidence }) => ({ ...evidence, address: formatAddress(address) }));
    return JSON.stringify({ resolvers: [...this.#resolvers], names });
  }

  /** Directions of TCP that were given up. */
  get lostStreams(): number {
    return Object.values(this.watch.losses.streams).reduce((sum, count) => sum + count, 0);
  }

  /** What is known, by address and name; undefined is any. */
  list({ address, name, limit }: NamesQuery): NameView[] {
    const now = this.#plan.now();
    this.#changed(this.book.expire(now));
    const at = address === undefined ? undefined : parseAddress(address);
    if (address !== undefined && at === undefined) return [];
    return this.book.list({ address: at, name, limit }, now).map(({ asker, address: named, ...evidence }) => ({
      ...evidence,
      address: formatAddress(named),
      asker: asker === undefined ? null : this.#askerView(asker),
      server: evidence.server ?? null,
      canonical: evidence.canonical ?? null,
    }));
  }

  #askerView(asker: string): NameView['asker'] {
    if (asker === nobody) return { pid: null, app: null, uid: null };
    const [pid = '', began = ''] = asker.split('@');
    const process = this.#plan.runOf(Number(pid), began);
    return {
      pid: Number(pid),
      app: (process && pathOfProgram(process)) ?? null,
      uid: process?.uid ?? null,
    };
  }

  copy(copy: DnsCopy): void {
    this.#take(copy, copy.flow.direction === 'out' ? this.#askerOf(copy.run) : undefined);
  }

  #take({ flow, segment, payload, cookie, guest }: DnsCopy, asker: string | undefined): void {
    const at = this.#plan.now();
    const { protocol, local } = flow;
    if ((protocol !== 'udp' && protocol !== 'tcp') || local === undefined) return;
    const socket = cookie?.toString();
    const packet = { flow: { protocol, socket, local, remote: flow.remote }, payload, segment, at };
    if (flow.direction === 'in') {
      this.#changed(this.watch.handleAnswer(packet));
      return;
    }
    this.watch.handleQuery({
      ...packet,
      asker,
      configured: !guest && this.#resolvers.has(formatAddress(flow.remote.address)),
    });
  }

  /**
   * As `copy`, where the copy does not say whose it is: what a program asks and is answered waits until the program is
   * found, and what waits too long or is too much is nobody's.
   */
  copyUnowned(copy: DnsCopy, sender: Sender): void {
    const key = flowKey({ ...copy.flow, direction: 'out' });
    const kept = { ...copy, payload: Buffer.from(copy.payload) };
    const waiting = this.#waiting.get(key);
    const { segment } = copy;
    // Who opened a connection is found while its opening waits; of what is said on it later, the socket may be closed by then.
    const owner = segment === undefined || segment.begins ? undefined : this.#openers.get(key);
    if (waiting !== undefined) {
      if (waiting.length < maxWaitingCopies) waiting.push(kept);
    } else if (owner !== undefined) this.#take(copy, owner.asker);
    else if (copy.flow.direction === 'in') this.#take(copy, nobody);
    else if (this.#waiting.size >= maxWaitingFlows) this.#take(copy, nobody);
    else {
      this.#waiting.set(key, [kept]);
      this.#plan.attribute(copy.flow, sender, (process) => this.#found(key, process));
    }
  }

  #found(key: string, process: Process | undefined): void {
    const copies = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    const asker = isSystemResolver(process) ? undefined : (keyOfProcess(process) ?? nobody);
    if (copies[0]?.segment?.begins === true) this.#openers.set(key, { asker });
    for (const copy of copies) this.#take(copy, asker);
    for (const unsettled of [...this.#unsettled]) {
      unsettled.keys.delete(key);
      if (unsettled.keys.size === 0) unsettled.done();
    }
  }

  /** Calls `done` once it is known whose the questions are that were seen so far, or after a while. */
  settled(done: () => void): void {
    if (this.#waiting.size === 0) {
      done();
      return;
    }
    let open = true;
    const unsettled = {
      keys: new Set(this.#waiting.keys()),
      done: () => {
        if (!open) return;
        open = false;
        clearTimeout(timer);
        this.#unsettled.delete(unsettled);
        done();
      },
    };
    const timer = setTimeout(unsettled.done, settleMs);
    this.#unsettled.add(unsettled);
  }

  /** What the name server of a command is about to answer counts for all that comes of it. */
  teach({ run, name, canonical, addresses }: Extract<ControlMessage, { type: 'lesson' }>): void {
    const at = this.#plan.now();
    const facts = {
      name,
      canonical,
      from: 'dns',
      asker: keyOfRunning(run),
      server: undefined,
      ownServer: false,
    } as const;
    const lessons = addresses.flatMap(({ address, ttl }) => {
      const parsed = parseAddress(address);
      return parsed === undefined ? [] : [{ ...facts, address: parsed, ttl }];
    });
    this.#changed(lessons.flatMap((lesson) => this.book.learn(lesson, at)));
  }

  /** What systemd-resolved answered. It does not say to whom, so that it counts for all. */
  resolved(answer: ResolvedAnswer): void {
    const at = this.#plan.now();
    const { lessons, notTaken } = lessonsOf(answer);
    this.#notTaken += notTaken;
    if (lessons.length === 0) return;
    this.#told += 1;
    this.#changed(lessons.flatMap((lesson) => this.book.learn(lesson, at)));
  }

  /** Answers of systemd-resolved that taught names. */
  get told(): number {
    return this.#told;
  }

  /** Names and records in them that could not be read, or were too many. */
  get notTaken(): number {
    return this.#notTaken;
  }

  /** Undefined for one that asks for everybody. */
  #askerOf(run: DnsCopy['run']): string | undefined {
    if (run === undefined) return nobody;
    return isSystemResolver(this.#plan.processOf(run.pid)) ? undefined : keyOfRun(run.pid, run.exec);
  }

  #changed(changes: readonly NameChange[]): void {
    if (changes.length > 0) this.#plan.onChange(changes.map(({ address }) => address));
  }

  /**
   * The names of the address that count for whoever called, the newest first: those that it asked for itself, or its parent's program before it
   * was forked, and those of which nobody knows who asked. What a name server of its own choice says counts for nobody.
   */
  namesOf(address: Address, caller: Caller | undefined, process?: Process): readonly DestinationName[] {
    const names = new Map<string, DestinationName>();
    for (const { name, from, ownServer, since } of this.#evidence(address, caller, process)) {
      if (ownServer) continue;
      if (names.size === maxNames) break;
      names.set(`${from} ${name}`, { name, from, since });
    }
    return [...names.values()];
  }

  #evidence(address: Address, caller: Caller | undefined, process?: Process) {
    // Of most addresses nobody has asked: then nobody is to be found who might have.
    if (!this.book.has(address)) return nothing;
    const askers = caller !== undefined ? this.#askersOf(caller) : this.#askersBehind(process);
    const run =
      caller === undefined ? this.#plan.commandOfPath(process?.cgroup) : this.#plan.commandOf(ownerOf(caller).cgroup);
    const all = run === undefined ? askers : [...askers, keyOfRunning(run)];
    return this.book.namesOf(address, all, this.#plan.now());
  }

  /** The runs whose questions are the caller's own. */
  #askersOf(caller: Caller): readonly string[] {
    const { pid, process } = ownerOf(caller);
    if (process === undefined) return [];
    const own = keyOfRun(pid, process.exec);
    if (!process.forked) return [own];
    const forebears = this.#plan.forebearsOf(pid, process.exec).map((run) => keyOfRun(run.pid, run.exec));
    // The parent is known also when its child was met after its fork.
    return [own, keyOfRun(process.parentPid, process.parentExec), ...forebears];
  }

  /** The same without eBPF. */
  #askersBehind(process: Process | undefined): readonly string[] {
    const own = keyOfProcess(process);
    if (own === undefined || process?.pid === undefined || process.startTime === undefined) return [];
    const forebears = this.#plan.forebears(process.pid, process.startTime);
    return [own, ...forebears.flatMap((forebear) => keyOfProcess(forebear) ?? [])];
  }

  /** Milliseconds for which these names count for the caller together; 0 where the address has others now. */
  lifetimeMs(address: Address, caller: Caller, names: readonly DestinationName[]): number {
    const now = this.#plan.now();
    const present = this.namesOf(address, caller);
    if (present.length !== names.length) return 0;
    if (!names.every((wanted) => present.some((other) => sameName(other, wanted)))) return 0;
    return this.#evidence(address, caller).reduce((least, { until }) => Math.min(least, until - now), Infinity);
  }
}

/** Whose evidence is that of a command and all that comes of it. */
const keyOfRunning = (run: string) => `command:${run}`;

function isSystemResolver(process: Process | undefined): boolean {
  return typeof process?.unit === 'string' && systemResolvers.has(process.unit);
}

/** Without eBPF: the process and the file that it runs, so that another program in the same process is another asker. */
function keyOfProcess(process: Process | undefined): string | undefined {
  if (process?.pid === undefined || process.startTime === undefined) return undefined;
  const { device, inode, generation, ctime } = process.image?.identity ?? {};
  return `${process.pid}@${process.startTime}@${device}:${inode}:${generation}:${ctime}`;
}
