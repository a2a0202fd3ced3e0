import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { descriptorOf, peerCredentials } from './peercred.ts';

test('the other end of a Unix socket is this very process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-peercred-'));
  const server = createServer().listen(join(folder, 's'));
  await once(server, 'listening');
  const client = connect(join(folder, 's'));
  const [accepted] = await once(server, 'connection');
  const fd = descriptorOf(accepted);
  assert.ok(fd !== undefined);
  const peer = peerCredentials(fd);
  assert.equal(peer.pid, process.pid);
  assert.equal(peer.uid, process.geteuid?.());
  assert.equal(peer.gid, process.getegid?.());
  assert.deepEqual(
    [...peer.groups].sort(),
    [...(process.getgroups?.() ?? [])].filter((g) => peer.groups.includes(g)).sort(),
  );
  client.destroy();
  accepted.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

test('what is no socket is an error that says so', () => {
  assert.throws(() => peerCredentials(0x7fff), /ask who is at the other end of the socket: EBADF/);
});
