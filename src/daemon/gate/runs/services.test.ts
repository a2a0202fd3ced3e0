import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { UnixCall } from '#kernel/bpf/unix/calls.ts';
import type { GateMessage } from '#model/messages.ts';
import { pathsOfServices, ServiceCalls } from './services.ts';

type Told = Extract<GateMessage, { type: 'services' }>;

/** Where tmux would have it, so that it is one of a service that is known. */
const folder = `/tmp/tmux-postern-${process.pid}`;
const socket = join(folder, 'default');
const beside = `/tmp/postern-services-${process.pid}`;
let server: Server;
let child: ChildProcess;
let gone: number;
let told: Told[];
let heard: boolean;
let calls: ServiceCalls;

before(async () => {
  mkdirSync(folder);
  mkdirSync(beside);
  server = createServer().listen(socket);
  await once(server, 'listening');
  symlinkSync(socket, join(beside, 'link'));
  linkSync(socket, join(beside, 'hard'));
  writeFileSync(join(folder, 'file'), '');
  child = spawn('sleep', ['100'], { cwd: folder });
  const ended = spawn('true');
  await once(ended, 'exit');
  gone = ended.pid ?? 0;
});
after(() => {
  child.kill('SIGKILL');
  server.close();
  rmSync(folder, { recursive: true });
  rmSync(beside, { recursive: true });
});
beforeEach(() => {
  told = [];
  heard = true;
  calls = new ServiceCalls({
    runOf: (cgroup) => (cgroup === 7n ? 'k3f9' : undefined),
    send: (message) => {
      if (heard) told.push(message);
      return heard;
    },
    now: () => 1000,
  });
});

const see = (name: string, more: Partial<UnixCall> = {}) =>
  calls.see({
    ...{ confined: 7n, pid: child.pid ?? 0, refused: false, untold: 0 },
    name: Buffer.from(name.replace(/^@/, '\0')),
    ...more,
  });
const lines = () => {
  calls.flush();
  return told.flatMap(({ services }) =>
    services.map((one) => [one.service, one.socket, one.action, one.by, one.times] as const),
  );
};

test('a socket is known by its file, whatever path leads there', () => {
  for (const path of [
    socket,
    'default',
    `.././${basename(folder)}/default`,
    join(beside, 'link'),
    join(beside, 'hard'),
  ])
    see(path);
  see(`/proc/self/root${socket}`);
  assert.deepEqual(lines(), [['tmux', socket, 'allow', 'file', 6]]);
  assert.equal(told[0]?.run, 'k3f9');
});

test('of a process that has ended it is known by its name', () => {
  see(socket, { pid: gone });
  see('default', { pid: gone });
  see(`../${basename(folder)}/default`, { pid: gone });
  see(join(beside, 'link'), { pid: gone });
  assert.deepEqual(lines(), [['tmux', socket, 'allow', 'name', 3]]);
});

test('what is refused, and abstract names', () => {
  see(socket, { refused: true });
  see('@/containerd-shim/moby/1.sock');
  see('@anything');
  see('@anything', { refused: true });
  assert.deepEqual(lines(), [
    ['tmux', socket, 'reject', 'file', 1],
    ['containerd', '@/containerd-shim/moby/1.sock', 'allow', 'name', 1],
    [null, '@anything', 'reject', 'name', 1],
  ]);
});

test('others are not told: no service, no socket, not there, nobody confined', () => {
  see(join(beside, 'nothing'));
  see(join(folder, 'file'));
  see(join(folder, 'nothing'));
  see(socket, { confined: 8n });
  assert.deepEqual(lines(), []);
});

test('what cannot be sent waits, and what was not told is counted', () => {
  heard = false;
  see(socket, { untold: 5 });
  calls.flush();
  heard = true;
  see(socket, { untold: 2 });
  assert.deepEqual(lines(), [['tmux', socket, 'allow', 'file', 2]]);
  assert.equal(told[0]?.untold, 7);
  calls.flush();
  assert.equal(told.length, 1, 'once');
});

test('paths that are refused as they are written', () => {
  const paths = pathsOfServices();
  for (const path of ['/run/docker.sock', '/var/run/docker.sock', '/run/systemd/private', socket])
    assert.ok(paths.includes(path), path);
  assert.ok(paths.every((path) => !/[*~]|\/$|^@/.test(path)));
});
