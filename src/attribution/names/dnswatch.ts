// Watches what this machine asks of name servers and what they answer, and teaches the name book what answers prove.
import { formatEndpoint } from '#model/flow.ts';
import type { NameChange } from '#model/net/name.ts';
import { parseDnsMessage } from '#wire/dns/message.ts';
import { OPCODE_QUERY } from '#wire/dns/numbers.ts';
import type { StreamLoss, TcpSegment } from '#wire/dns/stream.ts';
import { followChain } from './chain.ts';
import { Connections } from './connections.ts';
import type { NameBook } from './namebook.ts';
import { type AnswerRefusal, type AskedBy, answerRefusals, type DnsFlow, Questions } from './questions.ts';

/** A copy of a packet to or from a name server. */
export interface DnsPacket {
  readonly flow: DnsFlow;
  /** What follows the UDP or TCP header; it is not kept. */
  readonly payload: Uint8Array;
  /** Of TCP. */
  readonly segment?: Omit<TcpSegment, 'payload'> | undefined;
  /** Milliseconds; never goes back. */
  readonly at: number;
}

export interface DnsQueryPacket extends DnsPacket {
  /** The run that sent it; undefined when it is not known, or asks for everybody as a system resolver does. */
  readonly asker: string | undefined;
  /** Whether the server is one of the machine's configured resolvers. */
  readonly configured: boolean;
}

export interface DnsCounts {
  /** Questions seen, and answers that were taken. */
  questions: number;
  answers: number;
  /** What was sent to a name server and is no question. */
  badQueries: number;
  readonly refused: Record<AnswerRefusal, number>;
  /** As of Chain, and of DnsMessage. */
  offChain: number;
  loops: number;
  tooLong: number;
  notTaken: number;
  besides: number;
}

const none: readonly NameChange[] = [];

export class DnsWatch {
  readonly #book: NameBook;
  readonly #questions = new Questions();
  readonly #connections = new Connections();
  readonly #counts: DnsCounts = {
    questions: 0,
    answers: 0,
    badQueries: 0,
    refused: Object.fromEntries(answerRefusals.map((name) => [name, 0])) as Record<AnswerRefusal, number>,
    offChain: 0,
    loops: 0,
    tooLong: 0,
    notTaken: 0,
    besides: 0,
  };

  constructor(book: NameBook) {
    this.#book = book;
  }

  get counts(): Readonly<DnsCounts> {
    return this.#counts;
  }

  /** Questions and connections that were forgotten for want of room, and directions of TCP that were given up. */
  get losses(): {
    readonly questions: number;
    readonly connections: number;
    readonly streams: Readonly<Record<StreamLoss, number>>;
  } {
    const { evicted, lost } = this.#connections;
    return { questions: this.#questions.evicted, connections: evicted, streams: lost };
  }

  /** Teaches nothing by itself. */
  handleQuery({ flow, payload, segment, asker, configured, at }: DnsQueryPacket): void {
    const by: AskedBy = { asker, ownServer: !configured };
    if (flow.protocol === 'udp') {
      this.#ask(flow, payload, by, at);
    } else if (segment !== undefined) {
      const messages = this.#connections.handleQuery(flow, { ...segment, payload }, asker);
      for (const message of messages) this.#ask(flow, message, by, at);
    }
  }

  #ask(flow: DnsFlow, bytes: Uint8Array, by: AskedBy, at: number): void {
    const message = parseDnsMessage(bytes);
    if (!message.ok || message.value.response || message.value.opcode !== OPCODE_QUERY) {
      this.#counts.badQueries += 1;
      return;
    }
    this.#counts.questions += 1;
    this.#questions.ask(flow, message.value.id, message.value.question, by, at);
  }

  /** What the answers in this packet change. */
  handleAnswer({ flow, payload, segment, at }: DnsPacket): readonly NameChange[] {
    if (flow.protocol === 'udp') return this.#answer(flow, payload, at);
    if (segment === undefined) return none;
    const messages = this.#connections.handleAnswer(flow, { ...segment, payload });
    return messages.flatMap((message) => this.#answer(flow, message, at));
  }

  #answer(flow: DnsFlow, bytes: Uint8Array, at: number): readonly NameChange[] {
    const nobody = this.#questions.awaits(flow, at);
    if (nobody !== undefined) return this.#refuse(nobody);
    const parsed = parseDnsMessage(bytes);
    if (!parsed.ok) return this.#refuse('malformed');
    const message = parsed.value;
    const asked = this.#questions.answer(flow, message, at);
    if (!asked.ok) return this.#refuse(asked.error);
    const { found, offChain, loops, tooLong, notTaken } = followChain(message.question, message.records);
    const counts = this.#counts;
    counts.answers += 1;
    counts.offChain += offChain;
    counts.loops += loops;
    counts.tooLong += tooLong;
    counts.notTaken += notTaken + message.notTaken;
    counts.besides += message.besides;
    if (found.length === 0) return none;
    const { asker, ownServer } = asked.value;
    const { name } = message.question;
    const server = formatEndpoint(flow.remote);
    return found.flatMap(({ address, ttl, canonical }) =>
      this.#book.learn({ name, address, from: 'dns', asker, server, ownServer, canonical, ttl }, at),
    );
  }

  #refuse(reason: AnswerRefusal): readonly NameChange[] {
    this.#counts.refused[reason] += 1;
    return none;
  }
}
