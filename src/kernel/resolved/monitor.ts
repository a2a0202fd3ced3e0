// Hears from systemd-resolved what it answers to whoever asks: connects to its monitor, and again whenever that ends.
import { createConnection, type Socket } from 'node:net';
import type { ResolvedState } from '#model/status.ts';
import { escapeText } from '#std/text.ts';
import { parseMonitorReply, type ResolvedAnswer, subscribeCall } from '#wire/varlink/monitor.ts';
import { VarlinkStream } from '#wire/varlink/stream.ts';
import { libc } from '../ffi.ts';
import { descriptorOf, peerCredentials } from '../peercred.ts';
import { checkMonitorPath, monitorOwners } from './monitorpath.ts';

// include/linux/socket.h
const MSG_DONTWAIT = 0x40;

export interface MonitorPlan {
  /** Of the Unix socket, absolute. */
  readonly path: string;
  onAnswer(answer: ResolvedAnswer): void;
  /** Why a service that is there is not heard, once for each reason; that there is none is no trouble. */
  onTrouble(text: string): void;
  /** Uids that may own the socket and its folders, and be at its other end; left out: root and systemd-resolve. */
  readonly owners?: readonly number[];
  /** Milliseconds before it is tried again: at first, growing to the most. */
  readonly waits?: Waits;
}

export interface Waits {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The reason before it was tried. */
export const untried = 'it is being tried';

const waits: Waits = { firstMs: 1000, mostMs: 60_000 };
/** How long the service may take to say that it is ready: it asks nobody for root. */
const readyMs = 10_000;
/** Reads of one `drain`, each of a buffer: what is more waits for the event loop. */
const maxReads = 8;

export class ResolvedMonitor {
  readonly #plan: MonitorPlan;
  readonly #waits: Waits;
  readonly #buffer = Buffer.alloc(65_536);
  #stream = new VarlinkStream();
  #socket: Socket | undefined;
  #subscribed = false;
  #state: ResolvedState = { heard: false, reason: untried };
  #heardSince = 0;
  #wait: number;
  #timer: NodeJS.Timeout | undefined;
  #told = '';
  #lost = 0;
  #closed = false;

  /** Begins at once; a service that is not there or that goes away is tried again for ever. */
  constructor(plan: MonitorPlan) {
    this.#plan = plan;
    this.#waits = plan.waits ?? waits;
    this.#wait = this.#waits.firstMs;
    this.#connect();
  }

  get state(): ResolvedState {
    return this.#state;
  }

  /** Replies that could not be read, and times that the service was heard no more. */
  get lost(): number {
    return this.#lost;
  }

  #connect(): void {
    this.#timer = undefined;
    const { path, owners = monitorOwners() } = this.#plan;
    const checked = checkMonitorPath(path, owners);
    if (!checked.ok) {
      const { kind, text } = checked.error;
      this.#again(kind === 'absent' ? `there is no ${path}` : text, kind !== 'absent');
      return;
    }
    const socket = createConnection({ path });
    let reason = 'the service ended the connection';
    const giveUp = (text: string) => {
      reason = text;
      socket.destroy();
    };
    this.#stream = new VarlinkStream();
    this.#socket = socket;
    this.#timer = setTimeout(() => giveUp('the service does not say that it is ready'), readyMs).unref();
    socket.on('connect', () => {
      const uid = uidBehind(socket);
      if (uid === undefined || !owners.includes(uid)) {
        giveUp(`at its other end is ${uid === undefined ? 'nobody' : `uid ${uid}`}, not root or systemd-resolve`);
        return;
      }
      this.#subscribed = true;
      socket.write(subscribeCall);
    });
    socket.on('data', (bytes) => {
      const wrong = this.#take(bytes);
      if (wrong !== undefined) giveUp(wrong);
    });
    socket.on('error', ({ message }) => {
      reason = message;
    });
    socket.on('close', () => {
      if (this.#closed) return;
      if (this.#state.heard) {
        this.#lost += 1;
        // One that was heard for long has just been started anew.
        if (performance.now() - this.#heardSince > this.#waits.mostMs) this.#wait = this.#waits.firstMs;
      }
      this.#again(`${path}: ${reason}`, true);
    });
  }

  /** Why the connection is of no use, where it is not. */
  #take(bytes: Uint8Array): string | undefined {
    const stream = this.#stream;
    for (const message of stream.handle(bytes)) {
      const reply = parseMonitorReply(message);
      if (!reply.ok) {
        this.#lost += 1;
      } else if (reply.value.type === 'error') {
        return `the service refuses: ${escapeText(reply.value.error.slice(0, 100))}`;
      } else if (reply.value.type === 'ready') {
        clearTimeout(this.#timer);
        this.#heardSince = performance.now();
        this.#state = { heard: true, reason: '' };
        this.#told = '';
      } else if (reply.value.type === 'answer') {
        this.#plan.onAnswer(reply.value.answer);
      }
    }
    return stream.error === undefined ? undefined : `the service sends what is no message (${stream.error})`;
  }

  /**
   * Takes at once what has come: resolved tells its monitors of an answer before, or a moment after, it tells who asked, whose
   * packet must not be judged by what was known before. Costs one system call where nothing came.
   */
  drain(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#subscribed) return;
    for (let reads = 0; reads < maxReads; reads++) {
      // Asked for each time: once it is closed, its number may be another file's.
      const fd = descriptorOf(socket);
      const length = fd === undefined ? 0 : libc.recv(fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      // Ends and errors are met again by the event loop.
      if (length <= 0) return;
      // Like any other bytes of this connection, so that there is one way for what is wrong with them.
      socket.emit('data', this.#buffer.subarray(0, length));
    }
  }

  #again(reason: string, trouble: boolean): void {
    clearTimeout(this.#timer);
    this.#socket = undefined;
    this.#subscribed = false;
    this.#state = { heard: false, reason };
    if (trouble && reason !== this.#told) this.#plan.onTrouble(reason);
    this.#told = trouble ? reason : '';
    this.#timer = setTimeout(() => this.#connect(), this.#wait).unref();
    this.#wait = Math.min(2 * this.#wait, this.#waits.mostMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}

function uidBehind(socket: Socket): number | undefined {
  const fd = descriptorOf(socket);
  try {
    return fd === undefined ? undefined : peerCredentials(fd).uid;
  } catch {
    return undefined; // it has ended
  }
}
