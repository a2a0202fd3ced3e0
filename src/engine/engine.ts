// The engine: a pure state machine from events to effects. It holds packets, asks, remembers, and keeps every deadline.
//
// * A flow is first attributed, then decided. `ask` makes it wait for a question's answer, in every mode that enforces;
//   without an answer in time it is rejected, also in mode `allow`, because a rule asked explicitly.
// * What finds no room (quotas.ts) is rejected at once, before attribution too: without its program nothing says that
//   no rule refuses it, unless a rule decides whoever sends it. Only a packet too many of a flow that goes on waiting is dropped, since a refusal would end the flow.
// * Before the first policy packets are held as if their program were still being found.
import { contradicts, namesOfGoing, namesSaid } from '#attribution/names/said.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Reason, Totals } from '#model/connection.ts';
import type { Settings } from '#model/messages.ts';
import { enforces } from '#model/mode.ts';
import type { Address } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import type { Prompt } from '#model/prompt.ts';
import type { NamePattern } from '#policy/match/name.ts';
import type { QuicCrypto } from '#wire/quic/crypto.ts';
import { Desk, unanswered } from './desk.ts';
import { Hearing, type Waiting } from './hearing.ts';
import { attemptOf, endsOf, type HeldFlow, sameProgram, sameSender, senderOf } from './held.ts';
import { beginFlow, Holding, slotIn } from './holding.ts';
import { hits, Ledger } from './ledger.ts';
import { attributionMs, defaultQueueLength, silenceMs, wordsMs } from './limits.ts';
import { type Terms, termsOf, termsOfKernel } from './memory.ts';
import { flowsCalled, promptOf, Questions } from './questions.ts';
import { Quotas } from './quotas.ts';
import type { Attribution, CopiedPacket, Decider, Effect, EngineEvent, QueuedPacket, Turn } from './types.ts';

export interface EngineOptions {
  /** The time the gate started in base 36: begins the ids of questions and connections. */
  readonly start: string;
  /** A text that two processes of the same app share; see attribution/app.ts. */
  readonly appKey: (process: Process | undefined) => string;
  /** For what programs that speak QUIC say first. */
  readonly ciphers: QuicCrypto;
  /** How many packets the kernel's queue takes; at most half of them are ever held. */
  readonly queueLength?: number | undefined;
}

type AnyPacket = Omit<QueuedPacket, 'id'>;

/** The rest of what the flow says first did not come in time. */
const late = { kind: 'unseen', reason: 'too-late' } as const;
const notFound: Attribution = { process: undefined, evidence: [] };

export class Engine {
  readonly #quotas: Quotas;
  readonly #questions: Questions;
  readonly #ledger: Ledger;
  readonly #holding: Holding;
  readonly #hearing: Hearing;
  readonly #desk: Desk;
  /** Flows and copies while their program is being found, by ticket: the oldest first. */
  readonly #attributing = new Map<number, HeldFlow>();
  /** The copies among them, by slot. */
  readonly #copies = new Map<string, HeldFlow>();
  #policy: Decider | undefined;
  #settings: Settings | undefined;
  #stopped = false;
  #now = 0;
  #tickets = 0;

  constructor({ start, appKey, ciphers, queueLength = defaultQueueLength }: EngineOptions) {
    const quotas = new Quotas(queueLength);
    const holding = new Holding(quotas);
    const ledger = new Ledger(start);
    const questions = new Questions(start);
    const hearing = new Hearing(ciphers);
    this.#desk = new Desk({ appKey, quotas, holding, hearing, ledger, questions });
    this.#quotas = quotas;
    this.#holding = holding;
    this.#hearing = hearing;
    this.#ledger = ledger;
    this.#questions = questions;
  }

  /** Packets held now. */
  get held(): number {
    return this.#holding.size;
  }

  /** Whether any question is open. */
  get asks(): boolean {
    return this.#questions.size > 0;
  }

