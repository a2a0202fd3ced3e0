// A server of lists on this machine, over HTTPS with a certificate of its own.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export type ListAnswerer = (request: IncomingMessage, response: ServerResponse) => void;

export class ListServer {
  /** In PEM, for who shall believe it. */
  readonly ca: string;
  answer: ListAnswerer = (_, response) => response.end();
  readonly #server: Server;

  private constructor(key: Buffer, ca: string) {
    this.ca = ca;
    this.#server = createServer({ key, cert: ca }, (request, response) => this.answer(request, response));
  }

  /** Key and certificate are made in `folder`. */
  static async start(folder: string): Promise<ListServer> {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', key, '-out', cert];
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject];
    execFileSync('openssl', made, { stdio: 'ignore' });
    const server = new ListServer(readFileSync(key), readFileSync(cert, 'utf8'));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  url(path = '/'): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
