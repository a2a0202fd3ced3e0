// Connections that do nothing, or never read: neither lasts, and neither grows.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { buildQuery, framed } from '#wire/dns/writer.testing.ts';
import { type Answerer, TcpDoor } from './tcpdoor.ts';

async function open(answer: Answerer, idleMs?: number): Promise<{ door: TcpDoor; socket: Socket }> {
  const door = new TcpDoor(answer, idleMs);
  door.server.listen(0, '127.0.0.1');
  await once(door.server, 'listening');
  const socket = connect((door.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { door, socket };
}

/** With whatever error. */
const closed = (socket: Socket) => new Promise((done) => socket.once('close', done));

test('a connection on which nothing goes on ends, and not before its time', async () => {
  const { door, socket } = await open(async (bytes) => bytes, 200);
  socket.resume();
  const began = performance.now();
  socket.write(framed(buildQuery(1, 'example.com')).subarray(0, 5));
  await closed(socket);
  const spent = performance.now() - began;
  assert.ok(spent >= 190 && spent < 20_000, `${spent} ms`);
  await door.close();
});

test('who asks and never reads is cut, and few of his answers are made', async () => {
  let made = 0;
  const { door, socket } = await open(async () => {
    made += 1;
    return new Uint8Array(60_000);
  });
  socket.pause();
  const query = framed(buildQuery(1, 'example.com'));
  const batch = Buffer.concat(Array.from({ length: 1000 }, () => query));
  const ended = closed(socket);
  // Nobody reads, so that only writing tells that the other end is gone.
  const writing = setInterval(() => socket.writableLength < batch.length && socket.write(batch), 5);
  await ended;
  clearInterval(writing);
  assert.ok(made > 4 && made < 1000, String(made));
  await door.close();
});

test('closing ends what is open', async () => {
  const { door, socket } = await open(() => new Promise(() => {}));
  socket.write(framed(buildQuery(1, 'example.com')));
  socket.resume();
  const ended = closed(socket);
  await door.close();
  await ended;
  await door.close();
});
