// Connections to name servers by TCP: the two directions of each, for as many as there is room for.
import { DnsStream, type StreamLoss, type TcpSegment } from '#wire/dns/stream.ts';
import { keyOfEndpoint } from './addresskey.ts';
import type { DnsFlow } from './questions.ts';
import { type ShareLimits, Shares } from './shares.ts';

interface Connection {
  readonly key: string;
  readonly asker: string | undefined;
  readonly queries: DnsStream;
  readonly answers: DnsStream;
}

export const connectionLimits: ShareLimits = { total: 128, perOwner: 16, unowned: 32 };
/** Bytes: queries are a name and options, with padding at most a few hundred (RFC 8467 4.1). */
const maxQuery = 4096;
const maxAnswer = 65_535;
const none: readonly Uint8Array[] = [];

export class Connections {
  /** Not followed any more because there were too many. */
  evicted = 0;
  /** Directions given up, by reason; of `joined-late` each packet counts. */
  readonly lost: Record<StreamLoss, number> = { 'joined-late': 0, gap: 0, conflict: 0, 'bad-length': 0 };
  readonly #byKey = new Map<string, Connection>();
  readonly #shares: Shares<Connection>;

  constructor(limits: ShareLimits = connectionLimits) {
    this.#shares = new Shares(limits);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The queries that this packet completes. A connection is followed from the SYN of its asker on. */
  handleQuery(flow: DnsFlow, segment: TcpSegment, asker: string | undefined): readonly Uint8Array[] {
    const key = keyOf(flow);
    let connection = this.#byKey.get(key);
    if (connection !== undefined && segment.begins && connection.asker !== asker) {
      this.#remove(connection);
      connection = undefined;
    }
    if (connection === undefined && segment.begins) connection = this.#open(key, asker);
    return this.#handle(connection, connection?.queries, segment);
  }

  /** The answers that this packet completes. */
  handleAnswer(flow: DnsFlow, segment: TcpSegment): readonly Uint8Array[] {
    const connection = this.#byKey.get(keyOf(flow));
    return this.#handle(connection, connection?.answers, segment);
  }

  #open(key: string, asker: string | undefined): Connection {
    const connection = { key, asker, queries: new DnsStream(maxQuery), answers: new DnsStream(maxAnswer) };
    const left = this.#shares.add(asker, connection);
    if (left !== undefined) {
      this.evicted += 1;
      this.#remove(left);
    }
    this.#byKey.set(key, connection);
    return connection;
  }

  #handle(
    connection: Connection | undefined,
    stream: DnsStream | undefined,
    segment: TcpSegment,
  ): readonly Uint8Array[] {
    if (connection === undefined || stream === undefined) {
      if (segment.payload.length > 0) this.lost['joined-late'] += 1;
      return none;
    }
    this.#shares.renew(connection.asker, connection);
    const before = stream.lost;
    const messages = stream.handle(segment);
    if (stream.lost !== undefined && before === undefined) this.lost[stream.lost] += 1;
    // What was asked before the asker closed its side is still answered.
    if (connection.answers.ended || (segment.ends && stream.lost !== undefined)) this.#remove(connection);
    return messages;
  }

  #remove(connection: Connection): void {
    this.#byKey.delete(connection.key);
    this.#shares.remove(connection.asker, connection);
  }
}

function keyOf({ socket = '', local, remote }: DnsFlow): string {
  return `${socket} ${keyOfEndpoint(local)}${keyOfEndpoint(remote)}`;
}
