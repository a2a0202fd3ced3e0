// Copies of packets (NFLOG): of every new flow in `observe`, and of what the kernel's own rules decide. Never held.
import { appendLogConfig, createLogMessage, type LogMessage, parseLogMessage } from '#wire/nflog.ts';
import { Writer } from '#wire/writer.ts';
import { SystemError, watchReadable } from '../ffi.ts';
import { Arena } from '../netlink/arena.ts';
import { request } from '../netlink/requests.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';

const batch = 64;
/** Room for what a message says of its packet. */
const attributeBytes = 768;
const bufferBytes = 16 * 1024 * 1024;
const batchesPerTurn = 16;

export interface CopiesPlan {
  readonly group: number;
  /** Bytes of each packet, see nft/observetable.ts. */
  readonly copyRange: number;
  /** Runs before each batch: what the kernel said of processes before these packets is heard first. */
  beforeBatch(): void;
  onCopy(bytes: Buffer, message: LogMessage): void;
  onMalformed(): void;
  /** The kernel had more copies than our buffer took. */
  onLost(): void;
}

export class Copies {
  readonly #plan: CopiesPlan;
  readonly #socket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  readonly #arena: Arena;
  readonly #message = createLogMessage();
  #watch: { close(): void } | undefined;
  #sequence = 1;

  constructor(plan: CopiesPlan) {
    this.#plan = plan;
    this.#arena = new Arena(batch, plan.copyRange + attributeBytes);
    this.#socket.setReceiveBuffer(bufferBytes);
  }

  /** Joins the group; the error is a sentence. */
  open(): string | undefined {
    if (this.#watch !== undefined) return undefined;
    const writer = Writer.growing();
    const sequence = this.#sequence++;
    const { copyRange, group } = this.#plan;
    // A threshold of 1 sends each copy at once: they must not come after the packets that they precede.
    appendLogConfig(writer, sequence, group, { command: 'bind', copyRange, threshold: 1 });
    const answer = request(this.#socket, writer.finished(), sequence);
    if (answer.errno !== 0) {
      return `copies of packets cannot be had (NFLOG group ${group}): ${answer.text}; another program may have the group`;
    }
    this.#watch = watchReadable(this.#socket.fd, () => this.drain());
    return undefined;
  }

  /** Reads what waits, within bounds. */
  drain(): void {
    if (this.#watch === undefined) return;
    for (let turn = 0; turn < batchesPerTurn; turn++) {
      const count = this.#receive();
      this.#plan.beforeBatch();
      for (let slot = 0; slot < count; slot++) this.#readDatagram(slot);
      if (count < batch) return;
    }
  }

  #receive(): number {
    try {
      return this.#arena.receive(this.#socket.fd);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'ENOBUFS') throw error;
      this.#plan.onLost();
      return 0;
    }
  }

  #readDatagram(slot: number): void {
    const { bytes } = this.#arena;
    let at = this.#arena.start(slot);
    const end = at + this.#arena.length(slot);
    while (at < end) {
      const kind = parseLogMessage(bytes, at, end, this.#message);
      if (kind === 'packet') this.#plan.onCopy(bytes, this.#message);
      else if (kind === 'malformed') this.#plan.onMalformed();
      at = this.#message.next;
    }
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#socket.close();
  }
}
