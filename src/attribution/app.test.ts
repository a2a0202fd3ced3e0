import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Image, Process } from '#model/process.ts';
import { appKey, appOf } from './app.ts';

const image = (inode: string, path = '/tmp/x'): Image => ({
  path,
  identity: { device: '1', inode, generation: '0', ctime: '5' },
  state: 'deleted',
});

const cases: readonly [string, Process | undefined, kind: string, id: string, title: string][] = [
  ['nobody', undefined, 'unknown', '', 'unknown program'],
  ['only ids', { uid: 1000 }, 'unknown', '', 'unknown program'],
  ['the kernel', { kernel: true }, 'kernel', '', 'the kernel'],
  ['a program', { exe: '/usr/bin/curl', script: null }, 'path', '/usr/bin/curl', 'curl'],
  ['a script', { exe: '/usr/bin/node', script: '/opt/npm-cli.js' }, 'script', '/opt/npm-cli.js', 'npm-cli.js'],
  [
    'a Flatpak, whatever runs in it',
    { exe: null, flatpak: 'org.mozilla.firefox', script: '/app/x.py' },
    'flatpak',
    'org.mozilla.firefox',
    'org.mozilla.firefox',
  ],
  ['a Snap', { exe: '/snap/firefox/1/firefox', snap: 'firefox' }, 'snap', 'firefox', 'firefox'],
  [
    'an AppImage',
    { appimage: '/home/a/Tool.AppImage', exe: null },
    'appimage',
    '/home/a/Tool.AppImage',
    'Tool.AppImage',
  ],
  [
    'a program in a container',
    { container: 'abcdef0123456789', exe: null, image: image('7', '/usr/bin/node') },
    'container',
    'abcdef0123456789 /usr/bin/node',
    'node in container abcdef012345',
  ],
  ['a deleted file', { exe: null, image: image('7') }, 'image', '1:7:0:5:/tmp/x', 'x'],
  ['a name that ends with a slash', { exe: '/' }, 'path', '/', '/'],
];

for (const [what, process, kind, id, title] of cases) {
  test(`the app of ${what}`, () => assert.deepEqual(appOf(process), { kind, id, title }));
}

test('a script under another interpreter is another app', () => {
  const script = '/opt/tool.js';
  const real = appKey({ exe: '/usr/bin/node', script });
  assert.equal(appKey({ exe: '/usr/bin/node', script, pid: 7, args: ['x'] }), real);
  assert.notEqual(appKey({ exe: '/tmp/node', script }), real);
  assert.notEqual(appKey({ exe: null, image: image('7'), script }), appKey({ exe: null, image: image('8'), script }));
});

test('two files that were deleted are two apps, though their names are one', () => {
  assert.notEqual(appKey({ exe: null, image: image('7') }), appKey({ exe: null, image: image('8') }));
});
