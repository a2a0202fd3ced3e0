// The answer to what is not served: written past HTTP's own machinery, which would read the rest of a body before it closes.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Refusal, securityHeaders } from '#api/pages/headers.ts';

/** How long whoever still sends may take to read why nobody reads: a reset would take the answer away. */
const lingerMs = 500;

/** Writes it and ends the connection; nothing more is read from it. `bare`: without the body, as for HEAD. */
export function refuse(
  socket: Socket,
  { status, error }: Omit<Refusal, 'status'> & { status: number },
  bare = false,
): void {
  const body = JSON.stringify({ error });
  const headers = {
    ...securityHeaders,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.pause();
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${bare ? '' : body}`);
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
}
