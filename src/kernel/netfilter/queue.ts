// The packet queue: binds it, reads what the kernel holds in batches, and sends the verdicts of a batch with one call.
import { readFileSync } from 'node:fs';
import { firstWordLimits } from '#wire/firstwords/firstwords.ts';
import {
  appendQueueConfig,
  appendVerdict,
  appendVerdictBatch,
  createQueueMessage,
  NF_REPEAT,
  NFQA_CFG_F_FAIL_OPEN,
  NFQA_CFG_F_GSO,
  NFQA_CFG_F_UID_GID,
  parseQueueMessage,
  type QueueMessage,
} from '#wire/nfqueue.ts';
import { Writer } from '#wire/writer.ts';
import { errnos, SystemError, watchReadable } from '../ffi.ts';
import { Arena } from '../netlink/arena.ts';
import { type Answer, request, silence } from '../netlink/requests.ts';
import { NetlinkSocket } from '../netlink/socket.ts';

/** Packets that may wait in the kernel, and bytes of each that we see: all that is listened to, with the longest headers. */
export const queueLength = 16_384;
const copyRange = firstWordLimits.bytes + 160;
const batch = 64;
/** A message with them and all attributes fits. */
const slotBytes = copyRange + 864;
/** Batches read before other work of this process gets its turn. */
const batchesPerTurn = 16;

/** Of a request whose answer is lost. */
const attempts = 5;

const EPERM = 1;
const EBUSY = 16;

export interface QueuePlan {
  readonly fd: number;
  readonly number: number;
  /** Runs once a batch is read, before its packets are handed out: whatever the kernel said before these packets is heard first. */
  beforeBatch(): void;
  onPacket(bytes: Buffer, message: QueueMessage): void;
  /** A message that is none; `id` is 0 or the packet that still wants its verdict. */
  onMalformed(id: number): void;
  /** A verdict came for a packet that the kernel no longer held. */
  onGone(): void;
  /** After each batch; verdicts given in between are sent with it. */
  afterBatch(): void;
}

export class PacketQueue {
  readonly #plan: QueuePlan;
  readonly #socket: NetlinkSocket;
  readonly #arena = new Arena(batch, slotBytes);
  readonly #message = createQueueMessage();
  readonly #verdicts = Writer.over(Buffer.allocUnsafeSlow(65536));
  #watch: { close(): void } | undefined;
  #flushing: NodeJS.Immediate | undefined;
  /** Packets of the batch that is being handed out; 0 between batches. */
  #handingOut = 0;
  #sequence = 1;
  /** Packets up to this id come again: what is still read of them is of the gate before. `all` until the id is known. */
  #repeated: number | 'all' | undefined;

  constructor(plan: QueuePlan) {
    this.#plan = plan;
    this.#socket = new NetlinkSocket({ fd: plan.fd });
  }

  /**
   * Binds the queue, or takes up the one that an earlier gate left on this very socket: what it held comes again.
   * The error is a sentence.
   */
  open(failOpen: boolean): string | undefined {
    if (this.#watch !== undefined) return this.#configure(failOpen);
    this.#drain();
    const bound = this.#request((writer, sequence) =>
      appendQueueConfig(writer, sequence, this.#plan.number, { command: 'bind', copyRange }),
    );
    if (bound.errno === EPERM) {
      return `the packet queue ${this.#plan.number} belongs to another program in this network namespace; stop it first`;
    }
    if (bound.errno !== 0 && bound.errno !== EBUSY) {
      return `the packet queue ${this.#plan.number} cannot be bound: ${bound.text}`;
    }
    if (bound.errno === EBUSY) this.#repeated = 'all';
    const problem = this.#configure(failOpen);
    if (problem !== undefined) return problem;
    if (this.#repeated === 'all') this.#repeatHeld();
    this.#watch = watchReadable(this.#socket.fd, () => this.#read());
    return undefined;
  }

  /** Whatever is asked here may be asked again. */
  #request(append: (writer: Writer, sequence: number) => void): Answer {
    for (let attempt = 1; ; attempt++) {
      const answer = this.#requestOnce(append);
      this.flush();
      // The answer found no room among the packets, which are read now.
      if (answer !== silence || attempt === attempts) return answer;
    }
  }

  #requestOnce(append: (writer: Writer, sequence: number) => void): Answer {
    const writer = Writer.growing();
    const sequence = this.#sequence++;
    append(writer, sequence);
    try {
      // Packets come on the same socket, also while the kernel answers.
      return request(this.#socket, writer.finished(), sequence, undefined, (datagram) =>
        this.#readMessages(datagram, 0, datagram.length),
      );
    } catch (error) {
      if (error instanceof SystemError && error.code === 'ENOBUFS') return silence;
      throw error;
    }
  }

