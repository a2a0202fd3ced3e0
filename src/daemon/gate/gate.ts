// The gate: carries packets from the kernel to the engine and the engine's effects back. It decides nothing itself.
import { namesOfGoing } from '#attribution/names/said.ts';
import type { Engine } from '#engine/engine.ts';
import type { Attribution, Caller, CopiedPacket, Decider, Effect, EngineEvent, QueuedPacket } from '#engine/types.ts';
import { callerIds } from '#kernel/bpf/flows/callers.ts';
import type { FlowCache } from '#kernel/bpf/flows/flowcache.ts';
import { PlaceFiles } from '#kernel/places/placefiles.ts';
import type { KernelPort } from '#kernel/port.ts';
import { type Attempt, sameName } from '#model/attempt.ts';
import type { Totals } from '#model/connection.ts';
import type { Decision } from '#model/decision.ts';
import { type Flow, flowKey, packetSocket } from '#model/flow.ts';
import type { ControlMessage, GateMessage, Settings } from '#model/messages.ts';
import { enforces } from '#model/mode.ts';
import { type Address, formatAddress } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import type { Counters, GateStatus, KernelPath } from '#model/status.ts';
// Not from policy/index.ts, which brings the YAML parser with it.
import { kernelRuleMatches } from '#policy/kernelmatch.ts';
import { parseName } from '#policy/match/name.ts';
import { UnheldCalls } from './calls/unheld.ts';
import { type CompiledPolicy, compile } from './compile.ts';
import type { Counts } from './counts.ts';
import type { Names } from './names.ts';
import type { Reports } from './reports.ts';
import type { Confined } from './runs/confined.ts';
import { Teacher } from './teacher.ts';

/** Rules tried one after the other for each packet that finds no room, so that a flood costs little. */
const maxTriedInLoad = 1000;

/** What is known of who sends, before anybody looks. */
export type Sender = Pick<Extract<Effect, { type: 'attribute' }>, 'uid' | 'gid' | 'caller' | 'confined'>;

export interface Attributor {
  attribute(flow: Flow, sender: Sender, done: (found: Attribution) => void): void;
  readonly processes: number;
  /** Facts that the policy asks for and that take time: a packet is held until they are known. */
  need(facts: { readonly sha256: boolean; readonly package: boolean }): void;
  /** The programs that hold these sockets, by inode. */
  holders(
    sockets: readonly { readonly inode: number; readonly uid: number }[],
  ): Promise<ReadonlyMap<number, readonly Process[]>>;
  close(): void;
}

type HoldersFound = Extract<GateMessage, { type: 'holders' }>['holders'];

/** Counters that the programs in the kernel keep. */
export type ProgramCounter =
  | 'eventsLost'
  | 'processesLost'
  | 'flowsAllowed'
  | 'flowsRefused'
  | 'flowsAsked'
  | 'replies'
  | 'voided'
  | 'untaught'
  | 'socketsLost'
  | 'ambiguous'
  | 'unknownCallers'
  | 'elsewhere'
  | 'dnsQuestions'
  | 'dnsAnswers'
  | 'dnsRefused'
  | 'dnsLost'
  | 'resolvedAnswers'
  | 'resolvedLost'
  | 'namesLost'
  | 'packetsUnknown'
  | 'forged'
  | 'unhashed'
  | 'unixUntold';

export interface GateParts {
  readonly kernel: KernelPort;
  readonly queueKind: () => GateStatus['queue'];
  /** Has the kernel's own counts read. */
  readonly refresh: () => Promise<void>;
  readonly kernelPath: KernelPath;
  /** Whether systemd-resolved is heard. */
  readonly resolved: () => GateStatus['resolved'];
  /** What the programs in the kernel count themselves. */
  readonly programCounts: () => Pick<Counters, ProgramCounter>;
  readonly attributor: Attributor;
  /** This process was found to listen where the flow comes in, and no program of the kernel knew it. */
  readonly listens?: (flow: Flow, process: Process & { readonly pid: number }) => void;
  /** Who runs, as they would make packet sockets; nobody where the kernel does not ask about these. */
  readonly makers?: () => readonly Caller[];
  /** The kernel's cache of decisions, where eBPF is. */
  readonly cache?: FlowCache | undefined;
  /** What far ends are called, where that is seen. */
  readonly names?: Names | undefined;
  /** Has everything told that the kernel has said until now. */
  readonly settle?: () => void;
  /** The commands of `postern run`. */
  readonly confined?: Confined | undefined;
  /** A sentence where the kernel does not ask for this neighbour. */
  readonly findNeighbour?: ((address: string, interfaceIndex: number) => string | undefined) | undefined;
  readonly engine: Engine;
  readonly counts: Counts;
  readonly reports: Reports;
  readonly send: (message: GateMessage) => boolean;
  readonly now: () => number;
  /** The policy stands: what `postern is ready` says of it. */
  readonly onApplied: (status: GateStatus) => void;
}

