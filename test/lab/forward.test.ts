// Forwarded flows: let alone unless asked for, and judged by where they come from and go to.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, afterEach, before, describe, test } from 'node:test';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

describe('forwarding', () => {
  let lab: Lab;
  let postern: Postern;
  const guest = `pt-lab-${process.pid}-c-b`;

  before(async () => {
    lab = await Lab.create();
    const ip = (...args: string[]) => execFileSync('ip', args);
    // A guest behind the host; forwarding is switched on in the host's namespace alone.
    ip('netns', 'add', guest);
    ip('-n', lab.names.host, 'link', 'add', 'guest0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', guest);
    ip('-n', lab.names.host, 'address', 'add', '10.9.0.1/24', 'dev', 'guest0');
    ip('-n', guest, 'address', 'add', '10.9.0.2/24', 'dev', 'eth0');
    for (const [name, link] of [
      [lab.names.host, 'guest0'],
      [guest, 'eth0'],
      [guest, 'lo'],
    ] as const) {
      ip('-n', name, 'link', 'set', link, 'up');
    }
    ip('-n', guest, 'route', 'add', 'default', 'via', '10.9.0.1');
    ip('-n', lab.names.world, 'route', 'add', '10.9.0.0/24', 'via', '192.0.2.1');
    execFileSync('nsenter', [
      `--net=/run/netns/${lab.names.host}`,
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward',
    ]);
  });
  afterEach(() => postern?.stop());
  after(async () => {
    spawnSync('ip', ['netns', 'del', guest]);
    await lab.close();
  });

  const fromGuest = (port: number) =>
    spawnSync('nsenter', [
      `--net=/run/netns/${guest}`,
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-m',
      '10',
      `http://${world.v4}:${port}/`,
    ]).status;

  test('unless asked for, forwarded flows are not touched', async () => {
    postern = await lab.postern({ mode: 'lockdown' });
    assert.equal(fromGuest(80), 0);
  });

  test('asked for, they are judged by from, to and port', async () => {
    postern = await lab.postern({
      mode: 'lockdown',
      args: ['--forward'],
      rules: {
        '10.yaml':
          'rules: [{ name: guest-web, action: allow, direction: forward, from: 10.9.0.0/24, to: 192.0.2.0/24, port: 80, protocol: tcp, log: true }]',
      },
    });
    assert.equal(fromGuest(80), 0);
    assert.notEqual(fromGuest(8080), 0);
  });
});