  #configure(failOpen: boolean): string | undefined {
    const mask = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID;
    const flags = NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID | (failOpen ? NFQA_CFG_F_FAIL_OPEN : 0);
    const answer = this.#request((writer, sequence) =>
      appendQueueConfig(writer, sequence, this.#plan.number, { copyRange, maxLength: queueLength, flags, mask }),
    );
    return answer.errno === 0 ? undefined : `the packet queue cannot be set up: ${answer.text}`;
  }

  /** Messages of packets that an earlier gate never read: the packets come again, with new ids. */
  #drain(): void {
    while (this.#socket.receive() !== undefined);
  }

  /** Sends all held packets through our chain again, so that each is queued anew and judged by this gate. */
  #repeatHeld(): void {
    const last = lastPacketId(this.#plan.number);
    this.#repeated = last;
    if (last === undefined) return;
    const writer = Writer.growing();
    appendVerdictBatch(writer, this.#plan.number, last, NF_REPEAT, undefined);
    this.#socket.send(writer.finished());
  }

  #comesAgain(id: number): boolean {
    if (this.#repeated === undefined || this.#repeated === 'all') return this.#repeated !== undefined;
    // In the wrapping order of ids; they come in order, and none of before comes after a new one.
    if (((id - this.#repeated) | 0) <= 0) return true;
    this.#repeated = undefined;
    return false;
  }

  #read(): void {
    for (let turn = 0; turn < batchesPerTurn; turn++) {
      const count = this.#receive();
      // Not before: what the kernel said of these packets, it said before it queued them.
      this.#plan.beforeBatch();
      if (count === 0) return;
      this.#handingOut = count;
      for (let slot = 0; slot < count; slot++) this.#readDatagram(slot);
      this.#handingOut = 0;
      this.#plan.afterBatch();
      this.flush();
      // What came meanwhile wakes us again: to look at an empty queue costs as much as to read a packet, and keeps it waiting.
      if (count < batch) return;
    }
  }

  #receive(): number {
    try {
      return this.#arena.receive(this.#socket.fd);
    } catch (error) {
      // NETLINK_NO_ENOBUFS keeps the kernel from saying it; queue_dropped tells the same.
      if (error instanceof SystemError && error.code === 'ENOBUFS') return 0;
      throw error;
    }
  }

  #readDatagram(slot: number): void {
    const start = this.#arena.start(slot);
    this.#readMessages(this.#arena.bytes, start, start + this.#arena.length(slot));
  }

  #readMessages(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const kind = parseQueueMessage(bytes, at, end, this.#message);
      if (kind === 'packet') {
        if (!this.#comesAgain(this.#message.id)) this.#plan.onPacket(bytes, this.#message);
      } else if (kind === 'malformed') this.#plan.onMalformed(this.#message.id);
      else if (kind === 'error' && this.#message.errno === errnos.ENOENT) this.#plan.onGone();
      at = this.#message.next;
    }
  }

  /**
   * `mark` replaces the packet's whole mark; undefined leaves it. Sent at once for a packet that came alone, since all that is
   * recorded of it can wait; else at the end of the batch, or of this turn.
   */
  verdict(id: number, verdict: number, mark: number | undefined): void {
    if (!appendVerdict(this.#verdicts, this.#plan.number, id, verdict, mark)) {
      this.flush();
      appendVerdict(this.#verdicts, this.#plan.number, id, verdict, mark);
    }
    if (this.#handingOut === 1) this.flush();
    else if (this.#handingOut === 0) this.#flushing ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#verdicts.length === 0) return;
    this.#socket.send(this.#verdicts.bytes, this.#verdicts.length);
    this.#verdicts.clear();
  }

  /** Judges what has come so far and unbinds; the kernel drops what is still held. */
  close(): void {
    if (this.#watch === undefined) return;
    this.#watch.close();
    this.#watch = undefined;
    this.#read();
    this.flush();
    this.#request((writer, sequence) => appendQueueConfig(writer, sequence, this.#plan.number, { command: 'unbind' }));
  }
}

export interface QueueFigures {
  /** Packets the kernel dropped because the queue was full. */
  readonly full: number;
  /** And because our socket's buffer was. */
  readonly userDropped: number;
  readonly lastId: number;
}

/**
 * The kernel's own figures of a queue, from /proc/net/netfilter/nfnetlink_queue: number, port, waiting, copy mode, copy range,
 * dropped, dropped for the socket, last id, 1 (net/netfilter/nfnetlink_queue.c, seq_show).
 */
export function queueFigures(queue: number): QueueFigures | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/thread-self/net/netfilter/nfnetlink_queue', 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const [number, , , , , full, userDropped, lastId] = line.trim().split(/\s+/).map(Number);
    if (number === queue) return { full: full ?? 0, userDropped: userDropped ?? 0, lastId: lastId ?? 0 };
  }
  return undefined;
}

function lastPacketId(queue: number): number | undefined {
  return queueFigures(queue)?.lastId;
}
