// The door to other machines: TLS, and a password. What says who asks is a session alone, so that nothing of it counts on loopback.
import { constants } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { readStaticFiles } from '#api/files/files.ts';
import { createPages } from '#api/pages/app.ts';
import { type Door, hostsOf } from '#api/pages/headers.ts';
import type { Pages } from '#api/pages/pages.ts';
import { plainAddress } from '#api/remote/prefix.ts';
import type { Services } from '#api/services.ts';
import type { RemoteOptions } from '../../up/options.ts';
import { fingerprintOf, type KeyPair, ownCertificate, wrongOf } from './certificate.ts';
import { Crowd } from './crowd.ts';
import { admit, attend, builtPages, serverOptions } from './door.ts';

/** A year. Browsers take it only from names, and only where they trusted the certificate (RFC 6797 sections 8.1 and 8.1.1). */
const strictTransport = { 'strict-transport-security': 'max-age=31536000' } as const;
const handshakeMs = 10_000;

export interface RemoteServerOptions {
  readonly remote: RemoteOptions;
  readonly stateDir: string;
  readonly pages: Pages;
  readonly services: Services;
  readonly folder?: string;
  /** Milliseconds after which an address that could not be had is tried again. */
  readonly againMs?: number;
  readonly now: () => number;
  /** A sentence for whoever reads along. */
  readonly say: (level: 'info' | 'warning', text: string) => void;
}

export class RemoteServer {
  readonly #options: RemoteServerOptions;
  readonly #server: Server;
  readonly #crowd: Crowd;
  #again: NodeJS.Timeout | undefined;
  #port = 0;
  #listens = false;
  #problem: string | null = null;

  constructor(options: RemoteServerOptions) {
    this.#options = options;
    const { pages, services, folder = builtPages } = options;
    this.#server = createServer({
      ...serverOptions,
      minVersion: 'TLSv1.2',
      // Each would cost another handshake, and no browser asks for one.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      handshakeTimeout: handshakeMs,
      ALPNProtocols: ['http/1.1'],
    });
    this.#crowd = new Crowd(() => pages.refusals.count('connections'));
    admit(this.#server, (socket) => this.#crowd.enter(socket, options.now()));
    this.#server.on('tlsClientError', (_, socket) => {
      pages.refusals.count('tls');
      socket.destroy();
    });
    attend({
      server: this.#server,
      app: createPages({ pages, services, files: readStaticFiles(folder) }),
      door: (incoming) => this.#door(incoming),
      whence: ({ remoteAddress }) =>
        remoteAddress === undefined ? undefined : { browser: 'remote', from: plainAddress(remoteAddress) },
      onGuest: (socket) => this.#crowd.know(socket),
      count: (reason) => pages.refusals.count(reason),
      headers: () => (options.remote.given ? strictTransport : {}),
    });
    this.#show('it has no certificate yet');
  }

  get port(): number {
    return this.#port;
  }

  /** The configured names, and the address that the connection came to: no name of somebody else's leads to a bare address. */
  #door({ socket }: IncomingMessage): Door {
    const address = plainAddress(socket.localAddress ?? '');
    const names = [...this.#options.remote.names, address.includes(':') ? `[${address}]` : address];
    return { hosts: hostsOf(names, this.#port, 'https'), scheme: 'https' };
  }

  /** The administrator's certificate, at the start and after each SIGHUP; connections and sessions go on. */
  take(pair: KeyPair | { readonly problem: string }): Promise<void> {
    if (this.#options.remote.given) return this.#use(pair);
    return Promise.resolve();
  }

  /** Where none is given: the own one, made anew where it is time. */
  takeOwn(): Promise<void> {
    const { remote, stateDir, now } = this.#options;
    if (remote.given) return Promise.resolve();
    const everywhere = remote.address === '0.0.0.0' || remote.address === '::';
    const addresses = Object.values(networkInterfaces()).flatMap((some) => (some ?? []).map(({ address }) => address));
    const hosts = everywhere ? remote.names : [...remote.names, remote.address];
    const pair = ownCertificate(stateDir, hosts, everywhere ? [hostname(), ...addresses] : [], now());
    return this.#use(pair.ok ? pair.value : { problem: pair.error });
  }

  async #use(pair: KeyPair | { readonly problem: string }): Promise<void> {
    const { pages, now, say, remote } = this.#options;
    const wrong = 'problem' in pair ? pair.problem : wrongOf(pair, now());
    if (wrong !== undefined || 'problem' in pair) {
      // An older one that still works is better than none.
      if (this.#listens) say('warning', `The remote pages keep their old certificate: ${wrong}.`);
      else this.#fail(wrong ?? '');
      return;
    }
    try {
      this.#server.setSecureContext({
        ...pair,
        minVersion: 'TLSv1.2',
        secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      });
    } catch (error) {
      this.#fail(`TLS does not take the certificate (${error instanceof Error ? error.message : error})`);
      return;
    }
    const { fingerprint, expires } = fingerprintOf(pair.cert);
    const before = pages.remote?.certificate?.fingerprint;
    if (pages.remote !== null)
      pages.remote = { ...pages.remote, certificate: { fingerprint, expires, own: !remote.given } };
    if (!this.#listens) await this.#listen();
    if (this.#listens && before !== fingerprint) {
      const made = remote.given ? '' : ', which Postern made itself: compare it when the browser asks';
      say('info', `The remote pages are on ${pages.remote?.url}. SHA-256 of the certificate: ${fingerprint}${made}.`);
    }
  }

  #show(problem: string | null): void {
    const { pages, remote } = this.#options;
    const name =
      remote.names[0] ?? (remote.address === '0.0.0.0' || remote.address === '::' ? hostname() : remote.address);
    const host = name.includes(':') ? `[${name}]` : name;
    const url = this.#listens ? `https://${host}${this.#port === 443 ? '' : `:${this.#port}`}` : null;
    pages.remote = { certificate: pages.remote?.certificate ?? null, url, problem };
  }

  #fail(problem: string): void {
    if (this.#problem !== problem) this.#options.say('warning', `The remote pages are not served: ${problem}.`);
    this.#problem = problem;
    this.#show(problem);
  }

  #listen(): Promise<void> {
    const { remote, againMs = 10_000 } = this.#options;
    const { address, port } = remote;
    return new Promise((resolve) => {
      const onError = (error: NodeJS.ErrnoException) => {
        const whys: Readonly<Record<string, string>> = {
          EADDRINUSE: 'another program listens there',
          EADDRNOTAVAIL: 'this machine has no such address',
          EACCES: 'ports below 1024 are for root, and the control plane is not root; choose one above',
        };
        this.#fail(
          `${address} port ${port} cannot be had (${whys[error.code ?? ''] ?? error.message}); it is tried again`,
        );
        this.#again = setTimeout(() => void this.#listen(), againMs).unref();
        resolve();
      };
      this.#server.once('error', onError);
      this.#server.listen({ host: address, port, ipv6Only: address.includes(':') && address !== '::' }, () => {
        this.#server.off('error', onError);
        this.#port = (this.#server.address() as AddressInfo).port;
        this.#listens = true;
        this.#problem = null;
        this.#show(null);
        resolve();
      });
    });
  }

  close(): void {
    clearTimeout(this.#again);
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
