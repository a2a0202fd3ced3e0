// The servers of the world, run inside its namespace: TCP that greets, UDP that echoes, UDP that is silent; they count.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const ports = { greet: [80, 443, 8080], echo: 7007, silent: 7008 } as const;
const counts = { connections: 0, datagrams: 0, silent: 0 };

for (const port of ports.greet) {
  createServer((socket) => {
    counts.connections += 1;
    socket.on('error', () => {});
    socket.end('HTTP/1.0 200 OK\r\ncontent-length: 6\r\n\r\nhello\n');
  }).listen({ port, host: '::', backlog: 4096 });
}
const echo = createSocket('udp6').bind(ports.echo, '::');
echo.on('message', (message, from) => {
  counts.datagrams += 1;
  echo.send(message, from.port, from.address);
});
createSocket('udp6')
  .bind(ports.silent, '::')
  .on('message', () => {
    counts.silent += 1;
  });

// Any byte on standard input asks for the counts; its end is the end.
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(counts)}\n`));
process.stdin.on('end', () => process.exit(0));
setTimeout(() => process.stdout.write('ready\n'), 50);
