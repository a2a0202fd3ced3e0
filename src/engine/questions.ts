// Questions to people: one for each app, user and destination, whatever the number of flows it holds; found by id, by what
// they ask, and by the deadline that comes first.
import { type Attempt, type AttemptJson, attemptToJson } from '#model/attempt.ts';
import type { Flow } from '#model/flow.ts';
import { formatAddress } from '#model/net/address.ts';
import type { Prompt } from '#model/prompt.ts';
import { type NamePattern, nameMatches } from '#policy/match/name.ts';
import type { HeldFlow } from './held.ts';
import type { Reportable } from './throttle.ts';

export interface Question extends Reportable {
  readonly id: string;
  /** questionKey of all of its flows. */
  readonly key: string;
  attempt: AttemptJson;
  readonly opened: number;
  readonly deadline: number;
  readonly flows: Set<HeldFlow>;
  packets: number;
  rule: string | null;
}

/**
 * Flows with the same text are one question: by the address, not by its names. A program that asked for two names of one
 * address does not say by which of them it connects, and what is called otherwise later stays the question that somebody
 * reads. So one question may hold flows with other names than it shows; an answer by name leaves those asked.
 */
export function questionKey(app: string, attempt: Attempt): string {
  return `${attempt.process?.uid ?? ''} ${destinationKey(attempt.flow)} ${app}`;
}

/** For `in` the port that listens here; for `forward` the sender too, since there is no app to tell flows apart. */
function destinationKey(flow: Flow): string {
  const { protocolNumber, direction, local, remote } = flow;
  const where = `${direction} ${protocolNumber} ${formatAddress(remote.address)}`;
  if (direction === 'in') return `${where} ${local?.port ?? ''}`;
  const from = direction === 'forward' && local !== undefined ? formatAddress(local.address) : '';
  return `${where} ${remote.port} ${from}`;
}

export function promptOf(question: Question): Prompt {
  const { id, attempt, opened, deadline, packets, rule } = question;
  return { id, attempt, opened, deadline, flows: question.flows.size, packets, rule };
}

/** Those that an answer for this name is about; undefined: all. */
export function flowsCalled({ flows }: Question, name: NamePattern | undefined): HeldFlow[] {
  const isCalled = ({ asked }: HeldFlow) =>
    name === undefined || asked?.terms.attempt.names.some((known) => nameMatches(name, known.name)) === true;
  return [...flows].filter(isCalled);
}

/** Shows what is left when flows have gone, or have names now: the first with a name, else the first. */
export function showFlow(question: Question): void {
  const known = [...question.flows].flatMap(({ asked }) => (asked === undefined ? [] : [asked.terms]));
  const shown = known.find(({ attempt }) => attempt.names.length > 0) ?? known[0];
  if (shown === undefined) return;
  question.attempt = attemptToJson(shown.attempt);
  question.rule = shown.rule;
}

export class Questions {
  readonly #start: string;
  readonly #byId = new Map<string, Question>();
  readonly #byKey = new Map<string, Question>();
  #opened = 0;
  /** Undefined: to be worked out again. */
  #first: number | undefined = Number.POSITIVE_INFINITY;

  /** `start` begins every id: the time the gate started, in base 36. */
  constructor(start: string) {
    this.#start = start;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): IterableIterator<Question> {
    return this.#byId.values();
  }

  get(id: string): Question | undefined {
    return this.#byId.get(id);
  }

  about(key: string): Question | undefined {
    return this.#byKey.get(key);
  }

  open(key: string, attempt: Attempt, rule: string | null, now: number, deadline: number): Question {
    this.#opened += 1;
    const question: Question = {
      id: `${this.#start}-${this.#opened}`,
      key,
      attempt: attemptToJson(attempt),
      opened: now,
      deadline,
      flows: new Set<HeldFlow>(),
      packets: 0,
      rule,
      reported: now,
    };
    this.#byId.set(question.id, question);
    this.#byKey.set(key, question);
    if (this.#first !== undefined) this.#first = Math.min(this.#first, deadline);
    return question;
  }

  close(question: Question): void {
    this.#byId.delete(question.id);
    this.#byKey.delete(question.key);
    if (question.deadline === this.#first) this.#first = this.#byId.size === 0 ? Number.POSITIVE_INFINITY : undefined;
  }

  /** The first deadline in milliseconds since 1970; infinite when nothing is asked. */
  firstDeadline(): number {
    if (this.#first === undefined) {
      this.#first = Number.POSITIVE_INFINITY;
      for (const { deadline } of this.#byId.values()) this.#first = Math.min(this.#first, deadline);
    }
    return this.#first;
  }

  /** Those whose time is up, the oldest first. */
  expired(now: number): readonly Question[] {
    if (this.firstDeadline() > now) return [];
    return [...this.#byId.values()].filter((question) => question.deadline <= now);
  }
}
