// The servers of the world, run inside its namespace: TCP that greets, UDP that echoes, UDP that is silent; they count.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const ports = { greet: [80, 443, 8080], echo: 7007, silent: 7008 } as const;
const counts = { connections: 0, datagrams: 0, silent: 0 };

const servers = ports.greet.map((port) =>
  createServer((socket) => {
    counts.connections += 1;
    socket.on('error', () => {});
    socket.end('HTTP/1.0 200 OK\r\ncontent-length: 6\r\n\r\nhello\n');
  }).listen({ port, host: '::', backlog: 4096 }),
);
const echo = createSocket('udp6').bind(ports.echo, '::');
echo.on('message', (message, from) => {
  counts.datagrams += 1;
  echo.send(message, from.port, from.address);
});
const silent = createSocket('udp6')
  .bind(ports.silent, '::')
  .on('message', () => {
    counts.silent += 1;
  });

/** Datagrams that arrived for these sockets when they had no room: more came at once than this process could read. */
function unread(): number {
  const [heads = '', values = ''] = readFileSync('/proc/self/net/snmp', 'utf8').match(/^Udp: .*$/gm) ?? [];
  return Number(values.split(' ')[heads.split(' ').indexOf('RcvbufErrors')]);
}

// Any byte on standard input asks for the counts; its end is the end.
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify({ ...counts, unread: unread() })}\n`));
process.stdin.on('end', () => process.exit(0));
await Promise.all([...servers, echo, silent].map((one) => once(one, 'listening')));
process.stdout.write('ready\n');
