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
  [`/docker/${id}/system.slice/cron.service`, { container: id, unit: 'cron.service' }],
  [`/machine.slice/libpod-${id}.scope/container`, { container: id, unit: `libpod-${id}.scope` }],
  [
    `/kubepods.slice/kubepods-burstable.slice/cri-containerd-${id}.scope`,
    { container: id, unit: `cri-containerd-${id}.scope` },
  ],
  [`/kubepods/besteffort/pod1/${id}`, { container: id }],
  ['/lxc.payload.web', { container: 'web' }],
  ['/machine.slice/machine-my\\x2dbox.scope', { container: 'my-box', unit: 'machine-my\\x2dbox.scope' }],
];

for (const [path, facts] of cases) {
  test(`control group ${path}`, () => assert.deepEqual(readCgroup(path), { ...none, ...facts }));
}
