import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceAt, services } from './services.ts';

test('a socket is known by its place', () => {
  for (const [path, name] of [
    ['/run/docker.sock', 'docker'],
    ['/run/user/1000/docker.sock', 'docker (rootless)'],
    ['/home/a.b/.docker/run/docker.sock', 'docker (rootless)'],
    ['/run/dbus/system_bus_socket', 'D-Bus (system)'],
    ['/run/user/1000/bus', 'D-Bus (session)'],
    ['/tmp/dbus-AbC', 'D-Bus (session)'],
    ['@/tmp/dbus-AbC', 'D-Bus (session)'],
    ['@/containerd-shim/moby/0f/shim.sock', 'containerd'],
    ['/run/user/0/systemd/private', 'systemd --user'],
    ['/run/libvirt/virtqemud-sock', 'libvirt'],
    ['/tmp/tmux-1000/default', 'tmux'],
  ] as const)
    assert.equal(serviceAt(path)?.name, name, path);
});

test('what only looks like one is none', () => {
  for (const path of [
    '/run/dockerXsock',
    '/tmp/run/docker.sock',
    '/run/docker.sock/more',
    '/run/user/1000/a/bus',
    '/run/dbus/',
    '@/run/docker.sock',
    '/home/a/b/.docker/run/docker.sock',
    '/run/systemd/notify',
    '/run/systemd/journal/socket',
    'run/docker.sock',
    '',
  ])
    assert.equal(serviceAt(path), undefined, path);
});

test('every service says what it does, at places that are whole', () => {
  for (const { does, sockets } of services) {
    assert.match(does, /^[a-z].*[^.]$/);
    for (const socket of sockets) assert.match(socket, /^(\/|~\/|@)/);
  }
});
