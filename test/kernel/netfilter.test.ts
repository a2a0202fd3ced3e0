// The real adapter against the real kernel: each verdict does what KernelPort says, and the kernel remembers it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueuedPacket, Verdict } from '#engine/types.ts';
import { Netfilter } from '#kernel/netfilter/netfilter.ts';
import { NetlinkSocket, netlinkFamilies } from '#kernel/netlink/socket.ts';
import { SocketLookup } from '#kernel/netlink/socketlookup.ts';
import type { KernelPlan } from '#kernel/port.ts';
import { formatEndpoint } from '#model/flow.ts';
import { enterPair, far, near } from './pair.ts';
import { until } from './programs.ts';

const pair = enterPair();
const enforce: KernelPlan = {
  mode: 'ask',
  failMode: 'known',
  forward: false,
  kernelRules: { output: [], input: [], forward: [] },
};

interface Watched {
  readonly kernel: Netfilter;
  readonly seen: QueuedPacket[];
  judge: (packet: QueuedPacket) => Verdict | 'hold';
}

function open(queueFd: number): Watched {
  const kernel = new Netfilter({
    queueFd,
    queueNumber: 20559,
    packetShift: 28,
    conntrackShift: 24,
    lookup: new SocketLookup(),
    beforeBatch: () => {},
  });
  const watched: Watched = { kernel, seen: [], judge: () => 'accept' };
  kernel.onPacket((packet) => {
    watched.seen.push(packet);
    const verdict = watched.judge(packet);
    if (verdict !== 'hold') kernel.verdict([packet], verdict, packet.flow);
  });
  return watched;
}

const queueSocket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
queueSocket.setReceiveBuffer(1 << 24);
queueSocket.setOption('noEnobufs', 1);
const watched = open(queueSocket.fd);
const { kernel, seen } = watched;

async function withFarServer(port: number, run: () => Promise<void>): Promise<void> {
  const server = spawn('nsenter', [
    `--net=/run/netns/${pair.farNamespace}`,
    'python3',
    '-c',
    `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('::', ${port})); s.listen(64); print('ready', flush=True)
while True:
    c, _ = s.accept(); c.sendall(b'hello'); c.close()
`,
  ]);
  await once(server.stdout, 'data');
  try {
    await run();
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}

/** `hello`, the error's code, or that there was nothing for so long. */
async function dial(port: number, host: string = far.v4, patienceMs = 20_000): Promise<string> {
  const socket = connect({ host, port, family: host.includes(':') ? 6 : 4 });
  const said = await new Promise<string>((resolve) => {
    socket.on('data', (data) => resolve(data.toString()));
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    setTimeout(() => resolve('silence'), patienceMs).unref();
  });
  socket.destroy();
  return said;
}

function seenTo(port: number): QueuedPacket[] {
  return seen.filter((packet) => packet.flow.remote.port === port);
}

test('the table stands, and the kernel says how it queues', async () => {
  const applied = await kernel.applyRules(enforce);
  assert.deepEqual(applied, { ok: true, value: undefined });
  assert.match(kernel.queueKind, /^(native|compat)$/);
});

for (const host of [far.v4, far.v6]) {
  test(`an accepted connection to ${host} is queued once and never again`, async () => {
    await withFarServer(7001, async () => {
      const before = seenTo(7001).length;
      assert.equal(await dial(7001, host), 'hello');
      assert.equal(seenTo(7001).length - before, 1);
      assert.equal(seenTo(7001).at(-1)?.uid, 0);
      assert.equal(seenTo(7001).at(-1)?.flow.interface, 'near0');
    });
  });

  test(`a rejected connection to ${host} fails at once`, async () => {
    watched.judge = () => 'reject';
    const begun = performance.now();
    const said = await dial(7002, host);
    watched.judge = () => 'accept';
    assert.equal(said, 'ECONNREFUSED');
    assert.ok(performance.now() - begun < 10_000, 'long before it is given up');
  });
}

test('a dropped connection hears nothing', async () => {
  watched.judge = (packet) => (packet.flow.remote.port === 7003 ? 'drop' : 'accept');
  assert.equal(await dial(7003, far.v4, 1500), 'silence');
  watched.judge = () => 'accept';
});

test('a held connection goes on when its verdict comes', async () => {
  await withFarServer(7004, async () => {
    watched.judge = (packet) => (packet.flow.remote.port === 7004 ? 'hold' : 'accept');
    const dialled = dial(7004);
    await until(() => seenTo(7004).length > 0, 'the packet');
    assert.equal(await Promise.race([dialled, sleep(300).then(() => 'held')]), 'held');
    watched.judge = () => 'accept';
    const held = seenTo(7004);
    for (const packet of held) kernel.verdict([packet], 'accept', packet.flow);
    kernel.flush();
    assert.equal(await dialled, 'hello');
    assert.equal(seenTo(7004).length, held.length, 'by this verdict, and not by that for one that came again');
  });
});

test('a refused datagram is answered, and remembered by the kernel', async () => {
  watched.judge = (packet) => (packet.flow.remote.port === 7005 ? 'reject' : 'accept');
  const socket = createSocket('udp4');
  socket.connect(7005, far.v4);
  await once(socket, 'connect');
  const failed = once(socket, 'error');
  socket.send('a');
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.match(String(error.code), /EHOSTUNREACH|ECONNREFUSED|EHOSTDOWN/);
  const queued = seenTo(7005).length;
  socket.on('error', () => {});
  for (let i = 0; i < 5; i++) {
    socket.send('b');
    await sleep(20);
  }
  assert.equal(seenTo(7005).length, queued, 'the kernel refuses the rest by itself');
  // A change of the policy voids what it remembers.
  await kernel.applyRules(enforce);
  socket.send('c');
  await until(() => seenTo(7005).length > queued, 'the next to be judged');
  assert.equal(seenTo(7005).length, queued + 1);
  watched.judge = () => 'accept';
  socket.close();
});

test('datagrams to a silent peer are queued once, also large ones', async () => {
  const socket = createSocket('udp4');
  socket.connect(7006, far.v4);
  await once(socket, 'connect');
  socket.on('error', () => {});
  const queued = seenTo(7006).length;
  for (let i = 0; i < 5; i++) {
    socket.send(Buffer.alloc(65_507, i));
    await until(() => seenTo(7006).length > queued, 'the first');
    await sleep(30);
  }
  assert.equal(seenTo(7006).length - queued, 1);
  socket.close();
});

test('a revoked flow is judged anew, and a refusal then ends it', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    setInterval(() => socket.write('tick'), 50).unref();
  });
  server.listen(7007, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(7007, '127.0.0.1');
  await once(socket, 'data');
  const [packet] = seenTo(7007);
  assert.ok(packet);
  watched.judge = (seenPacket) => (formatEndpoint(seenPacket.flow.remote).endsWith(':7007') ? 'reject' : 'accept');
  kernel.revoke(packet.flow, 'reject');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.match(String(error.code), /ECONNABORTED|ECONNRESET/);
  watched.judge = () => 'accept';
  server.close();
});

