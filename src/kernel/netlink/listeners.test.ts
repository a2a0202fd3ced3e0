// The sockets that wait for others: these are there, those that are connected are not, and a limit is kept and said.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { formatAddress } from '#model/net/address.ts';
import { readListeners } from './listeners.ts';

test('sockets that wait are read with their owners', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const udp = createSocket('udp6').bind(0, '::1');
  await Promise.all([once(server, 'listening'), once(udp, 'listening')]);
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  after(() => {
    client.destroy();
    server.close();
    udp.close();
  });
  await once(client, 'connect');
  const { listeners, complete } = readListeners(10_000);
  assert.equal(complete, true);
  const own = listeners.filter((one) => one.port === port && formatAddress(one.address) === '127.0.0.1');
  assert.deepEqual(
    own.map(({ protocol, uid }) => [protocol, uid]),
    [['tcp', process.geteuid?.()]],
    'the one that listens, and neither end of the connection',
  );
  const sockets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return [];
    }
  });
  assert.ok(sockets.includes(`socket:[${own[0]?.inode}]`));
  const six = listeners.find((one) => one.protocol === 'udp' && one.port === udp.address().port);
  assert.equal(six && formatAddress(six.address), '::1');
  assert.deepEqual([readListeners(1).listeners.length, readListeners(1).complete], [1, false]);
});
