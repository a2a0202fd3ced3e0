// What real clients say first: their bytes as a listener on 127.0.0.1 receives them, which answers nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How a client is started, given the listener's port; gives what stops it. */
type Start = (port: number) => () => void;

const waitMs = 10_000;

/** The bytes that came until `complete` says that they are all there. */
export async function firstBytes(start: Start, complete: (bytes: Uint8Array) => boolean): Promise<Uint8Array> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  let bytes: Uint8Array = new Uint8Array(0);
  server.on('connection', (connection) => {
    connection.on('error', () => undefined);
    connection.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!complete(bytes)) return;
      connection.destroy();
      resolve(bytes);
    });
  });
  const stop = start((server.address() as AddressInfo).port);
  const timer = setTimeout(() => reject(new Error(`The client sent ${bytes.length} bytes in ${waitMs} ms.`)), waitMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    stop();
    server.close();
  }
}

/** A program with its arguments, in which `{port}` is the port. */
export function program(command: string, ...args: string[]): Start {
  return (port) => {
    const given = args.map((arg) => arg.replaceAll('{port}', `${port}`));
    const child = spawn(command, given, { stdio: ['ignore', 'ignore', 'ignore'] });
    child.on('error', () => undefined);
    return () => child.kill('SIGKILL');
  };
}

export function nodeTls(servername: string, ALPNProtocols: string[]): Start {
  return (port) => {
    const client = connectTls({ host: '127.0.0.1', port, servername, ALPNProtocols });
    client.on('error', () => undefined);
    return () => client.destroy();
  };
}
