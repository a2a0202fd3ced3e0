// The flow cache on the real kernel: what is taught is decided without a packet in user space, what is not is asked with its caller.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { QueuedPacket } from '#engine/types.ts';
import { guard, pidOf } from './guarded.ts';
import { far, near } from './pair.ts';

const guarded = await guard();
const { pair, teach, forget } = guarded;

async function run(file: string, args: readonly string[]): Promise<{ pid: number; code: number; output: string }> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  return { pid: child.pid as number, code, output };
}

async function withFar(code: string, body: () => Promise<void>): Promise<void> {
  const server = spawn('nsenter', [`--net=/run/netns/${pair.farNamespace}`, 'python3', '-c', code]);
  server.stderr.pipe(process.stderr);
  await once(server.stdout, 'data');
  try {
    await body();
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}

const greeter = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('::', 80)); s.listen(64); print('ready', flush=True)
while True:
    c, _ = s.accept(); c.recv(1000); c.sendall(b'HTTP/1.0 200 OK\\r\\ncontent-length: 5\\r\\n\\r\\nhello'); c.close()
`;
const curl = (host: string) => run('curl', ['-s', '-g', '-m', '20', `http://${host}/`]);

for (const host of [far.v4, `[${far.v6}]`]) {
  test(`an unknown connection to ${host} is asked with its caller, and what is taught is not asked again`, () =>
    withFar(greeter, async () => {
      forget();
      const first = await curl(host);
      assert.deepEqual([first.code, first.output], [0, 'hello']);
      assert.deepEqual(guarded.seen.map(pidOf), [first.pid]);
      const [packet] = guarded.seen;
      assert.ok(packet);
      teach(packet, 'allow', { executable: true, protocol: true, port: true, remoteBits: 32 });
      const second = await curl(host);
      assert.deepEqual([second.code, second.output, guarded.seen.length], [0, 'hello', 1]);
      const other = await run('python3', [
        '-c',
        `import socket; socket.create_connection(("${host.replace(/[[\]]/g, '')}", 80))`,
      ]);
      assert.deepEqual([other.code, guarded.seen.length], [0, 2], other.output);
      forget();
      await curl(host);
      assert.equal(guarded.seen.length, 1, 'a swap of the policy voids what was taught');
    }));
}

const pythonConnect = (host: string) =>
  run('python3', [
    '-c',
    `import socket\ntry: socket.create_connection(('${host}', 80), 3); print('open')\nexcept OSError as e: print(e.errno)`,
  ]);

test('what is taught to be refused fails in the call, and what is taught to be dropped hangs', () =>
  withFar(greeter, async () => {
    forget();
    await pythonConnect(far.v4);
    const [packet] = guarded.seen;
    assert.ok(packet);
    teach(packet, 'reject', { executable: true, remoteBits: 32 });
    assert.equal((await pythonConnect(far.v4)).output.trim(), '1');
    assert.equal(guarded.seen.length, 1);
    assert.equal((await curl(far.v4)).output, 'hello');
    forget();
    await pythonConnect(far.v4);
    teach(guarded.seen[0] as QueuedPacket, 'drop', { executable: true });
    assert.equal((await pythonConnect(far.v4)).output.trim(), 'None');
    assert.equal(guarded.seen.length, 1);
  }));

const echo = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(('::', 7)); print('ready', flush=True)
while True:
    d, a = s.recvfrom(2000); s.sendto(d, a)
`;
const datagrams = (host: string, count: number, connected: boolean) =>
  run('python3', [
    '-c',
    `
import socket
s = socket.socket(socket.AF_INET6 if ':' in '${host}' else socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(15)
try:
    if ${connected ? 'True' : 'False'}: s.connect(('${host}', 7))
    for i in range(${count}):
        (s.send(b'x') if ${connected ? 'True' : 'False'} else s.sendto(b'x', ('${host}', 7)))
        s.recv(10)
    print('all')
except OSError as e: print(e.errno or 'timeout')
`,
  ]);

for (const connected of [false, true]) {
  test(`datagrams of a${connected ? ' connected' : 'n unconnected'} socket are asked once, and their replies never`, () =>
    withFar(echo, async () => {
      for (const host of [far.v4, far.v6]) {
        forget();
        const first = await datagrams(host, 3, connected);
        assert.equal(first.output.trim(), 'all');
        assert.deepEqual(guarded.seen.map(pidOf), [first.pid]);
        teach(guarded.seen[0] as QueuedPacket, 'allow', { executable: true });
        assert.equal((await datagrams(host, 3, connected)).output.trim(), 'all');
        assert.equal(guarded.seen.length, 1);
        forget();
        await datagrams(host, 1, connected);
        teach(guarded.seen[0] as QueuedPacket, 'reject', { executable: true });
        assert.equal((await datagrams(host, 1, connected)).output.trim(), '1');
        assert.equal(guarded.seen.length, 1);
      }
    }));
}

test('what comes in is asked with its listener, then known', async () => {
  forget();
  const server = spawn('python3', ['-c', greeter]);
  await once(server.stdout, 'data');
  const far80 = `import socket\ntry: c = socket.create_connection(('${near.v4}', 80), 15); c.sendall(b'x'); print(len(c.recv(100)) > 0)\nexcept OSError as e: print(e.errno)`;
  const connect = () => pair.runFar('python3', ['-c', far80]);
  const asynchronous = async () => {
    const child = spawn('nsenter', [`--net=/run/netns/${pair.farNamespace}`, 'python3', '-c', far80]);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await once(child, 'close');
    return text.trim();
  };
  assert.equal(await asynchronous(), 'True');
  assert.deepEqual(guarded.seen.map(pidOf), [server.pid]);
  teach(guarded.seen[0] as QueuedPacket, 'allow', { executable: true, port: true });
  assert.equal(await asynchronous(), 'True');
  assert.equal(guarded.seen.length, 1);
  forget();
  await asynchronous();
  teach(guarded.seen[0] as QueuedPacket, 'reject', { executable: true });
  assert.equal(connect().stdout.trim(), '111', 'nobody reads the queue meanwhile, and the kernel resets it');
  assert.equal(guarded.seen.length, 1);
  server.kill('SIGKILL');
  await once(server, 'exit');
});
