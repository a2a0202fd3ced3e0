// The control plane's side of its talk with the gate: finds it again whenever it was lost.
import { connect, type Socket } from 'node:net';
import { type ControlMessage, type GateMessage, gateMessageSchema, maxMessageBytes } from '#model/messages.ts';

type Request = ControlMessage extends infer M ? (M extends ControlMessage ? Omit<M, 'request'> : never) : never;
type Reply = Extract<GateMessage, { readonly request: number }>;

const retryMs = 100;
const replyMs = 30_000;

export interface GateLinkPlan {
  readonly path: string;
  onMessage(message: Exclude<GateMessage, Reply>): void;
  onLost(): void;
  /** A message that does not fit the schema: the connection is begun anew. */
  onNonsense(error: string): void;
}

export class GateLink {
  readonly #plan: GateLinkPlan;
  readonly #waiting = new Map<number, (reply: Reply | undefined) => void>();
  #socket: Socket | undefined;
  #ready = false;
  #requests = 0;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(plan: GateLinkPlan) {
    this.#plan = plan;
    this.#connect();
  }

  get connected(): boolean {
    return this.#ready;
  }

  #connect(): void {
    const socket = connect(this.#plan.path);
    this.#socket = socket;
    let parts: Buffer[] = [];
    let bytes = 0;
    socket.on('connect', () => {
      this.#ready = true;
    });
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        parts.push(rest.subarray(0, end));
        this.#read(Buffer.concat(parts));
        parts = [];
        bytes = 0;
        rest = rest.subarray(end + 1);
      }
      parts.push(rest);
      bytes += rest.length;
      if (bytes > maxMessageBytes) socket.destroy();
    });
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
      const wasReady = this.#ready;
      this.#ready = false;
      for (const settle of this.#waiting.values()) settle(undefined);
      this.#waiting.clear();
      if (this.#closed) return;
      if (wasReady) this.#plan.onLost();
      this.#retry = setTimeout(() => this.#connect(), retryMs);
    });
  }

  #read(line: Buffer): void {
    let json: unknown;
    try {
      json = JSON.parse(line.toString('utf8'));
    } catch {
      json = undefined;
    }
    const parsed = gateMessageSchema.safeParse(json);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      this.#plan.onNonsense(`${issue?.path.join('.')}: ${issue?.message}`);
      return;
    }
    const message = parsed.data;
    if (!('request' in message)) {
      this.#plan.onMessage(message);
      return;
    }
    this.#waiting.get(message.request)?.(message);
    this.#waiting.delete(message.request);
  }

  /** The gate's reply; undefined when there is no gate, it was lost meanwhile, or it did not reply in 30 s. */
  ask(request: Request): Promise<Reply | undefined> {
    const socket = this.#socket;
    if (!this.#ready || socket === undefined) return Promise.resolve(undefined);
    const number = ++this.#requests;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(number);
        resolve(undefined);
      }, replyMs);
      this.#waiting.set(number, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      socket.write(`${JSON.stringify({ ...request, request: number })}\n`);
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }
}
