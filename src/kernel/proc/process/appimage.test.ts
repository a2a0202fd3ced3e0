import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { appImageOf } from './appimage.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-appimage-'));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(
  join(folder, 'mountinfo'),
  [
    '23 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw',
    '90 23 0:50 / /tmp/.mount_ToolAbc ro,nosuid shared:9 - fuse.Tool.AppImage My\\040Tool.AppImage ro,user_id=1000',
    '91 23 0:51 / /tmp/.mount_Other rw shared:9 - tmpfs /home/a/Other.AppImage rw',
    '92 23 0:52 / /tmp/.mount_Plain ro shared:9 - fuse.sshfs host:/x ro',
    '',
  ].join('\n'),
);

test('a program in an AppImage’s mount is that AppImage', () => {
  assert.equal(appImageOf('/tmp/.mount_ToolAbc/usr/bin/tool', folder), 'My Tool.AppImage');
});

test('a folder of that name is not enough: it must be a FUSE mount of an .AppImage file', () => {
  for (const mount of ['Other', 'Plain', 'Made', 'ToolAb', 'ToolAbcd']) {
    assert.equal(appImageOf(`/tmp/.mount_${mount}/usr/bin/tool`, folder), null, mount);
  }
  assert.equal(appImageOf('/usr/bin/tool', folder), null);
  assert.equal(appImageOf('/tmp/.mount_ToolAbc', folder), null);
  assert.equal(appImageOf('/tmp/.mount_ToolAbc/x', '/nosuch'), null);
});
