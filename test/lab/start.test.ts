// Starting where something is in the way, and staying up: each gets a clear message.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Status } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const bin = join(import.meta.dirname, '../../bin/postern');
const python = '/usr/bin/python3';
const curlRule = 'rules: [{ name: curl, action: allow, app: /usr/bin/curl }]\n';

describe('starting and staying up', () => {
  let lab: Lab;
  let postern: Postern | undefined;

  before(async () => {
    lab = await Lab.create();
    lab.account('pt-other');
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  /** Also of those that must not start: none may stand at another cgroup than the lab's. */
  const folders = (name: string) => [
    ...['config', 'state', 'run'].flatMap((kind) => [
      `--${kind === 'run' ? 'runtime' : kind}-dir`,
      join(lab.folder, name, kind),
    ]),
    '--cgroup',
    lab.cgroup,
  ];

  test('twice with the same folders, and twice in one network namespace', async () => {
    postern = await lab.postern({ rules: { '10.yaml': curlRule } });
    const same = await lab.run([
      bin,
      'up',
      '--config-dir',
      join(postern.folder, 'config'),
      '--state-dir',
      join(postern.folder, 'state'),
      '--runtime-dir',
      join(postern.folder, 'run'),
      '--cgroup',
      lab.cgroup,
    ]);
    assert.equal(same.code, 1);
    assert.match(same.stderr, new RegExp(`Postern is already running .*process ${postern.pid}`));
    const other = await lab.run([bin, 'up', '--mode', 'ask', ...folders('other')]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /another Postern guards this network namespace already/);
    assert.equal((await lab.curl(`http://${world.v4}/`)).code, 0, 'the first one goes on');
  });

  test('without being root, and without a capability', async () => {
    const user = await lab.run([bin, 'up', ...folders('user')], { user: 'pt-other' });
    assert.equal(user.code, 4);
    assert.match(user.stderr, /only root can guard the machine/);
    const bounded = await lab.run([
      'setpriv',
      '--bounding-set=-net_admin',
      '--inh-caps=-net_admin',
      '--',
      bin,
      'up',
      ...folders('bounded'),
    ]);
    assert.equal(bounded.code, 4);
    assert.match(bounded.stderr, /CAP_NET_ADMIN/);
  });

  test("somebody else's table with our name is not touched", async () => {
    const theirs = 'table inet postern {\n chain theirs {\n }\n}\n';
    assert.equal((await lab.run(['nft', '-f', '-'], { input: theirs })).code, 0);
    const ran = await lab.run([bin, 'up', '--mode', 'ask', ...folders('table')]);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /nftables table "inet postern" that Postern did not make is in the way/);
    assert.match((await lab.run(['nft', 'list', 'ruleset'])).stdout, /chain theirs/);
    await lab.run(['nft', 'delete', 'table', 'inet', 'postern']);
  });

  test('a queue that another program holds', async () => {
    const holder = lab.spawn([
      process.execPath,
      '-e',
      `import('${join(import.meta.dirname, '../../src/kernel/netlink/socket.ts')}').then(async ({ NetlinkSocket }) => {
        const { PacketQueue } = await import('${join(import.meta.dirname, '../../src/kernel/netfilter/queue.ts')}');
        const socket = new NetlinkSocket({ family: 12 });
        const none = () => {};
        console.log(new PacketQueue({ fd: socket.fd, number: 20559, beforeBatch: none, onPacket: none, onMalformed: none, afterBatch: none }).open(false) ?? 'held');
      })`,
    ]);
    const [said] = await once(holder.stdout as NodeJS.ReadableStream, 'data');
    assert.match(String(said), /held/);
    const waiting = lab.spawn([bin, 'up', '--mode', 'ask', ...folders('queue')]);
    const closed = once(waiting, 'close');
    let text = '';
    for (const stream of [waiting.stdout, waiting.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (/packet queue 20559 belongs to another program/.test(text)) waiting.kill('SIGTERM');
      });
    }
    await closed;
    assert.match(text, /packet queue 20559 belongs to another program/);
    assert.doesNotMatch(text, /postern is ready/);
    holder.kill('SIGKILL');
  });

  test('rule files that are wrong are refused with their place, and the old policy stays', async () => {
    postern = await lab.postern({ rules: { '10.yaml': curlRule } });
    const file = join(postern.rulesDir, '20-bad.yaml');
    const cases: readonly [string | Buffer, RegExp][] = [
      ['rules:\n  - name: x\n    action: allow\n    appp: /usr/bin/x\n', /20-bad\.yaml:4:5: .*appp/],
      ['rules:\n  - { name: curl, action: allow }\n', /20-bad\.yaml:2:\d+: .*curl/],
      ['rules:\n  - { name: x, action: allow, to: 10.0.0.1/8 }\n', /20-bad\.yaml:2:\d+: .*10\.0\.0\.0\/8/],
      ['rules:\n  - { name: x, action: allow, to: [] }\n', /20-bad\.yaml:2:\d+: /],
      [Buffer.from([0, 1, 2, 3, 255, 254]), /20-bad\.yaml:1:1: .*(binary|NUL)/i],
      [Buffer.alloc(10 * 1024 * 1024 + 1, '#'), /20-bad\.yaml:1:1: .*bytes/],
    ];
    for (const [text, expected] of cases) {
      writeFileSync(file, text);
      let shown = '';
      await postern.until(async () => {
        const { problems } = await (postern as Postern).json<Status>(['status']);
        shown = problems
          .map(({ file: where, line, column, message }) => `${where}:${line}:${column}: ${message}`)
          .join('\n');
        return expected.test(shown);
      }, `${expected} in the status`);
      assert.equal((await lab.curl(`http://${world.v4}/`)).code, 0, 'the old policy stays');
      const check = await lab.run([bin, 'check', postern.rulesDir]);
      assert.equal(check.code, 1);
      assert.match(check.stdout, expected);
    }
    writeFileSync(file, 'rules:\n  - { name: no-curl, action: reject, app: /usr/bin/curl, port: 80 }\n');
    await postern.until(async () => (await lab.curl(`http://${world.v4}/`)).code === 7, 'the mended file to hold');
  });

  test('fragments and 64 kB datagrams pass when they are allowed', async () => {
    postern = await lab.postern({
      mode: 'lockdown',
      rules: {
        '10.yaml': 'rules: [{ name: echo, action: allow, port: 7007, protocol: udp, app: "/usr/bin/python3*" }]',
      },
    });
    const ran = await lab.run([
      python,
      '-c',
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(15); s.connect(('${world.v4}', 7007))
s.send(b'x' * 65507); print(len(s.recv(70000)))
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(15); s.connect(('${world.v6}', 7007))
s.send(b'x' * 60000); print(len(s.recv(70000)))`,
    ]);
    assert.deepEqual(ran.stdout.trim().split('\n'), ['65507', '60000'], ran.stderr);
  });
});
