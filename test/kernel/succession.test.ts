// A gate dies by SIGKILL with a packet in its hands; the next one on the same socket judges that very packet.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { QueuedPacket } from '#engine/types.ts';
import { Netfilter } from '#kernel/netfilter/netfilter.ts';
import { NetlinkSocket, netlinkFamilies } from '#kernel/netlink/socket.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';
import { enterPair } from './pair.ts';

enterPair();

test('held packets survive their gate', async () => {
  const queue = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  const dead = spawn(process.execPath, [join(import.meta.dirname, 'holdall.ts')], {
    stdio: ['ignore', 'pipe', 'inherit', queue.fd],
  });
  const lines = createInterface({ input: dead.stdout as NodeJS.ReadableStream });
  await once(lines, 'line');
  // A datagram: nobody sends it again.
  const server = createSocket('udp4').bind(7011, '127.0.0.1');
  await once(server, 'listening');
  const arrives = once(server, 'message');
  const held = once(lines, 'line');
  const socket = createSocket('udp4');
  socket.send('hello', 7011, '127.0.0.1');
  await held;
  dead.kill('SIGKILL');
  await once(dead, 'exit');

  const heir = new Netfilter({
    queueFd: queue.fd,
    queueNumber: 20559,
    packetShift: 28,
    conntrackShift: 24,
    lookup: new SocketLookup(),
    beforeBatch: () => {},
  });
  const judged: QueuedPacket[] = [];
  heir.onPacket((packet) => {
    judged.push(packet);
    heir.verdict([packet], 'accept', packet.flow);
  });
  const applied = await heir.applyRules({
    mode: 'ask',
    failMode: 'known',
    forward: false,
    kernelRules: { output: [], input: [], forward: [] },
  });
  assert.deepEqual(applied, { ok: true, value: undefined });
  const [said] = (await arrives) as [Buffer];
  assert.equal(said.toString(), 'hello');
  const attempts = judged.filter(({ flow }) => flow.protocol === 'udp' && flow.direction === 'out');
  assert.equal(attempts.length, 1);
  socket.close();
  server.close();
  await heir.close();
  queue.close();
});
