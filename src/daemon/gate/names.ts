// Which names the far ends of flows have, for whom: what was seen of questions and answers, and what changes by it.
import { z } from 'zod';
import { DnsWatch } from '#attribution/names/dnswatch.ts';
import { NameBook } from '#attribution/names/namebook.ts';
import { lessonsOf } from '#attribution/names/resolvedanswer.ts';
import type { Caller } from '#engine/types.ts';
import type { DnsCopy } from '#kernel/bpf/flows/dnscopy.ts';
import { decodeOwner } from '#kernel/bpf/identity/decode.ts';
import { type DestinationName, nameSources } from '#model/attempt.ts';
import { type Address, formatAddress, parseAddress } from '#model/net/address.ts';
import type { NameChange } from '#model/net/name.ts';
import type { NamesQuery, NameView } from '#model/net/nameview.ts';
import type { Process } from '#model/process.ts';
import type { ResolvedAnswer } from '#wire/varlink/monitor.ts';

/** Names of one flow that are judged by, the newest first: as many as an attempt may have. */
const maxNames = 64;
/** Whose evidence is nobody's: a socket of which no call was seen. */
const nobody = 'nobody';
/** Programs that ask for all others, by the unit that only the system's manager gives. */
const systemResolvers: ReadonlySet<string> = new Set(['systemd-resolved.service', 'nscd.service', 'unscd.service']);

export interface NamesPlan {
  /** Facts of the process with this pid; must not read on what the kernel tells. */
  processOf(pid: number): Process | undefined;
  /** The program of a run, as far as it is remembered. */
  runOf(pid: number, exec: bigint): Process | undefined;
  /** What these addresses are called has changed; before anything else is judged. */
  onChange(addresses: readonly Address[]): void;
  readonly now: () => number;
}

const keptSchema = z.array(
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
);

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

const keyOfRun = (pid: number, exec: bigint) => `${pid}@${exec}`;

export class Names {
  readonly #plan: NamesPlan;
  readonly book = new NameBook();
  readonly watch: DnsWatch;
  #resolvers: ReadonlySet<string> = new Set();
  #told = 0;
  #notTaken = 0;
  /** Answers that were taken when `takeKept` was asked last. */
  #kept = 0;

  constructor(plan: NamesPlan) {
    this.#plan = plan;
    this.watch = new DnsWatch(this.book);
  }

  /** The name servers that this machine is configured to ask. */
  setResolvers(addresses: readonly string[]): void {
    this.#resolvers = new Set(addresses);
  }

  /** What an earlier gate knew, in the words of `takeKept`; anything else is nothing. */
  recall(text: string | undefined): void {
    const kept = keptSchema.safeParse(parseJson(text));
    if (!kept.success) return;
    for (const { address, asker = undefined, server = undefined, canonical = undefined, ...facts } of kept.data) {
      const at = parseAddress(address);
      if (at !== undefined) this.book.recall({ ...facts, address: at, asker, server, canonical }, this.#plan.now());
    }
  }

  /** What the next gate shall know; undefined where nothing was learned since it was asked for last. */
  takeKept(): string | undefined {
    const answers = this.watch.counts.answers + this.#told;
    if (answers === this.#kept) return undefined;
    this.#kept = answers;
    const all = this.book.list({}, this.#plan.now());
    return JSON.stringify(all.map(({ address, ...evidence }) => ({ ...evidence, address: formatAddress(address) })));
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
    const [pid = 0, exec = 0] = asker.split('@');
    const process = this.#plan.runOf(Number(pid), BigInt(exec));
    return {
      pid: Number(pid),
      app: process?.script ?? process?.exe ?? process?.image?.path ?? null,
      uid: process?.uid ?? null,
    };
  }

  copy({ flow, run, segment, payload }: DnsCopy): void {
    const at = this.#plan.now();
    const { protocol, local } = flow;
    if ((protocol !== 'udp' && protocol !== 'tcp') || local === undefined) return;
    const packet = { flow: { protocol, local, remote: flow.remote }, payload, segment, at };
    if (flow.direction === 'in') {
      this.#changed(this.watch.handleAnswer(packet));
      return;
    }
    this.watch.handleQuery({
      ...packet,
      asker: this.#askerOf(run),
      configured: this.#resolvers.has(formatAddress(flow.remote.address)),
    });
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
    const unit = this.#plan.processOf(run.pid)?.unit;
    return typeof unit === 'string' && systemResolvers.has(unit) ? undefined : keyOfRun(run.pid, run.exec);
  }

  #changed(changes: readonly NameChange[]): void {
    if (changes.length > 0) this.#plan.onChange(changes.map(({ address }) => address));
  }

  /**
   * The names of the address that count for whoever called: those that it asked for itself, or its parent's program before it
   * was forked, and those of which nobody knows who asked. What a name server of its own choice says counts for nobody.
   */
  namesOf(address: Address, caller: Caller | undefined): readonly DestinationName[] {
    const names = new Map<string, DestinationName>();
    for (const { name, from, ownServer } of this.#evidence(address, caller)) {
      if (ownServer) continue;
      if (names.size === maxNames) break;
      names.set(`${from} ${name}`, { name, from });
    }
    return [...names.values()];
  }

  #evidence(address: Address, caller: Caller | undefined) {
    return this.book.namesOf(address, caller === undefined ? [] : askersOf(caller), this.#plan.now());
  }

  /** Milliseconds for which these names count for the caller together; 0 where the address has others now. */
  lifetimeMs(address: Address, caller: Caller, names: readonly DestinationName[]): number {
    const now = this.#plan.now();
    const present = this.namesOf(address, caller);
    if (present.length !== names.length) return 0;
    const has = (wanted: DestinationName) =>
      present.some(({ name, from }) => name === wanted.name && from === wanted.from);
    if (!names.every(has)) return 0;
    return this.#evidence(address, caller).reduce((least, { until }) => Math.min(least, until - now), Infinity);
  }
}

/** The runs whose questions are the caller's own. */
function askersOf(caller: Caller): readonly string[] {
  const { pid, process } = decodeOwner(new DataView(caller.buffer, caller.byteOffset, caller.byteLength), 0);
  if (process === undefined) return [];
  const own = keyOfRun(pid, process.exec);
  return process.forked ? [own, keyOfRun(process.parentPid, process.parentExec)] : [own];
}
