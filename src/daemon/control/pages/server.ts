// The pages over TCP, on loopback alone: what no browser of this machine would send is refused before anything reads it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isAdministrator } from '#api/access.ts';
import { readStaticFiles } from '#api/files/files.ts';
import { createPages } from '#api/pages/app.ts';
import { localDoor } from '#api/pages/headers.ts';
import type { Pages, Whence } from '#api/pages/pages.ts';
import { accountPeer } from '#api/pages/standing.ts';
import type { Services } from '#api/services.ts';
import { admit, attend, builtPages, checkMs, serverOptions } from './door.ts';
import { FarUser } from './faruser.ts';
import { Places } from './places.ts';

const address = '127.0.0.1';

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

export class PagesServer {
  readonly #options: PagesServerOptions;
  readonly #server: Server;
  readonly #farUser = new FarUser();
  readonly #places = new Places();
  /** Asked once, when the connection is made: at its end the kernel knows nobody any more. */
  readonly #owners = new WeakMap<Socket, Whence>();
  readonly #looking: NodeJS.Timeout;
  #again: NodeJS.Timeout | undefined;
  #port = 0;

  constructor(options: PagesServerOptions) {
    this.#options = options;
    const { pages, services, folder = builtPages } = options;
    this.#server = createServer(serverOptions);
    admit(this.#server, (socket) => this.#connected(socket));
    attend({
      server: this.#server,
      app: createPages({ pages, services, files: readStaticFiles(folder) }),
      door: () => localDoor(this.#port),
      whence: (socket) => this.#owners.get(socket),
      count: (reason) => pages.refusals.count(reason),
    });
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

  /** Whether it found a place; otherwise it is ended. */
  #connected(socket: Socket): boolean {
    const uid = this.#farUser.of(socket);
    // Where nobody is known, all are one, and told why.
    const leave = this.#places.take(uid ?? -1, () => uid !== undefined && isAdministrator(accountPeer(uid)));
    if (leave === undefined) {
      this.#options.pages.refusals.count('connections');
      socket.destroy();
      return false;
    }
    if (uid !== undefined) this.#owners.set(socket, { browser: uid, from: null });
    socket.on('close', leave);
    return true;
  }

  close(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#again);
    this.#server.close();
    this.#server.closeAllConnections();
    this.#farUser.close();
  }
}
