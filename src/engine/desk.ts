// The desk: where flows wait for answers, many questions at a time, and where each held flow gets its judgement.
import type { Attempt } from '#model/attempt.ts';
import type { Reason } from '#model/connection.ts';
import type { Address } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import type { PromptOutcome } from '#model/prompt.ts';
import type { NamePattern } from '#policy/match/name.ts';
import type { Hearing } from './hearing.ts';
import { type HeldFlow, ownerOf } from './held.ts';
import type { Holding } from './holding.ts';
import { hits, type Ledger } from './ledger.ts';
import { maxHeldMs } from './limits.ts';
import { type Terms, termsOf } from './memory.ts';
import { flowsCalled, promptOf, type Question, type Questions, questionKey, showFlow } from './questions.ts';
import type { Quotas } from './quotas.ts';
import { Throttle } from './throttle.ts';
import type { Decider, Turn, Verdict } from './types.ts';

export type Judgement = 'allow' | 'reject' | 'drop';

/** What becomes of a flow that nobody answers for, in every mode. */
export const unanswered = 'reject';

const verdicts: Readonly<Record<Judgement, Verdict>> = { allow: 'accept', reject: 'reject', drop: 'drop' };

export interface DeskParts {
  readonly appKey: (process: Process | undefined) => string;
  readonly quotas: Quotas;
  readonly holding: Holding;
  readonly hearing: Hearing;
  readonly ledger: Ledger;
  readonly questions: Questions;
}

export class Desk {
  readonly #parts: DeskParts;
  readonly #reports = new Throttle<Question>();

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** When `expire` is due, in milliseconds since 1970; infinite when nothing is asked. */
  next(): number {
    return Math.min(this.#parts.questions.firstDeadline(), this.#reports.next());
  }

  /** The verdict for a flow that waits no more, and its record. */
  judge(turn: Turn, flow: HeldFlow, terms: Terms, action: Judgement, reason: Reason, listen?: 'begin'): void {
    this.#release(turn, flow, terms.attempt, action, listen);
    this.#parts.ledger.write(turn, flow, { ...terms, action, reason, enforced: true }, turn.now - flow.since);
    turn.out.push({ type: 'count', reason });
  }

  #release(turn: Turn, flow: HeldFlow, attempt: Attempt, action: Judgement, listen: 'begin' | undefined): void {
    const { holding, hearing } = this.#parts;
    const { key, listener, begun } = flow;
    if (listener !== undefined && (listen === 'begin' || (begun && action === 'drop')))
      hearing.keep(key, listener, attempt);
    else if (begun) hearing.forget(key);
    if (begun && action === 'reject') {
      // Its opening passed: both ends are told that it is over.
      holding.release(turn, flow, 'drop', { passing: true });
      turn.out.push({ type: 'revoke', flow: flow.flow, key, action });
    } else if (action === 'allow' && (begun || listen !== undefined)) {
      holding.release(turn, flow, 'accept', { listen: listen ?? 'end', began: flow.began });
    } else holding.release(turn, flow, verdicts[action]);
  }

  /** A flow that has left attribution waits for an answer, with others of its question or alone. */
  ask(turn: Turn, flow: HeldFlow, terms: Terms, holdSeconds: number): void {
    const { appKey, quotas, questions } = this.#parts;
    const { attempt, rule } = terms;
    const app = appKey(attempt.process);
    flow.app = app;
    flow.owner = ownerOf(flow.flow, attempt.process?.uid);
    const excess = quotas.excessFlow(flow);
    if (excess !== undefined) {
      this.judge(turn, flow, terms, unanswered, excess);
      return;
    }
    quotas.enter(flow);
    const key = questionKey(app, attempt);
    const open = questions.about(key);
    const deadline = Math.min(turn.now + holdSeconds * 1000, flow.since + maxHeldMs);
    const question = open ?? questions.open(key, attempt, rule, turn.now, deadline);
    question.flows.add(flow);
    question.packets += flow.packets.length;
    flow.asked = { question, terms };
    if (open !== undefined) this.#grew(turn, open);
    else turn.out.push({ type: 'prompt-opened', prompt: promptOf(question) }, { type: 'count', reason: 'prompt' });
  }

  /** A packet joined the flow. */
  joined(turn: Turn, { asked }: HeldFlow): void {
    if (asked === undefined) return;
    asked.question.packets += 1;
    this.#grew(turn, asked.question);
  }

  #grew({ now, out }: Turn, question: Question): void {
    if (this.#reports.grew(question, now)) out.push({ type: 'prompt-changed', prompt: promptOf(question) });
  }

  /**
   * Judges what the question holds, or of that the flows with this name alone: the others go on waiting, for as long as they
   * would have. Nothing when there is no such question or flow any more.
   */
  answer(turn: Turn, id: string, action: Judgement, name?: NamePattern): void {
    const question = this.#parts.questions.get(id);
    if (question === undefined) return;
    const flows = flowsCalled(question, name);
    if (flows.length === 0) return;
    turn.out.push({ type: 'count', reason: 'answered' });
    for (const flow of flows) {
      // What was allowed by its name is to say it.
      const isTold = name !== undefined && action === 'allow' && flow.flow.protocol === 'tcp';
      const listen = isTold && flow.said?.kind === 'more' ? 'begin' : undefined;
      this.judge(turn, flow, this.#withdraw(flow), action, 'answer', listen);
    }
    if (question.flows.size === 0) this.#close(turn, question, 'answered', action);
    else this.#show(turn, question);
  }

  #show(turn: Turn, question: Question): void {
    showFlow(question);
    this.#reports.reported(question, turn.now);
    turn.out.push({ type: 'prompt-changed', prompt: promptOf(question) });
  }

