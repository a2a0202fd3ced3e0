// Networks: the machine comes to another gateway, and rules that ask for a profile hold at once, also for what was decided before.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RuleChange, Status, Undone, VersionView } from '#model/api.ts';
import type { Explanation } from '#model/decision.ts';
import type { SettingView } from '#model/machine/settings.ts';
import type { Networks } from '#model/net/network.ts';
import { Lab, type Postern, type Talker } from './lab.ts';
import { world } from './namespaces.ts';

/** The gateways of three networks, which all have the same address. */
const home = '02:00:00:00:00:11';
const cafe = '02:00:00:00:00:22';
const hotel = '02:00:00:00:00:33';

const rules = `
rules:
  - { name: at-home, action: allow, app: "/usr/bin/python3*", profile: home }
  - { name: curl-at-home, action: allow, app: /usr/bin/curl, profile: [home, work] }
  # nft can hold this one alone.
  - { name: no-8080-outside, action: reject, protocol: tcp, port: 8080, profile: public, priority: 20 }
`;

describe('networks', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let conversation: Talker;

  before(async () => {
    lab = await Lab.create();
    gateway(home);
    postern = await lab.postern({ mode: 'lockdown', rules: { '10.yaml': rules } });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  /** The cable leads to another gateway of the same address: the kernel asks for it anew. */
  function gateway(hardware: string): void {
    ip('-n', lab.names.world, 'link', 'set', 'lab1', 'address', hardware);
    ip('-n', lab.names.host, 'neigh', 'flush', 'dev', 'lab0');
  }
  const networks = () => postern.json<Networks>(['networks', 'show']);
  const on = (profile: string | null, hardware = home) =>
    postern.until(async () => {
      const { networks: all, where } = await networks();
      const [first] = all;
      return (
        first?.current === true &&
        'gateway' in first.sign &&
        first.sign.gateway === hardware &&
        (where.profile ?? null) === profile
      );
    }, `profile ${profile} by ${hardware}`);
  /** Nobody sends a packet: Postern has the kernel ask for the gateway that it forgot. */
  const arrive = async (profile: string | null, hardware: string) => {
    gateway(hardware);
    await on(profile, hardware);
  };
  const reaches = async (port = 80) => (await lab.curl(`http://198.51.100.7:${port}/`)).code === 0;
  /** A flow that stays, and says with each line whether it still gets answers. */
  const talk = () =>
    lab.talker([
      '/usr/bin/python3',
      '-c',
      `import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(10); s.connect(('${world.v4}', 7007))
for line in sys.stdin:
    try:
        s.send(b'works'); print(s.recv(16).decode(), flush=True)
    except OSError as e: print('refused', flush=True)`,
    ]);
  const name = async (...args: string[]) => {
    const ran = await postern.cli(['networks', 'name', ...args]);
    assert.equal(ran.code, 0, ran.stderr);
  };

  test('a network is new, by its gateway, and asked about once', async () => {
    await on(null);
    const { networks: all, connected, where } = await networks();
    assert.equal(all.length, 1);
    assert.deepEqual(connected, {
      ...{ interface: 'lab0', gateway: world.v4, ssid: null },
      sign: { gateway: home },
    });
    assert.deepEqual([all[0]?.question, all[0]?.profile, where], [true, null, { network: `Network at ${world.v4}` }]);
    await postern.until(
      () => /You are on a new network, "Network at 192\.0\.2\.2"\. What is it\?/.test(postern.output),
      'the question',
    );
    assert.match(
      (await postern.cli(['status'])).stdout,
      /^Network +On "Network at 192\.0\.2\.2", profile unknown, by lab0/m,
    );
    assert.equal(await reaches(), false, 'an unknown profile matches no rule that asks for one');
  });

  test('named, its rules hold at once', async () => {
    const [first] = (await networks()).networks;
    await name(first?.id ?? '', 'Home', '--profile', 'home');
    assert.equal(await reaches(), true);
    assert.equal(await reaches(8080), true);
    conversation = talk();
    assert.equal(await conversation.say(), 'works');
    assert.equal(await conversation.say(), 'works');
    assert.match(
      readFileSync(join(postern.folder, 'config/machine/networks.yaml'), 'utf8'),
      /name: Home\n +profile: home\n/,
    );
  });

  test('another gateway of the same address is another network, and what was allowed at home is not', async () => {
    postern.output = '';
    await arrive(null, cafe);
    await postern.until(() => /new network, "Network at 192\.0\.2\.2 2"/.test(postern.output), 'the question');
    assert.equal(await reaches(), false, 'a new connection of a program that the kernel had learned');
    assert.equal(await conversation.say(), 'refused', 'an established flow');
    const explained = await postern.cli(['explain', '--app', '/usr/bin/curl', '--to', '198.51.100.7:80']);
    assert.match(explained.stdout, /curl-at-home: profile is not known, and the rule asks for home or work\./);
    const asked = ['explain', '--app', '/usr/bin/curl', '--to', '198.51.100.7:80', '--profile', 'work', '--json'];
    const { rule, depends } = JSON.parse((await postern.cli(asked)).stdout) as Explanation;
    assert.equal(rule, 'curl-at-home');
    assert.ok(depends.includes('machine.network'));
  });

  test('home again, everything holds as before', async () => {
    await arrive('home', home);
    assert.equal(await reaches(), true);
    // The flow that was refused was cut, and its socket with it.
    assert.equal(await talk().say(), 'works');
  });

  test('a rule that nft holds alone is there on its network and nowhere else', async () => {
    writeFileSync(join(postern.rulesDir, '20.yaml'), 'rules: [{ name: all, action: allow, to: 198.51.100.0/24 }]\n');
    await postern.until(async () => reaches(8080), 'port 8080');
    const inKernel = async () => (await postern.json<Status>(['status'])).gate?.kernelRules ?? 0;
    await arrive(null, cafe);
    assert.equal(await reaches(8080), true);
    const before = await inKernel();
    const [first] = (await networks()).networks;
    await name(first?.id ?? '', 'Café', '--profile', 'public');
    assert.equal(await reaches(8080), false);
    assert.equal(await inKernel(), before + 1);
    await arrive('home', home);
    assert.equal(await reaches(8080), true);
    // At home the rules of programs hold, which nft cannot see past.
    assert.ok((await inKernel()) < before);
    writeFileSync(join(postern.rulesDir, '20.yaml'), 'rules: []\n');
    await postern.until(
      async () => (await postern.json<unknown[]>(['rules'])).every((one) => (one as { name: string }).name !== 'all'),
      'it gone',
    );
  });

  test('on this network only', async () => {
    const added = await postern.json<RuleChange>(['rule', 'add', 'allow', '--to', '203.0.113.9', '--for', 'here']);
    assert.equal(added.rules[0]?.['known-network'], 'Home');
    const pings = async () => (await lab.run(['ping', '-c', '1', '-W', '5', '203.0.113.9'])).code === 0;
    assert.equal(await pings(), true);
    await name('Home', 'Flat in Rome');
    const [rule] = (await postern.json<{ rule: { 'known-network'?: string } }[]>(['rules'])).filter(
      ({ rule }) => rule['known-network'] !== undefined,
    );
    assert.equal(rule?.rule['known-network'], 'Flat in Rome', 'a rule follows the new name');
    await arrive('public', cafe);
    assert.equal(await pings(), false);
    await arrive('home', home);
    assert.equal(await pings(), true);
  });

  test('unplugged there is no network; plugged in again it is home', async () => {
    ip('-n', lab.names.host, 'link', 'set', 'lab0', 'down');
    await postern.until(async () => (await networks()).connected === null, 'no network');
    assert.deepEqual((await networks()).where, {});
    ip('-n', lab.names.host, 'link', 'set', 'lab0', 'up');
    ip('-n', lab.names.host, 'route', 'replace', 'default', 'via', world.v4);
    await on('home', home);
    assert.equal(await reaches(), true);
  });

  test('a tunnel is a fact beside the network', async () => {
    ip('-n', lab.names.host, 'tuntap', 'add', 'tun9', 'mode', 'tun');
    const tunnel = lab.talker([
      '/usr/bin/python3',
      '-c',
      `import fcntl, os, struct, sys
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH', b'tun9', 0x1001))
print('held', flush=True); sys.stdin.read()`,
    ]);
    assert.equal(await tunnel.next(), 'held');
    ip('-n', lab.names.host, 'link', 'set', 'tun9', 'up');
    ip('-n', lab.names.host, 'route', 'add', '10.99.0.0/16', 'dev', 'tun9');
    await postern.until(async () => (await networks()).tunnels.length === 1, 'the tunnel');
    assert.deepEqual((await networks()).tunnels, [{ interface: 'tun9', kind: 'tun' }]);
    assert.equal((await networks()).where.profile, 'home', 'and not where the machine is');
    tunnel.end();
    ip('-n', lab.names.host, 'link', 'del', 'tun9');
    await postern.until(async () => (await networks()).tunnels.length === 0, 'no tunnel');
  });

  test('what was said is known after a restart, and is not asked again', async () => {
    await postern.stop();
    postern.output = '';
    await postern.start();
    await on('home', home);
    assert.equal(await reaches(), true);
    assert.doesNotMatch(postern.output, /new network/);
    assert.deepEqual(
      (await networks()).networks.map((one) => [one.name, one.profile]),
      [
        ['Flat in Rome', 'home'],
        ['Café', 'public'],
      ],
    );
  });

  test('a network can be forgotten, and what was done taken back', async () => {
    assert.equal((await postern.cli(['networks', 'forget', 'Flat in Rome'])).code, 0);
    await on(null, home);
    assert.equal(await reaches(), false);
    const { undone } = await postern.json<Undone>(['undo']);
    assert.equal(undone.what, 'forgot the network "Flat in Rome"');
    await on('home', home);
    assert.equal(await reaches(), true);
  });

  test('put off, it is not asked about any more', async () => {
    await arrive(null, hotel);
    const [first] = (await networks()).networks;
    assert.equal(first?.question, true);
    assert.equal((await postern.cli(['networks', 'later', first?.id ?? ''])).code, 0);
    assert.deepEqual([(await networks()).networks[0]?.question, (await networks()).where.profile], [false, undefined]);
  });

  test('settings hold at once, after a restart, and until they are taken back', async () => {
    type Views = readonly SettingView[];
    const set = await postern.json<Views>(['settings', 'set', 'journal-days', '7']);
    assert.equal(set.find(({ key }) => key === 'journal-days')?.value, 7);
    const hold = await postern.cli(['settings', 'set', 'hold', '61']);
    assert.equal(hold.code, 0, hold.stderr);
    const failing = await postern.cli(['settings', 'set', 'fail', 'open']);
    assert.notEqual(failing.code, 0);
    assert.match(failing.stderr, /postern up was given --fail/, 'the lab says it at the start');
    await postern.stop();
    postern.output = '';
    await postern.start();
    const views = async () =>
      Object.fromEntries((await postern.json<Views>(['settings', 'show'])).map((one) => [one.key, one]));
    assert.deepEqual([(await views()).hold?.value, (await views())['journal-days']?.value], [61, 7]);
    const { undone } = await postern.json<Undone>(['undo']);
    assert.equal(undone.what, 'set hold to 61');
    assert.deepEqual([(await views()).hold?.value, (await views()).hold?.source], [30, 'default']);
    const chosen = (await postern.json<VersionView[]>(['history'])).find(({ what }) => what === 'set hold to 61');
    assert.equal((await postern.cli(['rollback', `${chosen?.id}`])).code, 0);
    assert.equal((await views()).hold?.value, 61);
    const wrong = await postern.cli(['settings', 'set', 'hold', '500']);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /hold: .*120/);
  });
});