test('flows nobody remembers are voided by the sweep', async () => {
  await withFarServer(7008, async () => {
    await dial(7008);
    assert.ok(kernel.revokeUnless(() => false) > 0);
    assert.equal(
      kernel.revokeUnless(() => false),
      0,
    );
  });
});

test('a foreign mark stays, and its refusal is dropped, not marked', async () => {
  watched.judge = (packet) => (packet.flow.remote.port === 7009 ? 'reject' : 'accept');
  const script = `
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, 36, 0xca6c); s.settimeout(15)
try:
    s.connect(('${far.v4}', 7009)); print('connected')
except OSError as e: print(type(e).__name__)
`;
  const child = spawn('python3', ['-c', script]);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(said.toString().trim(), 'ConnectionAbortedError');
  assert.equal(seenTo(7009)[0]?.mark, 0xca6c);
  watched.judge = () => 'accept';
});

test('incoming connections are queued as such, with the peer as remote', async () => {
  const server = createServer((socket) => socket.end('hello')).listen(7010, '0.0.0.0');
  await once(server, 'listening');
  const child = spawn('nsenter', [
    `--net=/run/netns/${pair.farNamespace}`,
    'python3',
    '-c',
    `import socket; print(socket.create_connection(('${near.v4}', 7010), 15).recv(9))`,
  ]);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.match(said.toString(), /hello/);
  const incoming = seen.filter((packet) => packet.flow.local?.port === 7010 && packet.flow.direction === 'in');
  assert.equal(incoming.length, 1);
  assert.equal(incoming[0]?.uid, undefined);
  assert.equal(formatEndpoint({ ...(incoming[0] as QueuedPacket).flow.remote, port: 0 }), far.v4);
  server.close();
});

test('after close nothing is left behind', async () => {
  await kernel.close();
  const { spawnSync } = await import('node:child_process');
  assert.equal(spawnSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }).stdout, '');
  queueSocket.close();
});
