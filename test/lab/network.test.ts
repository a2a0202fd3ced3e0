// Other people's networking goes on: fwmark routing, loopback with one side refused, NAT in the output path, observe.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import type { LogLine, Status } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { host, world } from './namespaces.ts';

const python = '/usr/bin/python3';

describe('networking of others', () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
  });
  /** What takes back what a test did to the host's network, however the test ended. */
  const undo: string[][] = [];
  afterEach(async () => {
    await postern?.stop();
    for (const command of undo.splice(0)) await lab.run(command);
  });
  after(() => lab.close());

  const inHost = async (...command: string[]) => {
    const ran = await lab.run(command);
    assert.equal(ran.code, 0, `${command.join(' ')}: ${ran.stderr}`);
  };

  /** A server that listens. */
  async function serving(port: string, address: string): Promise<ChildProcess> {
    const server = lab.spawn([python, '-u', '-m', 'http.server', port, '--bind', address]);
    await once(server.stdout as NodeJS.ReadableStream, 'data');
    return server;
  }

  test('a route chosen by `ip rule not fwmark N` stays chosen', async () => {
    // As wg-quick does: all but marked traffic goes by another table, here to a dead end for one address.
    undo.push(
      ['ip', 'rule', 'del', 'priority', '100'],
      ['ip', 'route', 'del', 'unreachable', '203.0.113.0/24', 'table', 'main'],
      ['ip', 'route', 'flush', 'table', '51820'],
    );
    await inHost('ip', 'route', 'add', 'default', 'via', world.v4, 'table', '51820');
    await inHost('ip', 'route', 'add', 'unreachable', '203.0.113.0/24', 'table', 'main');
    await inHost('ip', 'rule', 'add', 'not', 'fwmark', '51820', 'table', '51820', 'priority', '100');
    postern = await lab.postern({ rules: { '10.yaml': 'rules: [{ name: curl, action: allow, app: /usr/bin/curl }]' } });
    // Unmarked: by the other table, which reaches it. A bit of ours on the packet would send it to the dead end.
    assert.equal((await lab.curl('http://203.0.113.9/')).code, 0);
    const marked = `import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, 36, 51820); s.settimeout(15)
try: s.connect(('203.0.113.9', 80)); print('connected')
except OSError as e: print(e.errno)`;
    assert.match((await lab.run([python, '-c', marked])).stdout, /^(101|113)/, 'marked: by the main table');
  });

  test('on loopback the client may be allowed and the listener refused', async () => {
    const server = await serving('8099', '127.0.0.1');
    postern = await lab.postern({
      mode: 'lockdown',
      rules: {
        '10.yaml': `
rules:
  - { name: curl, action: allow, app: /usr/bin/curl }
  - { name: no-listener, action: reject, direction: in, port: 8099 }
`,
      },
    });
    const ran = await lab.curl('http://127.0.0.1:8099/', { maxSeconds: 30 });
    assert.equal(ran.code, 7);
    assert.ok(ran.ms < 15_000, `refused at once, not after ${ran.ms} ms`);
    const logged = async (verdict: string, by: string, direction: string) =>
      (await postern.json<LogLine[]>(['log', '--verdict', verdict])).some(
        ({ rule, attempt }) => rule === by && attempt.flow.direction === direction,
      );
    await postern.until(() => logged('allow', 'curl', 'out'), 'the client in the log');
    await postern.until(() => logged('reject', 'no-listener', 'in'), 'the listener in the log');
    const removed = await postern.cli(['rule', 'disable', 'no-listener']);
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal(
      (await lab.curl('http://127.0.0.1:8099/')).code,
      0,
      'without the refusal loopback is allowed both ways',
    );
    server.kill('SIGKILL');
  });

  test('with NAT in the output path the asked destination is judged', async () => {
    const nat = `table ip labnat {
  chain output {
    type nat hook output priority -100;
    ip daddr 198.51.100.7 tcp dport 80 dnat to ${world.v4}:8080
  }
}`;
    undo.push(['nft', 'delete', 'table', 'ip', 'labnat']);
    const loaded = await lab.run(['nft', '-f', '-'], { input: nat });
    assert.equal(loaded.code, 0, loaded.stderr);
    postern = await lab.postern({
      mode: 'lockdown',
      rules: { '10.yaml': 'rules: [{ name: asked, action: allow, app: /usr/bin/curl, to: "198.51.100.7:80" }]' },
    });
    assert.equal((await lab.curl('http://198.51.100.7/')).code, 0, 'what was asked for is allowed');
    assert.equal((await lab.curl(`http://${world.v4}:8080/`)).code, 7, 'where it went is not');
    assert.equal(await postern.stop(), 0);
    const left = await lab.run(['nft', 'list', 'tables']);
    assert.equal(left.stdout.trim(), 'table ip labnat', "other people's tables stay");
  });

  test('incoming connections are judged by their listener', async () => {
    const [server, other] = [await serving('8098', '::'), await serving('8097', '::')];
    postern = await lab.postern({
      mode: 'lockdown',
      rules: {
        '10.yaml': 'rules: [{ name: web, action: allow, direction: in, port: 8098, app: "/usr/bin/python3*" }]',
      },
    });
    assert.equal((await lab.curl(`http://${host.v4}:8098/`, { world: true })).code, 0);
    assert.equal((await lab.curl(`http://[${host.v6}]:8098/`, { world: true })).code, 0);
    assert.equal((await lab.curl(`http://${host.v4}:8097/`, { world: true })).code, 7);
    const web = async () => (await postern.json<LogLine[]>(['log'])).find(({ rule }) => rule === 'web');
    await postern.until(async () => (await web()) !== undefined, 'it in the log');
    assert.match((await web())?.app ?? '', /^python3/);
    server.kill('SIGKILL');
    other.kill('SIGKILL');
  });

  test('observe records what it would have done, queues nothing and uses no ct', async () => {
    postern = await lab.postern({
      mode: 'observe',
      rules: { '10.yaml': 'rules: [{ name: no-bash, action: reject, app: /usr/bin/bash }]' },
    });
    const ruleset = (await lab.run(['nft', 'list', 'ruleset'])).stdout;
    assert.match(ruleset, /table inet postern/);
    assert.doesNotMatch(ruleset, /\bqueue num|\bct |\bdrop\b|\breject\b/);
    // It stays a while, and alone has the socket: nothing is held for a copy, and /proc is read after the call.
    const bash = await lab.run(['bash', '-c', `exec 3<>/dev/tcp/${world.v4}/80 && sleep 1 3>&- && true`]);
    assert.equal(bash.code, 0, bash.stderr);
    const udp = lab.spawn([
      python,
      '-c',
      `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('${world.v4}', 7007)); s.send(b'x'); print(s.recv(3))`,
    ]);
    await once(udp.stdout as NodeJS.ReadableStream, 'data');
    const programs = async () =>
      (await postern.json<LogLine[]>(['log'])).filter(({ attempt }) => attempt.process?.kernel !== true);
    await postern.until(async () => (await programs()).length >= 2, 'both in the log');
    await postern.until(() => postern.output.includes('would be refused'), 'the line of it');
    const lines = await programs();
    const first = lines.find(({ app }) => app === 'bash');
    assert.deepEqual([first?.action, first?.enforced, first?.rule], ['reject', false, 'no-bash']);
    assert.ok(
      lines.every(({ attempt }) => attempt.flow.direction === 'out'),
      'answers are not new flows',
    );
    assert.match(postern.output, /bash \(root\) → 192\.0\.2\.2:80\/tcp would be refused by rule "no-bash"/);
    const status = await postern.json<Status>(['status']);
    assert.deepEqual([status.gate?.queue, status.gate?.counters.packets], ['none', 0]);
  });
});
