// What programs say first of the name that they want: by what they say a flow is confirmed, corrected or refused, on both kernel paths.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered, LogLine, PromptView } from '#model/api.ts';
import { buildInitial, cryptoFrame } from '#wire/quic/client.testing.ts';
import { buildHello, echOuter, extension, inRecords, keyShare, serverName, versions } from '#wire/tls/hello.testing.ts';
import { Lab, type Postern, type Talker } from './lab.ts';
import { world } from './namespaces.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const port = 4443;
/** Where the server waits for more longer than any pause between two pieces, on a busy machine too. */
const patient = 4442;
const tls = 4444;
const speaker = ['/usr/bin/python3', join(import.meta.dirname, 'hello.py')];
const script = speaker[1];

const hex = (bytes: Uint8Array | string) => Buffer.from(bytes as string, 'latin1').toString('hex');
const helloFor = (name: string, ...more: (readonly number[])[]) =>
  inRecords(buildHello([serverName(name), versions(0x0304), ...more]));
/** 17 KB, with the name behind the keys. */
const largeFor = (name: string) =>
  inRecords(
    buildHello([
      versions(0x0304),
      keyShare(0x11ec, 15_000),
      extension(0x0a0a, new Array(2200).fill(0)),
      serverName(name),
    ]),
  );
const cut = (bytes: Uint8Array, ...places: number[]) =>
  [0, ...places].map((from, at) => hex(bytes.subarray(from, places[at] ?? bytes.length))).join(',');
const request = (host: string, target = '/') => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

const rules = `rules:
  - { name: good, action: allow, app: { script: ${script} }, to: "*.good.example" }
  - { name: said, action: allow, app: { script: ${script} }, to: "*.said.example", name-from: [sni, quic, http] }
  - { name: servers, action: allow, app: { script: ${script} }, port: 53 }
  - { name: by-address, action: allow, app: { script: ${script} }, to: 203.0.113.9/32, priority: -1 }
  - { name: listed, action: reject, to: "*.bad.example", priority: 10 }
  - { name: curl, action: allow, app: /usr/bin/curl, to: [a.good.example, b.good.example] }
  - { name: curl-said, action: allow, app: /usr/bin/curl, to: tls.said.example, name-from: sni }
  - { name: openssl, action: allow, app: /usr/bin/openssl, to: a.good.example }
`;

