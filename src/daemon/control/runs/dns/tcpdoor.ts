// The stub's door for TCP: many questions a connection, answered as they become ready (RFC 7766 6.2.1.1), and all of it bounded.
import { createServer, type Server, type Socket } from 'node:net';
import { DnsFrames, framed } from './frames.ts';

/** Bytes to its answer. */
export type Answerer = (bytes: Uint8Array) => Promise<Uint8Array | undefined>;

export const maxConnections = 64;
/** Milliseconds in which nothing goes either way. */
const patientMs = 10_000;
/** Questions of one connection that wait for their answers; more are not read meanwhile. */
const maxWaiting = 32;
/** Bytes of answers that nobody reads. */
const maxUnread = 4 * 65_537;

export class TcpDoor {
  readonly server: Server;
  readonly #connections = new Set<Socket>();

  constructor(answer: Answerer, idleMs = patientMs) {
    // Who has asked all may close his half and still gets the answers.
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#attend(socket, answer, idleMs),
    );
    this.server.maxConnections = maxConnections;
  }

  #attend(socket: Socket, answer: Answerer, idleMs: number): void {
    this.#connections.add(socket);
    const frames = new DnsFrames();
    const queue: Uint8Array[] = [];
    let waiting = 0;
    let ended = false;
    const work = () => {
      while (waiting < maxWaiting && !socket.destroyed) {
        const bytes = queue.shift();
        if (bytes === undefined) break;
        waiting += 1;
        void answer(bytes)
          .then((answered) => {
            if (answered !== undefined && socket.writable) socket.write(framed(answered));
            if (socket.writableLength > maxUnread) socket.destroy();
          })
          .catch(() => socket.destroy())
          .finally(() => {
            waiting -= 1;
            work();
          });
      }
      if (queue.length === 0) socket.resume();
      if (ended && waiting === 0 && queue.length === 0) socket.end();
    };
    socket.on('error', () => {});
    socket.on('close', () => this.#connections.delete(socket));
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const bytes of frames.take(chunk)) queue.push(bytes);
      if (frames.broken) socket.destroy();
      // A chunk has many small messages: they wait here, and what is behind them in the kernel.
      if (queue.length > 0) socket.pause();
      work();
    });
    socket.on('end', () => {
      ended = true;
      work();
    });
  }

  async close(): Promise<void> {
    const closed = this.server.listening
      ? new Promise<void>((resolve) => this.server.close(() => resolve()))
      : Promise.resolve();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }
}
