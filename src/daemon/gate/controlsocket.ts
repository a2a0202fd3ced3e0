// The gate's side of its talk with the control plane: a Unix socket that only the control plane's user may use.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { descriptorOf, peerCredentials } from '#kernel/peercred.ts';
import {
  type ControlMessage,
  controlMessageSchema,
  formatGateMessage,
  type GateMessage,
  maxMessageBytes,
} from '#model/messages.ts';

/** Bytes waiting for a control plane that does not read; beyond, reports are left out and counted. */
const maxBacklogBytes = 8 * 1024 * 1024;

export interface ControlSocketPlan {
  readonly path: string;
  readonly controlUid: number;
  onConnect(): void;
  onMessage(message: ControlMessage): void;
  /** A message that does not fit the schema; the connection is ended. */
  onNonsense(error: string): void;
  onUnreported(): void;
}

export class ControlSocket {
  readonly #plan: ControlSocketPlan;
  readonly #server: Server;
  #peer: Socket | undefined;

  constructor(plan: ControlSocketPlan) {
    this.#plan = plan;
    rmSync(plan.path, { force: true });
    this.#server = createServer((socket) => this.#accept(socket));
    // The folder gives it the control plane's group; nobody else can even knock, which would be work in a packet's way.
    this.#server.listen(plan.path, () => chmodSync(plan.path, 0o660));
  }

  #accept(socket: Socket): void {
    const fd = descriptorOf(socket);
    const uid = fd === undefined ? undefined : peerCredentials(fd).uid;
    if (uid !== this.#plan.controlUid) {
      socket.destroy();
      return;
    }
    // A new control plane takes the place of one that may hang.
    this.#peer?.destroy();
    this.#peer = socket;
    let parts: Buffer[] = [];
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        parts.push(rest.subarray(0, end));
        this.#read(socket, Buffer.concat(parts));
        parts = [];
        bytes = 0;
        rest = rest.subarray(end + 1);
      }
      if (rest.length === 0) return;
      parts.push(rest);
      bytes += rest.length;
      if (bytes > maxMessageBytes) this.#refuse(socket, `a message of more than ${maxMessageBytes} bytes`);
    });
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
      if (this.#peer === socket) this.#peer = undefined;
    });
    this.#plan.onConnect();
  }

  #refuse(socket: Socket, error: string): void {
    this.#plan.onNonsense(error);
    socket.destroy();
  }

  #read(socket: Socket, line: Buffer): void {
    if (socket.destroyed) return;
    let json: unknown;
    try {
      json = JSON.parse(line.toString('utf8'));
    } catch (error) {
      this.#refuse(socket, error instanceof Error ? error.message : 'no JSON');
      return;
    }
    const parsed = controlMessageSchema.safeParse(json);
    if (parsed.success) this.#plan.onMessage(parsed.data);
    else this.#refuse(socket, parsed.error.issues[0]?.message ?? 'not a message');
  }

  /** Whether somebody listens with room to spare. Reports that find nobody are counted, answers are just lost with the asker. */
  send(message: GateMessage): boolean {
    const peer = this.#peer;
    if (peer === undefined || peer.writableLength > maxBacklogBytes) {
      this.#plan.onUnreported();
      return false;
    }
    peer.write(`${formatGateMessage(message)}\n`);
    return true;
  }

  get connected(): boolean {
    return this.#peer !== undefined;
  }

  close(): void {
    this.#peer?.end();
    this.#server.close();
  }
}
