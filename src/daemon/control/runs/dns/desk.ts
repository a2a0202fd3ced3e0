// From the bytes of a question to those of its answer: judged, passed on as a question of our own, and made known before it is answered.
import { keyOfAddress } from '#attribution/names/addresskey.ts';
import { Lru } from '#std/lru.ts';
import { type DnsAnswer, formatAnswer } from '#wire/dns/answer.ts';
import type { DnsMessage, DnsQuestion } from '#wire/dns/message.ts';
import { type DnsQuery, parseQuery } from '#wire/dns/query.ts';
import { nameOfType } from '#wire/dns/typename.ts';
import { maxMessage } from './frames.ts';
import { passedOf, refusalOf, refusals } from './judgement.ts';
import type { DnsLesson, DnsStubPlan, RefusalReason } from './plan.ts';

/** Questions that wait for a name server at a time. */
export const maxOpen = 256;
/** Addresses given that are remembered, for questions of their names. */
const maxGiven = 4096;
/** Seconds that a program may keep an answer: much longer than it takes to connect, and not much longer than a run. */
export const maxTtl = 300;
/** How long what an answer says may take to be made known. Its connection is judged without the name if it took longer. */
const learnMs = 1000;
/** Bytes by UDP: RFC 1035 4.2.1 for those who say nothing, and what passes in one piece on every loopback. */
const [leastByUdp, mostByUdp] = [512, 4096];

export interface DnsStubCounts {
  /** Questions and what was none. */
  readonly asked: number;
  readonly answered: number;
  readonly refused: Readonly<Record<RefusalReason, number>>;
  /** Addresses of the own site in answers. */
  readonly ofLan: number;
  /** Lessons that were not known in time. */
  readonly late: number;
}

export class Desk {
  readonly #plan: DnsStubPlan;
  readonly #ask: (question: DnsQuestion) => Promise<DnsMessage | undefined>;
  readonly #given = new Lru<string, true>(maxGiven);
  readonly #refused = { name: 0, type: 0, malformed: 0, upstream: 0, address: 0, flood: 0 };
  #asked = 0;
  #answered = 0;
  #ofLan = 0;
  #late = 0;
  #open = 0;

  constructor(plan: DnsStubPlan, ask: (question: DnsQuestion) => Promise<DnsMessage | undefined>) {
    this.#plan = plan;
    this.#ask = ask;
  }

  get counts(): DnsStubCounts {
    const [asked, answered, ofLan, late] = [this.#asked, this.#answered, this.#ofLan, this.#late];
    return { asked, answered, refused: { ...this.#refused }, ofLan, late };
  }

  /** undefined: none is due. */
  async answer(bytes: Uint8Array, by: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    this.#asked += 1;
    const parsed = parseQuery(bytes);
    if (!parsed.ok) {
      this.#tellRefusal({ name: '', type: '' }, 'malformed');
      return parsed.error.reply;
    }
    const query = parsed.value;
    const answer = await this.#answerTo(query);
    const said = Math.min(Math.max(query.edns?.size ?? leastByUdp, leastByUdp), mostByUdp);
    return formatAnswer(query, answer, by === 'udp' ? said : maxMessage, maxTtl);
  }

  async #answerTo(query: DnsQuery): Promise<DnsAnswer> {
    const { question } = query;
    const refused = refusalOf(
      query,
      (name) => this.#plan.allows(name),
      (address) => this.#given.get(keyOfAddress(address)) === true,
    );
    if (refused !== undefined) return this.#refuse(question, refused);
    if (this.#open >= maxOpen) return this.#refuse(question, 'flood');
    this.#open += 1;
    try {
      const message = await this.#ask(question);
      if (message === undefined) return this.#refuse(question, 'upstream');
      const passed = passedOf(question, message);
      if (passed === undefined) return this.#refuse(question, 'address');
      await this.#learn(passed.lessons);
      this.#ofLan += passed.ofLan;
      this.#answered += 1;
      this.#plan.answered({ name: question.name, type: nameOfType(question.type) });
      return { rcode: message.rcode, records: passed.records };
    } finally {
      this.#open -= 1;
    }
  }

  async #learn(lessons: readonly DnsLesson[]): Promise<void> {
    if (lessons.length === 0) return;
    for (const { addresses } of lessons) {
      for (const { address } of addresses) this.#given.set(keyOfAddress(address), true);
    }
    const known = Promise.all(lessons.map(async (lesson) => this.#plan.learned(lesson))).then(
      () => true,
      () => false,
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, learnMs, false);
    });
    if (!(await Promise.race([known, late]))) this.#late += 1;
    clearTimeout(timer);
  }

  #refuse({ name, type }: DnsQuestion, reason: RefusalReason): DnsAnswer {
    this.#tellRefusal({ name, type: nameOfType(type) }, reason);
    return refusals[reason];
  }

  #tellRefusal(question: { name: string; type: string }, reason: RefusalReason): void {
    this.#refused[reason] += 1;
    this.#plan.refused({ ...question, reason });
  }
}
