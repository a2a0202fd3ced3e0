// What processes do, as the kernel tells it through the proc connector: fork, exec, exit and changes of ids.
import { appendProcSubscription, createProcEvent, type ProcEvent, parseProcEvent } from '#wire/procevents.ts';
import { Writer } from '#wire/writer.ts';
import { SystemError, watchReadable } from '../ffi.ts';
import { Arena } from '../netlink/arena.ts';
import { NetlinkSocket } from '../netlink/socket.ts';

const batch = 64;
const slotBytes = 256;
const bufferBytes = 16 * 1024 * 1024;
/** Batches read at once, so that a fork bomb does not keep packets waiting for ever. */
const batchesPerTurn = 64;

export interface ProcessEventsPlan {
  /** The record is used again for the next event. */
  onEvent(event: ProcEvent): void;
  /** Events were lost: what was learned from them cannot be trusted any more. */
  onLost(): void;
}

export class ProcessEvents {
  readonly #plan: ProcessEventsPlan;
  readonly #socket: NetlinkSocket;
  readonly #arena = new Arena(batch, slotBytes);
  readonly #event = createProcEvent();
  readonly #watch: { close(): void };

  /** `fd` is a bound connector socket, opened in the machine's first network namespace. */
  constructor(fd: number, plan: ProcessEventsPlan) {
    this.#plan = plan;
    this.#socket = new NetlinkSocket({ fd });
    this.#socket.setReceiveBuffer(bufferBytes);
    this.#subscribe(true);
    this.#watch = watchReadable(fd, () => this.drain());
  }

  #subscribe(listen: boolean): void {
    const writer = Writer.growing(64);
    appendProcSubscription(writer, 1, listen);
    this.#socket.send(writer.finished());
  }

  /** Hands out what waits. The kernel tells of an exec before the program runs, so before its first packet. */
  drain(): void {
    for (let turn = 0; turn < batchesPerTurn; turn++) {
      const count = this.#receive();
      for (let slot = 0; slot < count; slot++) {
        const { bytes } = this.#arena;
        const at = this.#arena.start(slot);
        const length = this.#arena.length(slot);
        if (length > 0 && parseProcEvent(bytes, at, at + length, this.#event)) this.#plan.onEvent(this.#event);
      }
      if (count < batch) return;
    }
  }

  #receive(): number {
    try {
      return this.#arena.receive(this.#socket.fd);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'ENOBUFS') throw error;
      this.#plan.onLost();
      return batch;
    }
  }

  close(): void {
    this.#watch.close();
    this.#subscribe(false);
  }
}