  /** What only its words could have allowed has said nothing: it is cut, as it would have been refused, unless a later policy allows it. */
  #cutSilent(turn: Turn, policy: Decider | undefined): void {
    for (const { flow, terms, action: wanted } of this.#parts.hearing.silent(turn.now)) {
      const anew = policy?.decide(terms.attempt, turn.now);
      if (anew?.action === 'allow') {
        this.#parts.ledger.write(turn, flow, { ...termsOf(anew, terms), action: 'allow', enforced: true }, 0);
        continue;
      }
      const [action, reason] =
        wanted === 'ask' ? ([unanswered, 'deadline'] as const) : ([wanted, terms.reason] as const);
      turn.out.push({ type: 'revoke', flow: flow.flow, key: flow.key, action: 'reject' });
      this.#parts.ledger.write(turn, flow, { ...terms, action, reason, enforced: true }, 0);
      turn.out.push({ type: 'count', reason }, { type: 'count', reason: 'silent' });
    }
  }

  /** Ends the questions whose deadline has come, and reports those that grew. */
  expire(turn: Turn, policy: Decider | undefined): void {
    this.#cutSilent(turn, policy);
    for (const question of this.#parts.questions.expired(turn.now)) {
      turn.out.push({ type: 'count', reason: 'expired' });
      this.#settle(turn, question, unanswered, 'deadline', 'deadline');
    }
    this.#reports.report(turn.now, (question) => turn.out.push({ type: 'prompt-changed', prompt: promptOf(question) }));
  }

  /** Postern stops: nobody will answer any more. */
  closeAll(turn: Turn): void {
    for (const question of [...this.#parts.questions.all()]) {
      this.#settle(turn, question, unanswered, 'shutdown', 'gone');
    }
  }

  #settle(turn: Turn, question: Question, action: Judgement, reason: Reason, outcome: PromptOutcome): void {
    for (const flow of [...question.flows]) this.judge(turn, flow, this.#withdraw(flow), action, reason);
    this.#close(turn, question, outcome, action);
  }

  /** Takes a flow out of its question, and gives what is known of it. */
  #withdraw(flow: HeldFlow): Terms {
    const { asked } = flow;
    if (asked === undefined) throw new Error(`flow ${flow.key} is in no question`);
    this.#parts.quotas.leave(flow);
    asked.question.flows.delete(flow);
    asked.question.packets -= flow.packets.length;
    return asked.terms;
  }

  #close({ out }: Turn, question: Question, outcome: PromptOutcome, action: Judgement): void {
    this.#parts.questions.close(question);
    this.#reports.forget(question);
    out.push({ type: 'prompt-closed', id: question.id, outcome, action });
  }

  /** A new policy may decide what is asked. */
  decideAnew(turn: Turn, policy: Decider): void {
    for (const question of [...this.#parts.questions.all()]) {
      const { rule } = question;
      let last: Judgement | undefined;
      for (const flow of [...question.flows]) last = this.#decideFlow(turn, question, flow, policy) ?? last;
      if (question.flows.size === 0) this.#close(turn, question, 'policy', last ?? unanswered);
      else if (last !== undefined || question.rule !== rule) this.#show(turn, question);
    }
  }

  /** What is asked about may be decided by a name that its destination has now. */
  named(turn: Turn, key: string, names: Attempt['names'], policy: Decider): void {
    const flow = this.#parts.holding.flows.get(key);
    if (flow?.asked === undefined) return;
    const { question, terms } = flow.asked;
    flow.asked.terms = { ...terms, attempt: { ...terms.attempt, names } };
    const decided = this.#decideFlow(turn, question, flow, policy);
    if (question.flows.size === 0) this.#close(turn, question, 'policy', decided ?? unanswered);
    else this.#show(turn, question);
  }

  flowsTo(isThere: (address: Address) => boolean): { readonly key: string; readonly attempt: Attempt }[] {
    return [...this.#parts.questions.all()].flatMap(({ flows }) =>
      [...flows].flatMap(({ key, flow, asked }) =>
        asked !== undefined && isThere(flow.remote.address) ? [{ key, attempt: asked.terms.attempt }] : [],
      ),
    );
  }

  #decideFlow(turn: Turn, question: Question, flow: HeldFlow, policy: Decider): Judgement | undefined {
    if (flow.asked === undefined) return undefined;
    const { terms } = flow.asked;
    const decision = policy.decide(terms.attempt, turn.now);
    hits(turn, decision, terms);
    const anew = termsOf(decision, terms);
    if (decision.action === 'ask') {
      flow.asked.terms = anew;
      question.rule = anew.rule;
      return undefined;
    }
    this.#withdraw(flow);
    this.judge(turn, flow, anew, decision.action, anew.reason);
    return decision.action;
  }

  /** Nothing is enforced any more: all that is asked passes, recorded as what would have been done. */
  letPass(turn: Turn, policy: Decider): void {
    const { questions, holding, ledger } = this.#parts;
    for (const question of [...questions.all()]) {
      for (const flow of [...question.flows]) {
        const before = this.#withdraw(flow);
        const decision = policy.decide(before.attempt, turn.now);
        hits(turn, decision, before);
        const outcome = { ...termsOf(decision, before), action: decision.action, enforced: false };
        holding.release(turn, flow, 'accept');
        ledger.write(turn, flow, outcome, turn.now - flow.since);
      }
      this.#close(turn, question, 'mode', 'allow');
    }
  }
}
