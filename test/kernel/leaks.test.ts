// Sockets of every kind are made, used, closed and lost with their programs: the kernel's books are then as they were.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import type { QueuedPacket } from '#engine/types.ts';
import { flowMaps } from '#kernel/bpf/flows/maps.ts';
import { libbpf } from '#kernel/bpf/libbpf.ts';
import { openPinned } from '#kernel/bpf/map.ts';
import { guard } from './guarded.ts';
import { far } from './pair.ts';
import { until } from './programs.ts';

const guarded = await guard();
const lib = libbpf();
assert.ok(!('missing' in lib));
const open = (name: 'sockets' | 'ports') => {
  const [keySize, valueSize] = flowMaps[name];
  return openPinned(lib, guarded.pins.path(name), name, keySize, valueSize);
};
const maps = { sockets: open('sockets'), ports: open('ports') };
after(() => {
  for (const map of Object.values(maps)) map.close();
});
const sizes = () => ({ sockets: [...maps.sockets.keys()].length, ports: [...maps.ports.keys()].length });

const python = (code: string): ChildProcess => spawn('python3', ['-c', code], { stdio: ['pipe', 'pipe', 'inherit'] });

/** Each round is four sockets: one that connects, one that sends, one that is bound twice over, one that listens unbound. */
const rounds = (count: number, keep: boolean) => `
import socket, struct, sys, time
kept = []
def made(kind, protocol=0):
    s = socket.socket(socket.AF_INET, kind, protocol); s.setblocking(False); kept.append(s); return s
for n in range(${count}):
    s = made(socket.SOCK_STREAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.connect_ex(('${far.v4}', 2000 + n % 1000))
    made(socket.SOCK_DGRAM).sendto(b'x', ('${far.v4}', 2000 + n % 1000))
    s = made(socket.SOCK_DGRAM if n % 2 else socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('', 0 if n % 3 or ${keep ? 'True' : 'False'} else 3000 + n % 500))
    if n % 2 == 0: s.listen(1)
    made(socket.SOCK_STREAM).listen(1)
    if not ${keep ? 'True' : 'False'}:
        for s in kept: s.close()
        kept = []
print('done', flush=True)
sys.stdin.read()
`;

test('20,000 sockets and the sockets of killed programs leave nothing', { timeout: 300_000 }, async (context) => {
  const first = python(rounds(1, false));
  await once(first.stdout as NodeJS.ReadableStream, 'data');
  first.kill('SIGKILL');
  await once(first, 'exit');
  guarded.teach(guarded.seen.find(({ flow }) => flow.protocol === 'tcp') as QueuedPacket, 'allow', {
    executable: true,
  });
  const before = sizes();
  const many = python(rounds(5000, false));
  await once(many.stdout as NodeJS.ReadableStream, 'data');
  const holders = Array.from({ length: 20 }, () => python(rounds(50, true)));
  await Promise.all(holders.map((holder) => once(holder.stdout as NodeJS.ReadableStream, 'data')));
  const held = sizes();
  assert.ok(held.sockets >= before.sockets + 20 * 50 * 3, `${held.sockets} sockets are known while they are open`);
  assert.ok(held.ports > before.ports + 1000, `${held.ports} ports are known while they are bound`);
  for (const child of [many, ...holders]) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  context.diagnostic(
    `before ${JSON.stringify(before)}, while ${JSON.stringify(held)}, after ${JSON.stringify(sizes())}`,
  );
  await until(
    () => sizes().sockets <= before.sockets && sizes().ports <= before.ports,
    `from ${JSON.stringify(before)} over ${JSON.stringify(held)} back, and it is ${JSON.stringify(sizes())}`,
    60_000,
  ).catch(() => {});
  assert.deepEqual(sizes(), before);
});
