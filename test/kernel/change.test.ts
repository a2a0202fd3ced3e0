// A change of the rules under load: each packet that the kernel queued has its verdict all the same.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Netfilter } from '#kernel/netfilter/netfilter.ts';
import { NetlinkSocket, netlinkFamilies } from '#kernel/netlink/socket.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';
import { enterPair } from './pair.ts';
import { until } from './programs.ts';

enterPair();

const plan = (failMode: 'open' | 'known') =>
  ({ mode: 'ask', failMode, forward: false, kernelRules: { output: [], input: [], forward: [] } }) as const;
const waiting = () =>
  Number(readFileSync('/proc/thread-self/net/netfilter/nfnetlink_queue', 'utf8').trim().split(/\s+/)[2]);

test('no packet is lost while rules are exchanged', { timeout: 240_000 }, async () => {
  const queue = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  const kernel = new Netfilter({
    queueFd: queue.fd,
    queueNumber: 20559,
    packetShift: 28,
    conntrackShift: 24,
    lookup: new SocketLookup(),
    beforeBatch: () => {},
  });
  after(async () => {
    await kernel.close();
    queue.close();
  });
  kernel.onPacket((packet) => kernel.verdict([packet], 'accept', packet.flow));
  assert.ok((await kernel.applyRules(plan('known'))).ok);
  const server = createServer((socket) => socket.on('error', () => {}).destroy()).listen(7011, '127.0.0.1');
  after(() => server.close());
  await once(server, 'listening');
  const dialler = join(import.meta.dirname, '../lab/dialler.py');
  const load = spawn('/usr/bin/python3', [dialler, 'rate', '127.0.0.1', '7011', '1000', '3']);
  let said = '';
  load.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(load, 'close');
  after(() => load.kill('SIGKILL'));
  for (let count = 0; load.exitCode === null; count++) {
    assert.ok((await kernel.applyRules(plan(count % 2 === 0 ? 'open' : 'known'))).ok);
    kernel.followed();
  }
  await ended;
  const { done, failed } = JSON.parse(said) as { done: number; failed: number };
  assert.deepEqual([done, failed], [3000, 0]);
  await until(() => waiting() === 0, 'that nothing waits for a verdict');
  const { packets, accepted } = kernel.counters();
  assert.equal(accepted, packets);
});
