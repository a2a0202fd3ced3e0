// The questions that this machine asked of name servers and that wait for their answer: only what answers one of them is an answer.
import type { Endpoint } from '#model/flow.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { DnsMessage, DnsQuestion } from '#wire/dns/message.ts';
import { OPCODE_QUERY } from '#wire/dns/numbers.ts';
import { keyOfEndpoint } from './addresskey.ts';
import { type ShareLimits, Shares } from './shares.ts';

/** Where a question went, and its answer comes from; both seen from the asker. */
export interface DnsFlow {
  readonly protocol: 'udp' | 'tcp';
  /** The socket's number, where it is known: the same addresses may be in another network namespace too. */
  readonly socket?: string | undefined;
  readonly local: Endpoint;
  /** The name server. */
  readonly remote: Endpoint;
}

/**
 * Why an answer teaches nothing, each the first that applies: nobody asked from there (`unsolicited`), or not that server,
 * or not with that id, or not that question; it has no sense (`malformed`); it was answered already (`repeated`), or more
 * than `answerMs` ago (`late`); it is cut off, and the question stays open (`truncated`); it says that something went wrong
 * (`error-rcode`).
 */
export const answerRefusals = [
  'unsolicited',
  'wrong-server',
  'malformed',
  'wrong-id',
  'wrong-question',
  'repeated',
  'late',
  'truncated',
  'error-rcode',
] as const;
export type AnswerRefusal = (typeof answerRefusals)[number];

export interface AskedBy {
  /** As of NameEvidence. */
  readonly asker: string | undefined;
  readonly ownServer: boolean;
}

interface Asked extends AskedBy {
  readonly id: number;
  readonly question: DnsQuestion;
  readonly near: string;
  readonly server: string;
  readonly at: number;
  answered: boolean;
}

/** Programs give up on an answer, or ask again, after 5 s (resolv.conf(5), `timeout`). */
export const answerMs = 10_000;
/** A question is remembered longer, so that it can be said that an answer is late or repeated. */
const keepMs = 30_000;

export const questionLimits: ShareLimits = { total: 4096, perOwner: 256, unowned: 1024 };

/** Time is milliseconds and never goes back. */
export class Questions {
  /** Forgotten while they waited, because there were too many. */
  evicted = 0;
  /** By the asker's end, the server's end, and the id. */
  readonly #near = new Map<string, Map<string, Map<number, Asked[]>>>();
  readonly #inOrder = new Set<Asked>();
  /** Milliseconds: until then nothing is old enough to be forgotten. */
  #nextSweep = 0;
  readonly #shares: Shares<Asked>;

  constructor(limits: ShareLimits = questionLimits) {
    this.#shares = new Shares(limits);
  }

  get size(): number {
    return this.#inOrder.size;
  }

  /** A question that was sent. One that is sent again may be answered again. */
  ask(flow: DnsFlow, id: number, question: DnsQuestion, by: AskedBy, now: number): void {
    this.#sweep(now);
    const near = nearOf(flow);
    const server = keyOfEndpoint(flow.remote);
    const { asker, ownServer } = by;
    const before = this.#find(near, server, id)?.find((asked) => sameQuestion(asked.question, question));
    if (before !== undefined) this.#remove(before);
    const asked: Asked = { asker, ownServer, id, question, near, server, at: now, answered: false };
    const left = this.#shares.add(asker, asked);
    if (left !== undefined) {
      if (!left.answered && now - left.at <= answerMs) this.evicted += 1;
      this.#remove(left);
    }
    this.#inOrder.add(asked);
    const servers = this.#near.get(near) ?? new Map<string, Map<number, Asked[]>>();
    const ids = servers.get(server) ?? new Map<number, Asked[]>();
    ids.set(id, [...(ids.get(id) ?? []), asked]);
    servers.set(server, ids);
    this.#near.set(near, servers);
  }

  /** Whether anything from there can be an answer: asked before it is read, so that what nobody asked for costs nothing. */
  awaits(flow: DnsFlow, now: number): AnswerRefusal | undefined {
    this.#sweep(now);
    const servers = this.#near.get(nearOf(flow));
    if (servers === undefined) return 'unsolicited';
    return servers.has(keyOfEndpoint(flow.remote)) ? undefined : 'wrong-server';
  }

  /**
   * Who asked what this answers. Names are in lower case on both sides: a resolver that mixes case (0x20) checks it itself.
   */
  answer(flow: DnsFlow, message: DnsMessage, now: number): Result<AskedBy, AnswerRefusal> {
    const nobody = this.awaits(flow, now);
    if (nobody !== undefined) return fail(nobody);
    if (!message.response || message.opcode !== OPCODE_QUERY) return fail('malformed');
    const sameId = this.#find(nearOf(flow), keyOfEndpoint(flow.remote), message.id);
    if (sameId === undefined) return fail('wrong-id');
    const asked = sameId.find(({ question }) => sameQuestion(question, message.question));
    if (asked === undefined) return fail('wrong-question');
    if (asked.answered) return fail('repeated');
    if (now - asked.at > answerMs) return fail('late');
    if (message.truncated) return fail('truncated');
    asked.answered = true;
    return message.rcode === 0 ? ok(asked) : fail('error-rcode');
  }

  #find(near: string, server: string, id: number): readonly Asked[] | undefined {
    return this.#near.get(near)?.get(server)?.get(id);
  }

  #sweep(now: number): void {
    if (now <= this.#nextSweep) return;
    this.#nextSweep = now;
    for (const asked of this.#inOrder) {
      this.#nextSweep = asked.at + keepMs;
      if (now <= this.#nextSweep) return;
      this.#remove(asked);
    }
  }

  #remove(asked: Asked): void {
    this.#inOrder.delete(asked);
    this.#shares.remove(asked.asker, asked);
    const servers = this.#near.get(asked.near);
    const ids = servers?.get(asked.server);
    const others = ids?.get(asked.id)?.filter((other) => other !== asked) ?? [];
    if (others.length > 0) ids?.set(asked.id, others);
    else ids?.delete(asked.id);
    if (ids?.size === 0) servers?.delete(asked.server);
    if (servers?.size === 0) this.#near.delete(asked.near);
  }
}

function nearOf({ protocol, socket = '', local }: DnsFlow): string {
  return `${protocol}${socket} ${keyOfEndpoint(local)}`;
}

function sameQuestion(a: DnsQuestion, b: DnsQuestion): boolean {
  return a.type === b.type && a.class === b.class && a.name === b.name;
}
