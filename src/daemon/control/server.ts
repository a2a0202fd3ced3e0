// The Unix socket of the API: who connects is told by the kernel, and the number of connections is bounded.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { isAdministrator, type Peer } from '#api/access.ts';
import { createApi } from '#api/app.ts';
import type { Services } from '#api/services.ts';
import { descriptorOf, peerCredentials } from '#kernel/peercred.ts';

const maxConnections = 256;
/** Of one user who is no administrator, so that nobody shuts the others out. */
const maxConnectionsOfUser = 32;
/** Kept free for administrators, however many users there are. */
const reservedConnections = 32;
const requestMs = 30_000;

function identify(env: unknown): Peer | undefined {
  const { socket } = (env as { readonly incoming: IncomingMessage }).incoming;
  return peers.get(socket);
}

/** Asked once, when the connection is made: later the descriptor may be another one's. */
const peers = new WeakMap<Socket, Peer>();

function identifyPeer(socket: Socket): Peer | undefined {
  const fd = descriptorOf(socket);
  try {
    return fd === undefined ? undefined : peerCredentials(fd);
  } catch {
    return undefined;
  }
}

/** Resolves when the socket listens. */
export function serveApi(path: string, services: Services): Promise<Server> {
  const api = createApi(services, identify);
  const listener = getRequestListener(api.fetch);
  const server = createServer((request, response) => void listener(request, response));
  server.maxConnections = maxConnections;
  server.requestTimeout = requestMs;
  server.headersTimeout = requestMs;
  const open = new Map<number, number>();
  let opened = 0;
  server.on('connection', (socket: Socket) => {
    const peer = identifyPeer(socket);
    if (peer === undefined) {
      socket.destroy();
      return;
    }
    const own = open.get(peer.uid) ?? 0;
    const full = own >= maxConnectionsOfUser || opened >= maxConnections - reservedConnections;
    if (full && !isAdministrator(peer)) {
      socket.destroy();
      return;
    }
    peers.set(socket, peer);
    opened += 1;
    open.set(peer.uid, own + 1);
    socket.on('close', () => {
      opened -= 1;
      const left = (open.get(peer.uid) ?? 1) - 1;
      if (left === 0) open.delete(peer.uid);
      else open.set(peer.uid, left);
    });
  });
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      // One connection that the kernel could not hand over is no reason to stop.
      server.on('error', () => {});
      chmodSync(path, 0o666);
      resolve(server);
    });
  });
}
