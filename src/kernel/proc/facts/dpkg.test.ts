import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DpkgIndex } from './dpkg.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-dpkg-'));
after(() => rmSync(folder, { recursive: true }));

const lists: Readonly<Record<string, string>> = {
  'curl.list': '/.\n/usr\n/usr/bin\n/usr/bin/curl\n/usr/share/doc/curl\n',
  'libc6:amd64.list': '/.\n/lib\n/lib/x86_64-linux-gnu/libc.so.6\n',
  'coreutils.list': '/.\n/bin\n/bin/cat\n/usr/bin/cksum\n',
  'dash.list': '/.\n/bin/dash\n/usr/bin/sh\n',
  'bash.list': '/.\n/bin/bash\n/usr/bin/sh\n',
  'noend.list': '/.\n/opt/noend/bin/tool',
  'empty.list': '',
};
mkdirSync(join(folder, 'info'));
for (const [name, text] of Object.entries(lists)) writeFileSync(join(folder, 'info', name), text);
writeFileSync(join(folder, 'info', 'curl.md5sums'), '0 usr/bin/none\n');
writeFileSync(
  join(folder, 'diversions'),
  '/usr/bin/sh\n/usr/bin/sh.distrib\ndash\n/usr/bin/curl\n/usr/bin/curl.real\n:\n',
);
writeFileSync(
  join(folder, 'status'),
  [
    'Package: curl\nStatus: install ok installed\nVersion: 7.88.1-10\n',
    'Package: curl-extras\nVersion: 99\n',
    'Package: coreutils\nDescription: Version: of tools\n Version: 1\nVersion: 9.1-1\n',
  ].join('\n'),
);

const merged = new DpkgIndex(folder, true);
const split = new DpkgIndex(folder, false);

test('a file is its package’s, with the version', () => {
  assert.deepEqual(merged.find('/usr/bin/cksum'), { name: 'coreutils', version: '9.1-1' });
  assert.equal(merged.find('/usr/share/doc/curl')?.version, '7.88.1-10');
  assert.deepEqual(merged.find('/opt/noend/bin/tool'), { name: 'noend', version: undefined });
});

test('a file of no package, or a part of a path, is nobody’s', () => {
  for (const path of ['/usr/local/bin/curl', '/usr/bin/cur', '/usr/bin/curl2', 'usr/bin/curl', '', '/usr/bin/none']) {
    assert.equal(merged.find(path), null);
  }
});

test('architectures are left out of the name', () => {
  assert.equal(split.find('/lib/x86_64-linux-gnu/libc.so.6')?.name, 'libc6');
});

test('/bin is /usr/bin where it is a link to it, and only there', () => {
  assert.equal(merged.find('/usr/bin/cat')?.name, 'coreutils');
  assert.equal(merged.find('/bin/cksum')?.name, 'coreutils');
  assert.equal(split.find('/usr/bin/cat'), null);
  assert.equal(split.find('/bin/cat')?.name, 'coreutils');
});

test('in a diverted place stands the file of the package that asked for it; the other’s was moved', () => {
  assert.equal(merged.find('/usr/bin/sh')?.name, 'dash');
  assert.equal(merged.find('/usr/bin/sh.distrib')?.name, 'bash');
});

test('what an administrator put in a package’s place is no package’s', () => {
  assert.equal(merged.find('/usr/bin/curl'), null);
  assert.equal(merged.find('/usr/bin/curl.real')?.name, 'curl');
});

test('a database that is not there is an error, not an empty one', () => {
  assert.throws(() => new DpkgIndex(join(folder, 'nosuch'), true), /ENOENT/);
});
