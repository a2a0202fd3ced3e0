// The pages over TCP, on loopback alone: what no browser of this machine would send is refused before anything reads it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { isAdministrator } from '#api/access.ts';
import { type Caller, createPages } from '#api/pages/app.ts';
import { readStaticFiles } from '#api/pages/files.ts';
import { type Refusal, refusalOf, securityHeaders } from '#api/pages/headers.ts';
import type { Pages } from '#api/pages/pages.ts';
import { accountPeer } from '#api/pages/standing.ts';
import type { Services } from '#api/services.ts';
import { FarUser } from './faruser.ts';
import { Places } from './places.ts';
import { refuse } from './refusal.ts';

const address = '127.0.0.1';
const maxHeaderBytes = 16 * 1024;
const headersMs = 10_000;
const requestMs = 30_000;
/** Between two requests. */
const idleMs = 30_000;
/** While an answer is not ready, or not read; a stream of events may be still. */
const stillMs = 120_000;
const checkMs = 5000;

const builtPages = join(import.meta.dirname, '../../../../build/web');

export interface PagesServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly pages: Pages;
  readonly services: Services;
  /** Of the built pages. */
  readonly folder?: string;
  /** Milliseconds after which a port that could not be had is tried again. */
  readonly againMs?: number;
  /** Why the port cannot be had; it is tried again. */
  readonly onProblem: (problem: string) => void;
}

interface Owned {
  readonly uid: number | undefined;
}

export class PagesServer {
  readonly #options: PagesServerOptions;
  readonly #server: Server;
  readonly #farUser = new FarUser();
  readonly #places = new Places();
  /** Asked once, when the connection is made: at its end the kernel knows nobody any more. */
  readonly #owners = new WeakMap<Socket, Owned>();
  readonly #listener: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  readonly #looking: NodeJS.Timeout;
  #again: NodeJS.Timeout | undefined;
  #port = 0;

  constructor(options: PagesServerOptions) {
    this.#options = options;
    const { pages, services, folder = builtPages } = options;
    const app = createPages({ pages, services, files: readStaticFiles(folder) });
    this.#listener = getRequestListener((request, env) =>
      app.fetch(request, { caller: this.#caller(env.incoming as IncomingMessage, env.outgoing as ServerResponse) }),
    );
    this.#server = createServer({
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: checkMs,
    });
    // Those beyond a number would be left out without a word; the bytes of all are bounded.
    this.#server.maxHeadersCount = 0;
    this.#server.timeout = stillMs;
    // One connection that the kernel could not hand over is no reason to stop.
    this.#server.on('error', () => {});
    this.#server.on('connection', (socket: Socket) => this.#connected(socket));
    this.#server.on('request', (incoming, outgoing) => this.#asked(incoming, outgoing));
    // Whoever announces a body is told first whether it is wanted.
    this.#server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) =>
      this.#asked(incoming, outgoing, () => outgoing.writeContinue()),
    );
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseNonsense(error, socket as Socket));
    this.#looking = setInterval(() => pages.look(), checkMs).unref();
  }

  /** Resolves when it listens, or when it is known why it does not. */
  listen(): Promise<void> {
    const { port, pages, onProblem, againMs = 10_000 } = this.#options;
    return new Promise((resolve) => {
      const onError = (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
        const problem = `${address}:${port} cannot be had (${why}); it is tried again, or choose another port with --pages`;
        if (pages.state.problem !== problem) onProblem(problem);
        pages.state = { url: null, problem };
        this.#again = setTimeout(() => void this.listen(), againMs).unref();
        resolve();
      };
      this.#server.once('error', onError);
      this.#server.listen({ host: address, port }, () => {
        this.#server.off('error', onError);
        this.#port = (this.#server.address() as AddressInfo).port;
        pages.state = { url: `http://${address}:${this.#port}`, problem: null };
        resolve();
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  #connected(socket: Socket): void {
    const uid = this.#farUser.of(socket);
    // Where nobody is known, all are one, and told why.
    const leave = this.#places.take(uid ?? -1, () => uid !== undefined && isAdministrator(accountPeer(uid)));
    if (leave === undefined) {
      socket.destroy();
      return;
    }
    this.#owners.set(socket, { uid });
    socket.on('close', leave);
  }

  #asked(incoming: IncomingMessage, outgoing: ServerResponse, goOn?: () => void): void {
    const { method = '', url = '', headers } = incoming;
    const refusal = refusalOf({ method, target: url, headers }, this.#port) ?? this.#nobody(incoming);
    if (refusal !== undefined) {
      refuse(incoming.socket, refusal, method === 'HEAD');
      return;
    }
    for (const [name, value] of Object.entries(securityHeaders)) outgoing.setHeader(name, value);
    goOn?.();
    void this.#listener(incoming, outgoing);
  }

  #nobody({ socket }: IncomingMessage): Refusal | undefined {
    if (this.#owners.get(socket)?.uid !== undefined) return undefined;
    return {
      status: 403,
      error: { code: 'not-permitted', message: 'the kernel does not say whose connection this is' },
    };
  }

  #caller(incoming: IncomingMessage, outgoing: ServerResponse): Caller {
    const { socket } = incoming;
    return {
      uid: this.#owners.get(socket)?.uid ?? -1,
      onEnd: (listener) => {
        socket.setTimeout(0);
        outgoing.once('close', () => {
          socket.setTimeout(stillMs);
          listener();
        });
      },
      cut: () => socket.destroy(),
    };
  }

  close(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#again);
    this.#server.close();
    this.#server.closeAllConnections();
    this.#farUser.close();
  }
}

const nonsense: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** What is no request. */
function refuseNonsense({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const error = { code: 'bad-request', message: 'this is no request that can be read' } as const;
  refuse(socket, { status: nonsense[code ?? ''] ?? 400, error });
}
