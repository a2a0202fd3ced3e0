// The name server of a command with a real one behind it, and the real resolvers of programs before it: glibc, c-ares, BIND's dig.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { Lab, type Ran } from './lab.ts';
import { world } from './namespaces.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const stubFile = join(import.meta.dirname, 'dnsstub.ts');
/** After so long glibc asks a server again that said nothing (resolv.conf(5), timeout:5). */
const givenUpMs = 5000;
const many = Array.from({ length: 60 }, (_, at) => `203.0.113.${at + 100}`);

describe('the name server of a command', { concurrency: false }, () => {
  let lab: Lab;
  let stub: ChildProcess;
  let told: string[] = [];
  let resolvConf: string;

  before(async () => {
    lab = await Lab.create();
    const resolver = new Resolver(lab, world.others[2]);
    await resolver.start([
      `host-record=www.example.com,${site},${world.v6},300`,
      `host-record=secret.evil.example,${site}`,
      'cname=alias.example.com,edge.example.net',
      `host-record=edge.example.net,${site},20`,
      'host-record=rebind.example.com,127.0.0.1',
      'txt-record=www.example.com,smuggled',
      'srv-host=_git._tcp.example.com,www.example.com,9418,1,2',
      ...many.map((address) => `host-record=many.example.com,${address}`),
      'host-record=www.example.com.lan,192.0.2.77',
      'local=/example/',
      'local=/com/',
      'log-queries',
    ]);
    resolvConf = join(lab.folder, 'resolv.conf');
    writeFileSync(resolvConf, 'search lan corp.lan\nnameserver 127.0.0.1\noptions ndots:5\n');
    stub = lab.spawn([
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      stubFile,
      resolver.address,
      'example.com',
    ]);
    let text = '';
    stub.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      told.push(...lines);
    });
    const ended = once(stub, 'exit').then(() => assert.fail('the stub ended'));
    ended.catch(() => {});
    while (!told.includes('ready')) await Promise.race([once(stub.stdout as NodeJS.ReadableStream, 'data'), ended]);
  });
  beforeEach(() => {
    told = [];
  });
  after(() => lab?.close());

  /** With the stub as the only server that resolv.conf names. */
  const bound = (...command: string[]): Promise<Ran> =>
    lab.run(['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolvConf, ...command]);
  const dig = async (...args: string[]) =>
    (await lab.run(['dig', '@127.0.0.1', '+tries=1', '+time=15', ...args])).stdout;
  /** Datagrams that reached a program of the world. */
  const arrived = async () => {
    const { stdout } = await lab.run(['cat', '/proc/net/snmp'], { world: true });
    return Number(/^Udp: (\d+)/m.exec(stdout)?.[1]);
  };

  test('getaddrinfo of glibc: an allowed name, though search domains are asked for first', async () => {
    const ran = await bound('getent', 'ahosts', 'www.example.com');
    assert.equal(ran.code, 0);
    assert.match(ran.stdout, new RegExp(site));
    assert.match(ran.stdout, new RegExp(world.v6));
    assert.ok(ran.ms < givenUpMs, `${ran.ms} ms`);
    // With ndots:5 the suffixes come first: refused at once, told with them, and no address of theirs is taken.
    assert.deepEqual(told.filter((line) => line.startsWith('refused')).sort(), [
      'refused www.example.com.corp.lan A name',
      'refused www.example.com.corp.lan AAAA name',
      'refused www.example.com.lan A name',
      'refused www.example.com.lan AAAA name',
    ]);
    assert.ok(told.includes(`learned www.example.com ${site}`) && told.includes('answered www.example.com AAAA'));
  });

  test('a name that is not allowed fails fast and clearly, is asked for once, and reaches nobody', async (context: TestContext) => {
    const sent = await arrived();
    const ran = await bound('getent', 'ahosts', 'secret.evil.example');
    assert.equal(ran.code, 2);
    assert.ok(ran.ms < givenUpMs, `${ran.ms} ms`);
    const times = told.filter((line) => line === 'refused secret.evil.example A name').length;
    assert.equal(times, 1);
    const curl = await bound('curl', '-sS', '-m', '15', 'http://secret.evil.example/');
    assert.equal(curl.code, 6);
    assert.match(curl.stderr, /Could not resolve host/);
    const script = `import socket
for n in range(300):
    try: socket.getaddrinfo('%032x.evil.example' % n, 80); print('resolved')
    except socket.gaierror as error: print(error.errno)`;
    const tunnel = await bound('python3', '-c', script);
    assert.deepEqual(new Set(tunnel.stdout.trim().split('\n')), new Set(['-2']), 'EAI_NONAME');
    assert.equal(await arrived(), sent, 'no datagram reached the world');
    context.diagnostic(
      `300 names of a tunnel: ${Math.round(tunnel.ms)} ms in all, ${told.length} refusals told, 0 sent on`,
    );
  });

  test('curl reaches an allowed name, also by an alias', async () => {
    for (const name of ['www.example.com', 'alias.example.com']) {
      const ran = await bound('curl', '-4', '-s', '-o', '/dev/null', '-m', '15', `http://${name}/`);
      assert.equal(ran.code, 0, name);
    }
    assert.ok(told.includes(`learned alias.example.com ${site}`));
  });

  test('dig: the code, and why in words; types that lead nowhere; names that lead into the machine', async () => {
    const refused = await dig('secret.evil.example');
    assert.match(refused, /status: NXDOMAIN/);
    assert.match(refused, /EDE: 15 \(Blocked\): \(Postern: no rule of this command allows this name\)/);
    const text = await dig('www.example.com', 'TXT');
    assert.match(text, /status: NOERROR.*\n.*ANSWER: 0/);
    assert.ok(!text.includes('smuggled'));
    const rebind = await dig('rebind.example.com');
    assert.match(rebind, /status: NOERROR.*\n.*ANSWER: 0/);
    assert.match(rebind, /leads into this machine/);
    assert.match(await dig('_git._tcp.example.com', 'SRV', '+short'), /^1 2 9418 www\.example\.com\.$/m);
    assert.match(await dig('version.bind', 'TXT', 'CH'), /ANSWER: 0/);
    assert.match(await dig('none.example.com'), /status: NXDOMAIN/);
    assert.deepEqual(
      told.filter((line) => line.startsWith('refused')),
      [
        'refused secret.evil.example A name',
        'refused www.example.com TXT type',
        'refused rebind.example.com A address',
        'refused version.bind TXT type',
      ],
    );
  });

  test('dig: a name of an address that was given, and of one that was not', async () => {
    await dig('www.example.com');
    assert.match(await dig('-x', site, '+short'), /example\.(com|net)\.$/m);
    assert.match(await dig('-x', '203.0.113.100'), /status: NXDOMAIN/);
  });

  test('dig: large answers, by UDP and TCP', async () => {
    const count = (text: string) =>
      text
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('203.0.113.')).length;
    assert.equal(count(await dig('many.example.com', '+short', '+noedns')), many.length);
    assert.equal(count(await dig('many.example.com', '+short', '+bufsize=4096')), many.length);
    assert.equal(count(await dig('many.example.com', '+short', '+tcp')), many.length);
    assert.match(await dig('many.example.com', '+noedns', '+ignore'), /flags: [a-z ]*\btc\b/);
    assert.match(await dig('many.example.com', '+bufsize=4096', '+ignore'), /ANSWER: 60/);
    assert.match(
      await dig('+cookie', '+dnssec', '+subnet=192.0.2.0/24', '+nsid', 'www.example.com'),
      /status: NOERROR/,
    );
    assert.match(await dig('+ednsopt=65001:736563726574', 'www.example.com'), /status: NOERROR/);
    assert.match(await dig('+edns=1', '+noednsneg', 'www.example.com'), /status: BADVERS/);
  });

  test('c-ares, as Node has it: each type, and one question for a name that is refused', async () => {
    const script = `const { Resolver } = require('node:dns').promises;
const resolver = new Resolver(); resolver.setServers(['127.0.0.1']);
const tell = (promise) => promise.then((value) => value, ({ code }) => code);
(async () => console.log(JSON.stringify([
  await tell(resolver.resolve4('www.example.com')), await tell(resolver.resolve6('www.example.com')),
  await tell(resolver.resolve4('secret.evil.example')), await tell(resolver.resolveTxt('www.example.com')),
  (await tell(resolver.resolveSrv('_git._tcp.example.com')))[0].port, (await tell(resolver.resolve4('many.example.com'))).length,
])))()`;
    const ran = await lab.run([process.execPath, '-e', script]);
    assert.deepEqual(JSON.parse(ran.stdout), [[site], [world.v6], 'ENOTFOUND', 'ENODATA', 9418, many.length]);
    assert.deepEqual(
      told.filter((line) => line.startsWith('refused')),
      ['refused secret.evil.example A name', 'refused www.example.com TXT type'],
    );
  });

  test('how long a question takes, beside the name server asked directly', async (context: TestContext) => {
    const script = `const socket = require('node:dgram').createSocket('udp4');
const labels = (name) => Buffer.concat([...name.split('.').map((l) => Buffer.from([l.length, ...Buffer.from(l)])), Buffer.from([0])]);
const query = (name) => Buffer.concat([Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), labels(name), Buffer.from([0, 1, 0, 1])]);
const ask = (name, to) => new Promise((done, fail) => {
  const began = performance.now(); const timer = setTimeout(() => fail(new Error('no answer')), 20_000);
  socket.once('message', (m) => { clearTimeout(timer); done([performance.now() - began, m[3] & 15, m[7]]); });
  socket.send(query(name), 53, to);
});
const of = { direct: [], stub: [], refused: [] };
(async () => {
  for (let round = 0; round < 22; round++) for (const [what, name, to] of [['direct', 'www.example.com', '${world.others[2]}'], ['stub', 'www.example.com', '127.0.0.1'], ['refused', 'x.evil.example', '127.0.0.1']]) {
    for (let n = 0; n < 50; n++) {
      const [ms, code, answers] = await ask(name, to);
      if (code !== (what === 'refused' ? 3 : 0) || answers !== (what === 'refused' ? 0 : 1)) throw new Error(what + ' ' + code);
      if (round > 1) of[what].push(ms);
    }
  }
  socket.close(); console.log(JSON.stringify(of));
})()`;
    const ran = await lab.run([process.execPath, '-e', script]);
    assert.equal(ran.code, 0, ran.stderr);
    const times = JSON.parse(ran.stdout) as Record<'direct' | 'stub' | 'refused', number[]>;
    const at = (list: number[], part: number) =>
      list.toSorted((one, other) => one - other)[Math.floor(list.length * part)] ?? 0;
    const shown = (list: number[]) => `${at(list, 0.5).toFixed(3)} ms (p99 ${at(list, 0.99).toFixed(3)})`;
    const { direct, stub: through, refused } = times;
    context.diagnostic(`directly ${shown(direct)}, through the stub ${shown(through)}, refused ${shown(refused)}`);
    context.diagnostic(`ratio ${(at(through, 0.5) / at(direct, 0.5)).toFixed(2)}, of 1,000 questions each`);
    // The quick ones: what else a machine does comes on top of the others.
    assert.ok(at(refused, 0.1) < at(through, 0.1), 'a refusal asks nobody');
    assert.ok(at(through, 0.1) < 5, 'and five milliseconds are nothing beside what the network takes');
  });
});
