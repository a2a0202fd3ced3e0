import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CgroupFacts, readCgroup } from './cgroup.ts';

const none: CgroupFacts = { unit: null, userUnit: false, container: null, flatpak: null, snap: null };
const id = 'a'.repeat(64);

const cases: readonly [string, Partial<CgroupFacts>][] = [
  ['/', {}],
  ['', {}],
  ['/init.scope', { unit: 'init.scope' }],
  ['/system.slice/nginx.service', { unit: 'nginx.service' }],
  ['/system.slice/nginx.service/worker', { unit: 'nginx.service' }],
  ['/system.slice/system-getty.slice/getty@tty1.service', { unit: 'getty@tty1.service' }],
  ['/user.slice/user-1000.slice/session-3.scope', { unit: 'session-3.scope' }],
  [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-1234.scope',
    { unit: 'user:app-firefox-1234.scope', userUnit: true },
  ],
  // A user may call a unit of their own what they like: it is not the system's nginx.
  [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service',
    { unit: 'user:nginx.service', userUnit: true },
  ],
  [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.mozilla.firefox-99.scope',
    { unit: 'user:app-flatpak-org.mozilla.firefox-99.scope', userUnit: true, flatpak: 'org.mozilla.firefox' },
  ],
  [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/snap.firefox.firefox-11112222-3333.scope',
    { unit: 'user:snap.firefox.firefox-11112222-3333.scope', userUnit: true, snap: 'firefox' },
  ],
  ['/system.slice/snap.lxd.daemon.service', { unit: 'snap.lxd.daemon.service', snap: 'lxd' }],
  [`/system.slice/docker-${id}.scope`, { unit: `docker-${id}.scope`, container: id }],
  [`/docker/${id}`, { container: id }],
  [`/docker/${id}/system.slice/cron.service`, { container: id }],
  [`/machine.slice/libpod-${id}.scope/container`, { container: id, unit: `libpod-${id}.scope` }],
  [
    `/kubepods.slice/kubepods-burstable.slice/cri-containerd-${id}.scope`,
    { container: id, unit: `cri-containerd-${id}.scope` },
  ],
  [`/kubepods/besteffort/pod1/${id}`, { container: id }],
  ['/lxc.payload.web', { container: 'web' }],
  ['/machine.slice/machine-my\\x2dbox.scope', { container: 'my-box', unit: 'machine-my\\x2dbox.scope' }],
  // What a container calls its groups says nothing of the host's units.
  [
    `/system.slice/docker-${id}.scope/user.slice/user@0.service/nginx.service`,
    { container: id, unit: `docker-${id}.scope` },
  ],
  [`/docker/${id}/docker/${'b'.repeat(64)}`, { container: id }],
  [`/docker/${id}/app-flatpak-org.mozilla.firefox-1.scope`, { container: id }],
  // Rootless containers, and groups that a user named like one.
  [
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`,
    { container: `user:${id}`, unit: `user:libpod-${id}.scope`, userUnit: true },
  ],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice', { unit: 'user@1000.service' }],
  ['/user.slice/user-1000.slice/user@1000.service/init.scope', { unit: 'user:init.scope', userUnit: true }],
  ['/lxc/box/init.scope', { container: 'box' }],
  ['/machine.slice/systemd-nspawn@web.service/payload', { container: 'web', unit: 'systemd-nspawn@web.service' }],
  [`/kubepods.slice/kubepods-pod1.slice/crio-${id}.scope`, { container: id, unit: `crio-${id}.scope` }],
  ['/system.slice/snap.my-app_test.cmd.service', { unit: 'snap.my-app_test.cmd.service', snap: 'my-app' }],
  [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-com.example.My\\x2dApp-7.scope',
    { unit: 'user:app-flatpak-com.example.My\\x2dApp-7.scope', userUnit: true, flatpak: 'com.example.My-App' },
  ],
  ['/docker', {}],
  ['/nginx.service.d/x', {}],
];

for (const [path, facts] of cases) {
  test(`control group ${path}`, () => assert.deepEqual(readCgroup(path), { ...none, ...facts }));
}
