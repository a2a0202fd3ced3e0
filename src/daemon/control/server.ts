// The Unix socket of the API: who connects is told by the kernel, and the number of connections is bounded.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Peer } from '#api/access.ts';
import { createApi } from '#api/app.ts';
import type { Services } from '#api/services.ts';
import { descriptorOf, peerCredentials } from '#kernel/peercred.ts';

const maxConnections = 256;
const requestMs = 30_000;

function identify(env: unknown): Peer | undefined {
  const { socket } = (env as { readonly incoming: IncomingMessage }).incoming;
  return peers.get(socket);
}

/** Asked once, when the connection is made: later the descriptor may be another one's. */
const peers = new WeakMap<Socket, Peer>();

/** Resolves when the socket listens. */
export function serveApi(path: string, services: Services): Promise<Server> {
  const api = createApi(services, identify);
  const listener = getRequestListener(api.fetch);
  const server = createServer((request, response) => void listener(request, response));
  server.maxConnections = maxConnections;
  server.requestTimeout = requestMs;
  server.headersTimeout = requestMs;
  server.on('connection', (socket: Socket) => {
    const fd = descriptorOf(socket);
    try {
      if (fd !== undefined) peers.set(socket, peerCredentials(fd));
    } catch {
      socket.destroy();
    }
  });
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o666);
      resolve(server);
    });
  });
}