export class Gate {
  readonly #parts: GateParts;
  readonly #started: number;
  #policy: CompiledPolicy | undefined;
  #settings: Settings | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #applying: Promise<void> = Promise.resolve();
  /** By which call a process was found, for what the kernel is taught. */
  readonly #callers = new WeakMap<Process, Caller>();
  readonly #unheld: UnheldCalls;
  #decider: Decider | undefined;
  readonly #places = new PlaceFiles();
  /** Addresses whose names changed, until the flows to them are looked at. */
  readonly #renamed = new Set<string>();
  #renaming: NodeJS.Immediate | undefined;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#started = parts.now();
    this.#unheld = new UnheldCalls(parts.cache);
  }

  packet(packet: QueuedPacket): void {
    this.#handle({ type: 'packet', packet });
  }

  /** A call that could not wait: its question is asked for the next one. */
  ask(call: Omit<QueuedPacket, 'id'>): void {
    this.packet(this.#unheld.enter(call));
  }

  copy(packet: CopiedPacket): void {
    this.#handle({ type: 'copy', packet });
  }

  ended(key: string, totals: Totals): void {
    this.#handle({ type: 'ended', key, totals });
  }

  #handle(event: EngineEvent): void {
    for (const effect of this.#parts.engine.handle(event, this.#parts.now())) this.#carryOut(effect);
    this.#setTimer();
  }

  #carryOut(effect: Effect): void {
    const { kernel, counts, reports, send } = this.#parts;
    switch (effect.type) {
      case 'verdict':
        this.#judge(effect);
        return;
      case 'attribute':
        this.attribute(effect.flow, effect, (attribution) =>
          this.#handle({ type: 'attributed', ticket: effect.ticket, attribution }),
        );
        return;
      case 'prompt-opened':
        counts.add('prompts');
        send({ type: 'prompt-opened', prompt: effect.prompt });
        return;
      case 'prompt-changed':
        send({ type: 'prompt-changed', prompt: effect.prompt });
        return;
      case 'prompt-closed':
        send({ ...effect, time: this.#parts.now() });
        return;
      case 'connection':
        reports.connection(effect.connection);
        return;
      case 'hit':
        reports.hit(effect.rule, this.#parts.now());
        return;
      case 'count':
        counts.reason(effect.reason);
        return;
      case 'revoke':
        kernel.revoke(effect.flow, effect.action);
        return;
    }
  }

  #judge({ packets, verdict, flow, passing, listen, began }: Extract<Effect, { type: 'verdict' }>): void {
    const revision = this.#policy?.policy.revision ?? 0;
    const queued = this.#unheld.judged(packets, verdict, revision);
    if (queued.length > 0) this.#parts.kernel.verdict(queued, verdict, flow, { passing, listen, began });
  }

  attribute(flow: Flow, sender: Sender, done: (found: Attribution) => void): void {
    this.#parts.attributor.attribute(flow, sender, (found) => {
      const { process, caller } = found;
      if (process !== undefined && caller !== undefined) this.#callers.set(process, caller);
      else if (process?.pid !== undefined && flow.direction === 'in') {
        this.#parts.listens?.(flow, { ...process, pid: process.pid });
      }
      const { names } = this.#parts;
      if (names === undefined) {
        done(found);
        return;
      }
      const finish = () => done({ ...found, names: names.namesOf(flow.remote.address, caller, process) });
      if (this.#policy?.asksForNames === true) names.settled(finish);
      else finish();
    });
  }

  /** These addresses are called otherwise now: what is asked, and what goes on, may be decided otherwise. */
  renamed(addresses: readonly Address[]): void {
    const { cache, names } = this.#parts;
    for (const address of addresses) cache?.forgetNamed(address);
    // People are shown what the far end is called, whatever the rules ask for.
    if (names === undefined || (this.#policy?.asksForNames !== true && !this.#parts.engine.asks)) return;
    for (const address of addresses) this.#renamed.add(formatAddress(address));
    this.#renaming ??= setImmediate(() => this.#decideRenamed(names));
  }

  #decideRenamed(book: Names): void {
    this.#renaming = undefined;
    const addresses = new Set(this.#renamed);
    this.#renamed.clear();
    const { engine } = this.#parts;
    const isRenamed = (address: Address) => addresses.has(formatAddress(address));
    const flows = (this.#policy?.asksForNames === true ? engine.flowsTo(isRenamed) : engine.askedTo(isRenamed)).flatMap(
      ({ key, attempt }) => {
        const caller = attempt.process && this.#callers.get(attempt.process);
        const now = book.namesOf(attempt.flow.remote.address, caller, attempt.process);
        // What a flow was called when it was judged, it is called to its end.
        const names = namesOfGoing(now, attempt.names);
        return names.every((one) => attempt.names.some((other) => sameName(one, other))) ? [] : [{ key, names }];
      },
    );
    if (flows.length > 0) this.#handle({ type: 'named', flows });
  }

  /** As the engine would decide now; undefined while there is no policy. With the names by which the flow was judged before. */
  decide(attempt: Attempt): Decision | undefined {
    // It is decided by what it will say.
    if (this.#parts.engine.isProvisional(flowKey(attempt.flow))) return undefined;
    const before = this.#parts.engine.namesOf(flowKey(attempt.flow));
    return this.#decider?.decide({ ...attempt, names: namesOfGoing(attempt.names, before) }, this.#parts.now());
  }

  /** Teaches the kernel what the rules say of these, should they make packet sockets. */
  foretell(callers: readonly Caller[]): void {
    if (this.#decider !== undefined && enforces(this.#settings?.mode ?? 'off')) this.#foretell(this.#decider, callers);
  }

  #foretell(decider: Decider, callers: readonly Caller[]): void {
    for (const caller of callers) {
      this.attribute(packetSocket, { ...callerIds(caller), caller }, ({ process }) => {
        decider.decide({ process, flow: packetSocket, names: [] }, this.#parts.now());
      });
    }
  }

  #setTimer(): void {
    const deadline = this.#parts.engine.nextDeadline() ?? Number.POSITIVE_INFINITY;
    if (deadline === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY;
        this.#handle({ type: 'tick' });
      },
      Math.max(0, deadline - this.#parts.now()),
    );
  }

  /** First message to a control plane that connects. */
  hello(): void {
    this.#parts.send({ type: 'hello', status: this.status(), prompts: [...this.#parts.engine.prompts()] });
    this.#parts.reports.flush();
  }

  message(message: ControlMessage): void {
    const { engine, send } = this.#parts;
    switch (message.type) {
      case 'policy':
        // One after another: two at once would leave the kernel with the rules of the slower one.
        this.#applying = this.#applying
          .then(() => this.#apply(message))
          .catch((error) => {
            send({ type: 'refused', request: message.request, error: `the policy failed: ${error}` });
          });
        return;
      case 'answer': {
        const { request, prompt, answer } = message;
        const name = message.name === undefined ? undefined : parseName(message.name);
        if (!engine.hasPrompt(prompt, this.#parts.now())) {
          const error = `there is no open question ${prompt}; it was answered, its time was up, or a rule decided it`;
          send({ type: 'refused', request, error });
        } else if (name !== undefined && !(name.ok && engine.asksAbout(prompt, name.value))) {
          send({ type: 'refused', request, error: `question ${prompt} holds nothing that is called ${message.name}` });
        } else {
          this.#handle({ type: 'answer', prompt, answer, name: name?.ok ? name.value : undefined });
          send({ type: 'applied', request });
        }
        return;
      }
      case 'names':
        send({ type: 'names', request: message.request, names: this.#parts.names?.list(message) ?? [] });
        return;
      case 'holders':
        void this.#parts.attributor.holders(message.sockets).then((found) => {
          const holders = [...found].map(([inode, processes]) => ({ inode, processes: [...processes] }));
          send({ type: 'holders', request: message.request, holders: holders as HoldersFound });
        });
        return;
      case 'join':
      case 'leave': {
        const { request, type, run, pid } = message;
        const done = type === 'join' ? this.#parts.confined?.join(run, pid) : this.#parts.confined?.leave(pid);
        if (done?.ok === true) send({ type: 'applied', request });
        else send({ type: 'refused', request, error: done?.error ?? 'no command can be confined here' });
        return;
      }
      case 'members': {
        const { request, run } = message;
        // Whoever asks wants to know all that they did.
        this.#parts.settle?.();
        const { confined } = this.#parts;
        const servicesUnseen = confined === undefined ? 'no command can be confined here' : confined.servicesUnseen;
        send({ type: 'members', request, members: confined?.members(run) ?? 0, servicesUnseen });
        return;
      }
      case 'lesson':
        this.#parts.names?.teach(message);
        send({ type: 'applied', request: message.request });
        return;
      case 'find-neighbour': {
        const { request, address, interface: index } = message;
        const error = this.#parts.findNeighbour?.(address, index);
        send(error === undefined ? { type: 'applied', request } : { type: 'refused', request, error });
        return;
      }
      case 'status':
        void this.#parts
          .refresh()
          .then(() => send({ type: 'status', request: message.request, status: this.status() }));
        return;
    }
  }

  async #apply(message: Extract<ControlMessage, { type: 'policy' }>): Promise<void> {
    const { kernel, engine, send, attributor, reports } = this.#parts;
    const compiled = compile(message, this.#places.load(message.places));
    if (this.#places.problem !== undefined) {
      send({ type: 'notice', level: 'warning', text: this.#places.problem, time: this.#parts.now() });
    }
    if (!compiled.ok) {
      send({ type: 'refused', request: message.request, error: compiled.error });
      return;
    }
    attributor.need(compiled.value.needs);
    this.#parts.names?.setResolvers(message.resolvers);
    const { kernelRules } = compiled.value;
    const confines = message.runs.length > 0;
    const begun = this.#parts.confined?.begin(message.runs);
    if (begun !== undefined && !begun.ok) {
      send({ type: 'refused', request: message.request, error: begun.error });
      return;
    }
    const { mode, forward } = message.settings;
    // Who is confined never passes unjudged.
    const failMode = confines && message.settings.failMode === 'open' ? 'known' : message.settings.failMode;
    const generation = (this.#parts.cache?.generation ?? 0) + 1;
    const decider = this.#deciderOf(compiled.value, message.settings, generation);
    // The first policy is there before the packets that an earlier gate held come again: they would find no room.
    if (this.#policy === undefined) this.#handle({ type: 'policy', policy: decider, settings: message.settings });
    const applied = await kernel.applyRules({
      mode,
      failMode,
      forward,
      kernelRules: compiled.value.kernelLines,
      listens: compiled.value.asksForNames,
      confined: this.#parts.confined?.cgroupsOf(message.runs) ?? [],
      copied: {
        revision: message.revision,
        rules: kernelRules.map(({ name, action }) => ({ rule: name, action })),
      },
    });
    if (!applied.ok) {
      if (this.#policy !== undefined) attributor.need(this.#policy.needs);
      send({ type: 'refused', request: message.request, error: applied.error });
      return;
    }
    if (enforces(mode)) this.#foretell(decider, this.#parts.makers?.() ?? []);
    this.#policy = compiled.value;
    this.#settings = message.settings;
    this.#decider = decider;
    this.#handle({ type: 'policy', policy: decider, settings: message.settings });
    this.#parts.cache?.swap(generation);
    kernel.followed();
    this.#parts.confined?.end(message.runs);
    kernel.revokeUnless((key) => engine.isAllowed(key));
    // Hits of rules that are gone now are told before that is.
    reports.flush();
    send({ type: 'applied', request: message.request });
    this.#parts.onApplied(this.status());
  }

  /** The policy as the engine asks it: what is decided of a known caller is taught to the kernel. */
  #deciderOf(compiled: CompiledPolicy, { mode, failMode }: Settings, generation: number): Decider {
    const { policy, kernelRules } = compiled;
    const { cache } = this.#parts;
    const teaches = enforces(mode);
    const callerOf = (process: Process) => this.#callers.get(process);
    const namesLast = ({ flow, names }: Attempt, caller: Caller) =>
      this.#parts.names?.lifetimeMs(flow.remote.address, caller, names) ?? 0;
    if (teaches) cache?.makeRoom();
    const plain =
      teaches && cache !== undefined ? new Teacher({ policy, cache, generation, callerOf, namesLast }) : policy;
    const decidesHere = failMode === 'closed' || (cache === undefined && teaches);
    // Rules that the kernel could hold and, in fail mode `closed` or for questions to name servers, does not: under load they must decide here.
    const first = kernelRules.slice(0, maxTriedInLoad);
    return {
      revision: policy.revision,
      decide: (attempt, now) => plain.decide(attempt, now),
      ...(compiled.asksForNames && { listens: policy.listens }),
      ...(decidesHere && {
        whoever: (attempt: Attempt) => {
          const found = first.find((rule) => kernelRuleMatches(rule, attempt));
          return found && { rule: found.name, action: found.action };
        },
      }),
    };
  }

  status(): GateStatus {
    const { kernel, engine, counts, attributor, queueKind, kernelPath, programCounts, resolved } = this.#parts;
    return {
      pid: process.pid,
      started: this.#started,
      mode: this.#settings?.mode ?? 'off',
      failMode: this.#settings?.failMode ?? 'known',
      revision: this.#policy?.policy.revision ?? 0,
      rules: this.#policy?.rules ?? 0,
      kernelRules: this.#policy?.kernelRules.length ?? 0,
      queue: queueKind(),
      kernelPath,
      resolved: resolved(),
      held: engine.held,
      prompts: engine.prompts().length,
      processes: attributor.processes,
      counters: { ...counts.snapshot(), ...kernel.counters(), ...programCounts() },
    };
  }

  /** Judges what is held, tells it, and takes our rules out of the kernel. */
  async stop(): Promise<void> {
    await this.#applying;
    clearTimeout(this.#timer);
    this.#handle({ type: 'stop' });
    clearTimeout(this.#timer);
    this.#parts.reports.flush();
    await this.#parts.kernel.close();
    this.#parts.attributor.close();
  }
}