describe('what programs say first', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let program: Talker;

  before(async () => {
    lab = await Lab.create();
    const resolver = new Resolver(lab);
    await resolver.start([
      `host-record=six.good.example,${world.v6},300`,
      ...['a.good', 'b.good', 'x.bad', 'a.other'].map((name) => `host-record=${name}.example,${site},300`),
    ]);
    for (const [at, quiet] of [
      [port, 0.2],
      [patient, 1.5],
    ]) {
      const serve = ['serve', `${at}`, `${quiet}`, site, '203.0.113.9', world.v6];
      const server = lab.spawn([...speaker, ...serve], { world: true });
      await once(server.stdout as NodeJS.ReadableStream, 'data');
    }
    const [key, certificate] = [join(lab.folder, 'key.pem'), join(lab.folder, 'certificate.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=a.good.example',
        '-keyout',
        key,
        '-out',
        certificate,
      ],
      { stdio: 'ignore' },
    );
    const secure = lab.spawn(['openssl', 's_server', '-accept', `${tls}`, '-key', key, '-cert', certificate, '-www'], {
      world: true,
    });
    await once(secure.stdout as NodeJS.ReadableStream, 'data');
    postern = await lab.postern({ mode: 'lockdown', args: ['--hold', '120'], rules: { '10.yaml': rules } });
    program = lab.talker(speaker);
  });
  after(async () => {
    program?.end();
    await postern?.stop();
    await lab?.close();
  });

  const tcp = (pieces: string, pause = '', where = site) => program.say(`tcp ${where} ${port} ${pieces} ${pause}`);
  const inPieces = (pieces: string, pause = '') => program.say(`tcp ${site} ${patient} ${pieces} ${pause}`);
  const cutOff = /Connection|Broken|Abort|closed/;
  const secure = async (name: string, ...args: string[]) =>
    (await lab.run(['curl', '-sk', '-m', '20', '-o', '/dev/null', ...args, `https://${name}:${tls}/`])).code;

  test('curl and openssl reach by TLS what a rule names, and say the right name', async () => {
    for (let round = 0; round < 3; round++) assert.equal(await secure('a.good.example'), 0);
    const client = (...args: string[]) =>
      lab.run(['openssl', 's_client', '-connect', `a.good.example:${tls}`, ...args], {
        input: 'GET / HTTP/1.0\r\n\r\n',
      });
    assert.equal((await client('-servername', 'a.good.example')).code, 0);
    assert.equal((await client('-noservername')).code, 0, 'who says no name is known by its address');
    assert.equal((await client('-servername', 'a.good.example', '-tls1_2')).code, 0);
    assert.notEqual((await client('-servername', 'b.good.example')).code, 0, 'another name than the rule');
    assert.notEqual((await client('-servername', 'evil.example')).code, 0);
  });

  test('two names of one address: the one in the hello decides', async () => {
    const both = ['--connect-to', `b.good.example:${tls}:a.good.example:${tls}`];
    assert.equal(await secure('b.good.example', ...both), 0);
    assert.notEqual(await secure('x.bad.example', '--connect-to', `x.bad.example:${tls}:a.good.example:${tls}`), 0);
  });

  test('a name that is only said: allowed where a rule asks for that, refused when it is another', async () => {
    const known = (name: string) => secure(name, '--resolve', `${name}:${tls}:${site}`);
    assert.equal(await known('tls.said.example'), 0);
    assert.notEqual(await known('evil.example'), 0);
    assert.equal(
      await known('a.good.example'),
      0,
      'once it is heard, it counts for a rule that takes any evidence too',
    );
  });

  test('the same program, the same address, again and again: each connection by what it says', async () => {
    assert.equal(await program.say('name a.good.example'), site);
    for (let round = 0; round < 50; round++) {
      assert.equal(await tcp(hex(helloFor('a.good.example'))), 'answered', `${round}`);
      assert.match(await tcp(hex(helloFor('x.bad.example'))), cutOff, `${round}`);
      assert.match(await tcp(hex(helloFor('evil.example'))), cutOff, `${round}`);
      assert.equal(await tcp(hex(helloFor('b.said.example'))), 'answered', `${round}`);
    }
  });

  test('a hello in pieces, at once or slowly, and one of 17 KB', async () => {
    const [good, bad] = [helloFor('a.good.example'), helloFor('x.bad.example')];
    for (const pause of ['', '0.05']) {
      for (const at of [1, 5, 40, good.length - 1]) {
        assert.equal(await inPieces(cut(good, at), pause), 'answered', `${at}`);
        assert.match(await inPieces(cut(bad, at), pause), cutOff, `${at}`);
      }
      assert.equal(await inPieces(cut(good, 20, 60, 70), pause), 'answered');
      assert.match(await inPieces(cut(bad, 20, 60, 70), pause), cutOff);
    }
    assert.equal(await program.say(`nagle ${site} ${patient} ${cut(good, 10, 50)}`), 'answered');
    assert.match(await program.say(`nagle ${site} ${patient} ${cut(bad, 10, 50)}`), cutOff);
    for (const at of [[], [3000], [3000, 15_000]]) {
      assert.equal(await inPieces(cut(largeFor('a.good.example'), ...at), '0.02'), 'answered', `${at}`);
      assert.match(await inPieces(cut(largeFor('x.bad.example'), ...at), '0.02'), cutOff, `${at}`);
    }
  });

  test('what is no hello goes by what its address is called; so does a hello in more than five packets', async () => {
    assert.equal(await tcp(hex('SSH-2.0-test\r\n')), 'answered');
    assert.equal(await inPieces(cut(helloFor('a.good.example'), 10, 20, 30, 40, 50, 60), '0.02'), 'answered');
  });

  test('HTTP: the host of the request decides; a request to a proxy does not make another of it', async () => {
    assert.equal(await tcp(hex(request('a.good.example'))), 'answered');
    assert.match(await tcp(hex(request('x.bad.example'))), cutOff);
    assert.match(await tcp(hex(request('evil.example'))), cutOff);
    assert.equal(
      await tcp(hex(request('evil.example', 'http://evil.example/'))),
      'answered',
      'asked of a proxy that is allowed',
    );
    assert.match(
      await tcp(hex(request('x.bad.example', 'http://x.bad.example/'))),
      cutOff,
      'which a rule refuses there too',
    );
  });

  test('an encrypted hello is no correction, and is said', async () => {
    const outer = helloFor('provider.example', echOuter);
    assert.equal(await tcp(hex(outer)), 'answered');
    const isSaid = async () =>
      (await postern.json<LogLine[]>(['log', '--limit', '5'])).some(({ attempt }) =>
        attempt.names?.some(({ name, ech }) => name === 'provider.example' && ech === true),
      );
    await postern.until(isSaid, 'that the log says it');
    assert.match((await postern.cli(['log', '--limit', '5'])).stdout, /provider\.example.*encrypted/);
    assert.match(
      await tcp(hex(helloFor('x.bad.example', echOuter))),
      cutOff,
      'a name that is refused is refused outside too',
    );
  });

  test('a refusal by name holds for what is allowed by its address', async () => {
    assert.equal(await tcp(hex(helloFor('fine.example')), '', '203.0.113.9'), 'answered');
    for (let round = 0; round < 20; round++) {
      assert.match(await tcp(hex(helloFor('x.bad.example')), '', '203.0.113.9'), cutOff, `${round}`);
    }
  });

  test('what says nothing, and could only be allowed by what it says, is cut after ten seconds', async () => {
    const other = lab.talker(speaker);
    const before = Date.now();
    assert.match(await other.say(`open ${site} ${port} 50`), cutOff);
    assert.ok(Date.now() - before > 8000);
    other.end();
  });

  test('QUIC: the name in the Initial decides, also in two datagrams', async () => {
    const initial = async (name: string) => buildInitial({ frames: cryptoFrame(0, buildHello([serverName(name)])) });
    const inTwo = async (name: string) => {
      const hello = buildHello([keyShare(0x11ec, 1216), serverName(name)]);
      const pieces = [hello.subarray(0, 700), hello.subarray(700)] as const;
      const first = await buildInitial({ frames: cryptoFrame(0, pieces[0]) });
      return [first, await buildInitial({ frames: cryptoFrame(700, pieces[1]), number: 1 })].map(hex).join(',');
    };
    const udp = (pieces: string, where = site) => program.say(`udp ${where} ${port} ${pieces}`);
    for (let round = 0; round < 5; round++) {
      assert.equal(await udp(hex(await initial('a.good.example'))), 'answered', `${round}`);
      assert.notEqual(await udp(hex(await initial('x.bad.example'))), 'answered', `${round}`);
      assert.notEqual(await udp(hex(await initial('evil.example'))), 'answered', `${round}`);
      assert.equal(await udp(hex(await initial('b.said.example'))), 'answered', `${round}`);
      assert.equal(await udp(await inTwo('a.good.example')), 'answered', `${round}`);
      assert.notEqual(await udp(await inTwo('x.bad.example')), 'answered', `${round}`);
      assert.notEqual(await udp(hex(await initial('x.bad.example')), '203.0.113.9'), 'answered', `${round}`);
      assert.equal(await udp(hex(await initial('fine.example')), '203.0.113.9'), 'answered', `${round}`);
    }
    assert.equal(await udp(hex('no quic at all')), 'answered');
  });

  test('the same over IPv6', async () => {
    assert.equal(await program.say('name six.good.example'), world.v6);
    const initial = async (name: string) =>
      hex(await buildInitial({ frames: cryptoFrame(0, buildHello([serverName(name)])) }));
    for (let round = 0; round < 10; round++) {
      assert.equal(await tcp(hex(helloFor('six.good.example')), '', world.v6), 'answered', `${round}`);
      assert.match(await tcp(hex(helloFor('x.bad.example')), '', world.v6), cutOff, `${round}`);
      assert.equal(await program.say(`udp ${world.v6} ${port} ${await initial('six.good.example')}`), 'answered');
      assert.notEqual(await program.say(`udp ${world.v6} ${port} ${await initial('x.bad.example')}`), 'answered');
    }
  });

  test('a question shows what the flow says, and its answer holds for that', async () => {
    assert.equal((await postern.cli(['mode', 'ask'])).code, 0);
    const asking = tcp(hex(helloFor('asked.example')));
    const prompts = () => postern.json<PromptView[]>(['prompts']);
    await postern.until(async () => (await prompts()).length > 0, 'a question');
    const [prompt] = await prompts();
    assert.deepEqual(
      prompt?.names.map(({ name, from }) => [name, from]),
      [['asked.example', 'sni']],
    );
    await postern.json<Answered>(['answer', prompt?.id ?? '', 'allow', '--for', '15m']);
    assert.equal(await asking, 'answered');
    assert.equal(await tcp(hex(helloFor('asked.example'))), 'answered', 'by the rule of the answer');
    const again = tcp(hex(helloFor('another.example')));
    await postern.until(async () => (await prompts()).length > 0, 'another question');
    await postern.json<Answered>(['answer', (await prompts())[0]?.id ?? '', 'reject']);
    assert.match(await again, cutOff);
    assert.equal((await postern.cli(['mode', 'lockdown', '--now'])).code, 0);
  });

  test('a gate that was killed: what was let begin is judged by the next one', async () => {
    const slow = program.say(`tcp ${site} ${port} ${cut(helloFor('x.bad.example'), 30)} 4`);
    await sleep(500);
    const gate = postern.child('gate');
    process.kill(gate, 'SIGKILL');
    await slow;
    await postern.until(() => postern.hasAnother('gate', gate), 'the next gate');
    await postern.until(async () => (await tcp(hex(helloFor('a.good.example')))) === 'answered', 'that it goes on');
    assert.match(await tcp(hex(helloFor('x.bad.example'))), cutOff);
  });
});
