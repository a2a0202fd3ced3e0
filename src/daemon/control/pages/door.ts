// What both doors to the pages do with a request: refuse it before anything reads it, or hand it on with who asks.
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { createPages } from '#api/pages/app.ts';
import { type Door, type Refusal, refusalOf, securityHeaders } from '#api/pages/headers.ts';
import type { Whence } from '#api/pages/pages.ts';
import type { RefusalReason } from '#model/pages/login.ts';
import { refuse } from './refusal.ts';

export const builtPages = join(import.meta.dirname, '../../../../build/web');

const maxHeaderBytes = 16 * 1024;
const headersMs = 10_000;
const requestMs = 30_000;
/** Between two requests. */
const idleMs = 30_000;
/** While an answer is not ready, or not read; a stream of events may be still. */
const stillMs = 120_000;
export const checkMs = 5000;

/** For createServer of both. */
export const serverOptions: ServerOptions = {
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: headersMs,
  requestTimeout: requestMs,
  keepAliveTimeout: idleMs,
  connectionsCheckingInterval: checkMs,
};

export interface DoorParts {
  readonly server: Server;
  readonly app: ReturnType<typeof createPages>;
  readonly door: (incoming: IncomingMessage) => Door;
  /** undefined: nobody knows, and nothing is served. */
  readonly whence: (socket: Socket) => Whence | undefined;
  /** Somebody is logged in at the other end. */
  readonly onGuest?: (socket: Socket) => void;
  readonly count: (reason: RefusalReason) => void;
  /** Beside those that every answer has. */
  readonly headers?: () => Readonly<Record<string, string>>;
}

/** HTTP, and TLS before it, cost memory and time from their first moment: they begin only with connections that find a place. */
export function admit(server: Server, finds: (socket: Socket) => boolean): void {
  const begins = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (finds(socket)) for (const begin of begins) begin.call(server, socket);
  });
}

const unknown: Refusal = {
  status: 403,
  error: { code: 'not-permitted', message: 'the kernel does not say whose connection this is' },
};

const reasons: Readonly<Record<Refusal['status'], RefusalReason>> = {
  ...{ 400: 'nonsense', 403: 'origin', 411: 'size', 413: 'size', 421: 'host' },
};

export function attend({
  server,
  app,
  door,
  whence,
  count,
  onGuest = () => {},
  headers = () => ({}),
}: DoorParts): void {
  const listener = getRequestListener((request, env) => {
    const { socket } = env.incoming as IncomingMessage;
    const outgoing = env.outgoing as ServerResponse;
    const caller = {
      ...(whence(socket) ?? { browser: -1, from: null }),
      onEnd: (ended: () => void) => {
        socket.setTimeout(0);
        outgoing.once('close', () => {
          socket.setTimeout(stillMs);
          ended();
        });
      },
      cut: () => socket.destroy(),
      onGuest: () => onGuest(socket),
    };
    return app.fetch(request, { caller });
  });
  const asked = (incoming: IncomingMessage, outgoing: ServerResponse, goOn?: () => void): void => {
    const { method = '', url = '' } = incoming;
    // Node takes the first of several hosts; who stands before it may take another (RFC 9112 section 3.2).
    const host = incoming.headersDistinct.host?.length === 1 ? incoming.headers.host : undefined;
    const of = { method, target: url, headers: { ...incoming.headers, host } };
    const refusal = refusalOf(of, door(incoming)) ?? (whence(incoming.socket) === undefined ? unknown : undefined);
    if (refusal !== undefined) {
      count(reasons[refusal.status]);
      refuse(incoming.socket, refusal, method === 'HEAD');
      return;
    }
    for (const [name, value] of Object.entries({ ...securityHeaders, ...headers() })) outgoing.setHeader(name, value);
    goOn?.();
    void listener(incoming, outgoing);
  };
  // Those beyond a number would be left out without a word; the bytes of all are bounded.
  server.maxHeadersCount = 0;
  server.timeout = stillMs;
  // One connection that the kernel could not hand over is no reason to stop.
  server.on('error', () => {});
  server.on('request', (incoming, outgoing) => asked(incoming, outgoing));
  // Whoever announces a body is told first whether it is wanted.
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) =>
    asked(incoming, outgoing, () => outgoing.writeContinue()),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== 'ECONNRESET') count('nonsense');
    refuseNonsense(error, socket as Socket);
  });
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