  /** The open questions, the oldest first. */
  prompts(): readonly Prompt[] {
    return [...this.#questions.all()].map(promptOf);
  }

  /** Whether an answer at this time, in milliseconds since 1970, would find the question. */
  hasPrompt(id: string, now: number): boolean {
    const question = this.#questions.get(id);
    return question !== undefined && question.deadline > Math.max(now, this.#now);
  }

  /** Whether an answer for this name would find a flow in the question. */
  asksAbout(id: string, name: NamePattern): boolean {
    const question = this.#questions.get(id);
    return question !== undefined && flowsCalled(question, name).length > 0;
  }

  /** Whether the flow with this key was allowed and, as far as is known, still is. */
  isAllowed(key: string): boolean {
    return this.#ledger.isAllowed(key);
  }

  /** Whether this connection was let begin for what it will say, and has not said it. */
  isProvisional(key: string): boolean {
    return this.#hearing.isProvisional(key);
  }

  /** Flows to such addresses that are asked about, with what is known of each. */
  askedTo(isThere: (address: Address) => boolean): readonly { readonly key: string; readonly attempt: Attempt }[] {
    return this.#desk.flowsTo(isThere);
  }

  /** Flows to such addresses that are asked about or go on, with what is known of each. */
  flowsTo(isThere: (address: Address) => boolean): readonly { readonly key: string; readonly attempt: Attempt }[] {
    return [...this.#desk.flowsTo(isThere), ...this.#ledger.flowsTo(isThere)];
  }

  /** The names by which the flow with this key was decided last, if that is still known. */
  namesOf(key: string): Attempt['names'] {
    return this.#ledger.known(key)?.attempt.names ?? [];
  }

  /** When `tick` is due at the latest, in milliseconds since 1970; not in the future: at once; undefined: nothing waits. */
  nextDeadline(): number | undefined {
    if (this.#ledger.unfinished) return this.#now;
    let next = Math.min(this.#desk.next(), this.#ledger.nextReport(), this.#hearing.next());
    for (const flow of this.#attributing.values()) {
      next = Math.min(next, flow.since + attributionMs);
      break;
    }
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /**
   * `now` in milliseconds since 1970; a time before the last call's counts as the last call's. Throws when the id of a
   * queued packet is that of one still held.
   */
  handle(event: EngineEvent, now: number): Effect[] {
    if (now > this.#now) this.#now = now;
    const turn: Turn = { now: this.#now, out: [] };
    // What was found late is still better than nothing.
    if (event.type === 'attributed') this.#attributed(turn, event.ticket, event.attribution);
    this.#expire(turn);
    switch (event.type) {
      case 'packet':
        this.#packet(turn, event.packet);
        break;
      case 'copy':
        this.#copy(turn, event.packet, event.packet.decided);
        break;
      case 'answer':
        this.#desk.answer(turn, event.prompt, event.answer.action, event.name);
        break;
      case 'ended':
        this.#ended(turn, event.key, event.totals);
        break;
      case 'named':
        this.#named(turn, event.flows);
        break;
      case 'policy':
        this.#swap(turn, event.policy, event.settings);
        break;
      case 'stop':
        this.#stop(turn);
        break;
      case 'attributed':
      case 'tick':
        break;
    }
    if (this.#policy !== undefined) this.#ledger.decideAnew(turn, this.#policy);
    return turn.out;
  }

  #enforces(): boolean {
    return this.#settings === undefined || enforces(this.#settings.mode);
  }

  #packet(turn: Turn, packet: QueuedPacket): void {
    const { id, mark, flow } = packet;
    if (this.#holding.has(id)) throw new Error(`the kernel queued packet ${id} twice`);
    if (this.#stopped) {
      this.#refuse(turn, packet, 'shutdown');
      return;
    }
    if (!this.#enforces()) {
      turn.out.push({ type: 'verdict', verdict: 'accept', flow, packets: [{ id, mark }] });
      this.#copy(turn, packet, null);
      return;
    }
    const slot = slotIn(this.#holding.flows, packet);
    const held = this.#holding.flows.get(slot);
    if (held !== undefined) {
      if (this.#holding.join(turn, held, packet)) {
        this.#desk.joined(turn, held);
        this.#hear(turn, held, packet);
      }
      return;
    }
    this.#forgetEnded(packet);
    const kind = { copy: undefined, packets: [{ id, mark }] };
    const listens = this.#policy?.listens !== undefined;
    const heard = listens ? this.#hearing.hear(packet) : undefined;
    const begun = beginFlow(packet, slot, ++this.#tickets, turn.now, kind, heard, listens);
    const excess = this.#quotas.excessFlow(begun);
    if (excess !== undefined) {
      if (begun.begun) this.#holding.lose(turn, packet, excess);
      else if (!this.#decideWhoever(turn, begun)) this.#refuse(turn, packet, excess);
      return;
    }
    this.#holding.keep(begun);
    this.#attribute(turn, begun);
  }

  /** What a flow that waits says with another packet may decide it. */
  #hear(turn: Turn, flow: HeldFlow, { words }: QueuedPacket): void {
    if (flow.listener === undefined || words === undefined || flow.said?.kind !== 'more') return;
    flow.said = flow.listener.handle(words);
    if (flow.said.kind === 'more') return;
    const waiting = this.#hearing.release(flow);
    if (waiting !== undefined) this.#heard(turn, waiting);
    else if (flow.asked !== undefined && this.#policy !== undefined) {
      this.#desk.named(turn, flow.slot, namesSaid(flow.asked.terms.attempt.names, flow.said), this.#policy);
    }
  }

  /** All is known that will be: a flow that was held for what it says is decided. */
  #heard(turn: Turn, { flow, found }: Waiting): void {
    this.#quotas.leave(flow);
    if (this.#policy !== undefined) this.#decide(turn, flow, found, this.#policy);
  }

  /** A full quota changes nothing that an explicit rule says: false where it takes the program to know. */
  #decideWhoever(turn: Turn, flow: HeldFlow): boolean {
    const policy = this.#policy;
    // What is forwarded for a program of this machine is judged as that program's, too.
    if (flow.flow.direction === 'forward' && flow.caller !== undefined) return false;
    const decision = policy?.whoever?.(attemptOf(flow, undefined));
    if (policy === undefined || decision === undefined) return false;
    const terms = { ...this.#unseen(flow, 'rule'), rule: decision.rule };
    turn.out.push({ type: 'count', reason: 'unattributed' });
    hits(turn, { rule: decision.rule, logged: [] }, this.#ledger.known(flow.key));
    this.#desk.judge(turn, flow, terms, decision.action, 'rule');
    return true;
  }

  /** What opens a connection on ports that had one is a new one; only a dropped one is opened again and again. */
  #forgetEnded({ opens, key }: AnyPacket): void {
    if (opens === true && this.#ledger.known(key)?.action !== 'drop') this.#ledger.forget(key);
  }

  /** The unanswered default for a packet that finds no room. */
  #refuse({ out, now }: Turn, packet: QueuedPacket, reason: Reason): void {
    const { id, mark, flow, key } = packet;
    out.push({ type: 'verdict', verdict: unanswered, flow, packets: [{ id, mark }] });
    const outcome = { ...this.#unseen(packet, reason), action: unanswered, enforced: true } as const;
    this.#ledger.write({ out, now }, { key, since: now, last: now, seen: 1 }, outcome, 0);
    out.push({ type: 'count', reason });
  }

  /** What is recorded of a flow that the policy has not seen. */
  #unseen(packet: Pick<QueuedPacket, 'flow' | 'uid' | 'gid'>, reason: Reason): Terms {
    const revision = this.#policy?.revision ?? 0;
    return {
      attempt: attemptOf(packet, undefined),
      found: false,
      evidence: [],
      rule: null,
      revision,
      logged: [],
      reason,
    };
  }

  #copy(turn: Turn, packet: AnyPacket, decided: CopiedPacket['decided']): void {
    if (this.#stopped || this.#settings?.mode === 'off') return;
    const slot = slotIn(this.#copies, packet);
    const waiting = this.#copies.get(slot);
    if (waiting !== undefined) {
      waiting.seen += 1;
      waiting.last = turn.now;
      return;
    }
    this.#forgetEnded(packet);
    const copy = beginFlow(packet, slot, ++this.#tickets, turn.now, { copy: decided, packets: [] });
    if (this.#quotas.excessFlow(copy) === undefined) {
      this.#copies.set(slot, copy);
      this.#attribute(turn, copy);
    } else if (this.#policy !== undefined) {
      this.#record(turn, copy, notFound, this.#policy);
    }
  }

  #attribute({ out }: Turn, flow: HeldFlow): void {
    this.#quotas.enter(flow);
    this.#attributing.set(flow.ticket, flow);
    const { ticket, uid, gid, caller, confined } = flow;
    out.push({ type: 'attribute', ticket, flow: flow.flow, uid, gid, caller, ...(confined && { confined }) });
  }

  #leaveAttribution(flow: HeldFlow): void {
    this.#attributing.delete(flow.ticket);
    this.#quotas.leave(flow);
    // Another flow may have come in the place of one that ended.
    if (this.#copies.get(flow.slot) === flow) this.#copies.delete(flow.slot);
  }

  #attributed(turn: Turn, ticket: number, attribution: Attribution): void {
    const flow = this.#attributing.get(ticket);
    if (flow === undefined) return;
    if (this.#policy === undefined) {
      flow.attribution ??= attribution;
      return;
    }
    this.#leaveAttribution(flow);
    if (flow.copy === undefined) this.#decide(turn, flow, attribution, this.#policy);
    else this.#record(turn, flow, attribution, this.#policy);
  }

  #decide(turn: Turn, flow: HeldFlow, attribution: Attribution, policy: Decider): void {
    const { evidence, names } = attribution;
    const known = this.#ledger.known(flow.key);
    const opening = flow.begun ? (this.#hearing.openingOf(flow.key) ?? known?.attempt) : undefined;
    const process = flow.begun ? senderOf(attribution.process, opening?.process) : attribution.process;
    const now = attemptOf(flow, process, names);
    // A flow that goes on is called as it was when it was allowed, also when its names are over.
    const before = flow.begun
      ? (known?.attempt ?? opening)
      : this.#ledger.isAllowed(flow.key)
        ? known?.attempt
        : undefined;
    const goesOn = before !== undefined && sameSender(before.process, now.process);
    const called = goesOn ? namesOfGoing(now.names, before.names) : now.names;
    const attempt = { ...now, names: namesSaid(called, flow.said) };
    const found = process !== undefined;
    if (!found) turn.out.push({ type: 'count', reason: 'unattributed' });
    if (flow.said?.kind === 'name') turn.out.push({ type: 'count', reason: 'said' });
    else if (flow.said?.kind === 'unseen') turn.out.push({ type: 'count', reason: 'unheard' });
    const decision = policy.decide(attempt, turn.now);
    const terms = termsOf(decision, { attempt, found, evidence });
    const waits = flow.said?.kind === 'more' && policy.listens?.(attempt, decision, turn.now) === true;
    if (waits && flow.flow.protocol === 'udp') {
      this.#quotas.enter(flow);
      this.#hearing.hold({ flow, found: attribution, until: turn.now + wordsMs });
      return;
    }
    const listen = waits ? 'begin' : undefined;
    if (waits && decision.action !== 'allow') {
      const { action } = decision;
      if (flow.listener !== undefined) this.#hearing.keep(flow.key, flow.listener, attempt);
      this.#hearing.letBegin({ flow, terms, action, until: turn.now + silenceMs });
      this.#holding.release(turn, flow, 'accept', { listen: 'begin', began: flow.began });
      return;
    }
    this.#hearing.decided(flow.key);
    hits(turn, decision, sameSender(known?.attempt.process, attempt.process) ? known : undefined);
    if (decision.action !== 'ask') {
      this.#desk.judge(turn, flow, terms, decision.action, terms.reason, listen);
    } else if (
      known?.reason === 'answer' &&
      known.action !== 'ask' &&
      sameProgram(known.attempt, attempt) &&
      !contradicts(known.attempt.names, flow.said)
    ) {
      // An answer holds for the whole flow, its retransmissions too, not only for the packets that were held.
      this.#desk.judge(turn, flow, terms, known.action, 'answer', listen);
    } else {
      this.#desk.ask(turn, flow, terms, this.#settings?.holdSeconds ?? 0);
    }
  }

  /** Records a copy: what the kernel did with the packet or, in `observe`, what would have been done. */
  #record(turn: Turn, copy: HeldFlow, { process, evidence, names }: Attribution, policy: Decider): void {
    const decided = copy.copy ?? null;
    // A late copy says nothing new of a flow that was queued since.
    if (decided === null && this.#enforces() && this.#ledger.isAllowed(copy.key)) {
      if (copy.end !== undefined) this.#ledger.ended(turn, copy.key, copy.end);
      return;
    }
    const attempt = attemptOf(copy, process, names);
    const found = process !== undefined;
    if (!found) turn.out.push({ type: 'count', reason: 'unattributed' });
    const decision = policy.decide(attempt, turn.now);
    const terms = termsOf(decision, { attempt, found, evidence });
    const outcome =
      decided === null
        ? { ...terms, action: decision.action, enforced: false }
        : { ...terms, ...termsOfKernel(decided, terms), action: decided.action, enforced: true };
    const known = this.#ledger.known(copy.key);
    if (decided?.counted !== true) {
      hits(turn, outcome, sameSender(known?.attempt.process, attempt.process) ? known : undefined);
    }
    this.#ledger.write(turn, copy, outcome, 0);
    turn.out.push({ type: 'count', reason: outcome.reason });
  }

  /** What still waits is recorded with its end later. A copy makes room for the next flow on its ports. */
  #ended(turn: Turn, key: string, totals: Totals): void {
    const end = { time: turn.now, ...totals };
    const waiting = this.#holding.flows.get(key) ?? this.#copies.get(key);
    if (waiting === undefined) {
      this.#ledger.ended(turn, key, end);
      return;
    }
    waiting.end = endsOf(waiting.end, end);
    if (waiting.copy !== undefined) this.#copies.delete(key);
  }

  #named(turn: Turn, flows: Extract<EngineEvent, { type: 'named' }>['flows']): void {
    if (this.#policy === undefined || !this.#enforces()) return;
    for (const { key, names } of flows) {
      this.#desk.named(turn, key, names, this.#policy);
      this.#ledger.named(turn, key, names, this.#policy);
    }
  }

  #expire(turn: Turn): void {
    for (const flow of this.#attributing.values()) {
      if (flow.since + attributionMs > turn.now) break;
      if (this.#policy !== undefined) {
        this.#attributed(turn, flow.ticket, notFound);
        continue;
      }
      this.#leaveAttribution(flow);
      if (flow.copy === undefined) {
        this.#desk.judge(turn, flow, this.#unseen(flow, 'deadline'), unanswered, 'deadline');
      }
    }
    for (const waiting of this.#hearing.overdue(turn.now)) {
      waiting.flow.said = late;
      this.#heard(turn, waiting);
    }
    this.#desk.expire(turn, this.#policy);
    this.#ledger.report(turn, turn.now);
  }

  #swap(turn: Turn, policy: Decider, settings: Settings): void {
    this.#policy = policy;
    this.#settings = settings;
    const enforces = this.#enforces();
    this.#ledger.newPolicy(enforces);
    if (enforces) this.#desk.decideAnew(turn, policy);
    else this.#desk.letPass(turn, policy);
    for (const { flow, found } of enforces ? [] : this.#hearing.overdue()) {
      flow.attribution = found;
      this.#attributing.set(flow.ticket, flow);
    }
    if (!enforces) this.#hearing.clear();
    for (const flow of [...this.#attributing.values()]) {
      if (!enforces) this.#letPass(turn, flow);
      if (flow.attribution !== undefined) this.#attributed(turn, flow.ticket, flow.attribution);
    }
  }

  /** Nothing is enforced any more: its packets pass, and in `observe` it goes on as if it had only been copied. */
  #letPass(turn: Turn, flow: HeldFlow): void {
    this.#leaveAttribution(flow);
    this.#holding.release(turn, flow, 'accept');
    if (this.#settings?.mode === 'off') return;
    flow.copy ??= null;
    if (flow.end === undefined) {
      if (this.#copies.has(flow.slot)) return;
      this.#copies.set(flow.slot, flow);
    }
    this.#quotas.enter(flow);
    this.#attributing.set(flow.ticket, flow);
  }

  #stop(turn: Turn): void {
    this.#stopped = true;
    for (const flow of [...this.#attributing.values()]) {
      this.#leaveAttribution(flow);
      if (flow.copy === undefined) {
        this.#desk.judge(turn, flow, this.#unseen(flow, 'shutdown'), unanswered, 'shutdown');
      } else if (this.#policy !== undefined) {
        this.#record(turn, flow, flow.attribution ?? notFound, this.#policy);
      }
    }
    for (const { flow } of this.#hearing.overdue()) {
      this.#quotas.leave(flow);
      this.#desk.judge(turn, flow, this.#unseen(flow, 'shutdown'), unanswered, 'shutdown');
    }
    this.#desk.closeAll(turn);
    this.#ledger.newPolicy(false);
    this.#ledger.report(turn, Number.POSITIVE_INFINITY);
  }
}
