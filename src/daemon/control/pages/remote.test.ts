// The door to other machines, over TLS, asked by this very process: passwords, cookies, names, and what is refused.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { securityHeaders } from '#api/pages/headers.ts';
import { Pages } from '#api/pages/pages.ts';
import { Passwords } from '#api/remote/passwords.ts';
import { hashPassword } from '#api/remote/phc.ts';
import type { Services } from '#api/services.ts';
import { ownCertificate } from './certificate.ts';
import { maxOfOne } from './crowd.ts';
import { RemoteServer } from './remote.ts';

const right = 'correct horse battery staple';

describe('the door to other machines', () => {
  let folder: string;
  let phc: string;
  let now: number;
  let file: string | undefined;
  let events: [string, unknown][];
  let said: string[];
  let passwords: Passwords;
  let pages: Pages;
  let server: RemoteServer;
  let agent: Agent;
  const services = { status: async () => ({}), follow: () => () => {} } as unknown as Services;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pt-remote-'));
    mkdirSync(join(folder, 'web'));
    writeFileSync(join(folder, 'web/index.html'), '<!doctype html>the pages');
    phc = await hashPassword(right);
  });
  beforeEach(async () => {
    [now, file, events, said] = [Date.now(), undefined, [], []];
    agent = new Agent({ rejectUnauthorized: false, keepAlive: true, maxSockets: 4 });
    passwords = new Passwords({
      read: () => file,
      write: (text) => {
        file = text;
      },
    });
    passwords.set('root', 0, phc, now);
    pages = new Pages({ version: '1', now: () => now, passwords, record: (type, data) => events.push([type, data]) });
    server = await serve({ names: ['server.example'] });
  });
  after(() => rmSync(folder, { recursive: true }));

  const open: (() => void)[] = [];
  async function serve(of: { names?: string[]; port?: number; given?: boolean }): Promise<RemoteServer> {
    for (const close of open.splice(0)) close();
    const made = new RemoteServer({
      remote: { address: '127.0.0.1', port: of.port ?? 0, names: of.names ?? [], given: of.given ?? false },
      ...{ stateDir: folder, pages, services, folder: join(folder, 'web'), now: () => now, againMs: 50 },
      say: (_, text) => said.push(text),
    });
    await made.takeOwn();
    open.push(() => {
      made.close();
      agent.destroy();
    });
    return made;
  }
  after(() => {
    for (const close of open) close();
  });

  async function ask(method: string, path: string, headers: OutgoingHttpHeaders = {}, body?: string) {
    const asking = request({
      ...{ host: '127.0.0.1', port: server.port, method, path, agent },
      headers: { ...(method === 'GET' ? {} : { 'postern-request': '1' }), ...headers },
    });
    asking.end(body);
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    const cookies = (response.headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ');
    return { status: response.statusCode ?? 0, headers: response.headers, text, cookies };
  }
  const login = (password: string, user = 'root', cookie = '') =>
    ask('POST', '/api/v1/pages/password', cookie === '' ? {} : { cookie }, JSON.stringify({ user, password }));

  test('a right password opens a session of that account, by cookies that only this host over TLS sets', async () => {
    const { status, headers, text, cookies } = await login(right);
    assert.equal(status, 200, text);
    const { user, administrator, remote } = JSON.parse(text);
    assert.deepEqual([user, administrator, remote], ['root', true, true]);
    for (const set of headers['set-cookie'] ?? []) {
      assert.match(
        set,
        /^__Host-postern(-browser)?=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      );
    }
    assert.equal(headers['set-cookie']?.length, 2);
    assert.equal((await ask('GET', '/api/v1/status', { cookie: cookies })).status, 200);
    assert.deepEqual(events, [['login', { user: 'root', from: '127.0.0.1' }]]);
    const [session] = pages.sessions();
    assert.deepEqual([session?.user, session?.from], ['root', '127.0.0.1']);
    assert.equal(
      (await ask('PUT', '/api/v1/pages/passwords/root', { cookie: cookies }, '{}')).status,
      403,
      'in a terminal',
    );
    assert.equal((await ask('DELETE', '/api/v1/pages/session', { cookie: cookies })).status, 200);
    assert.equal((await ask('GET', '/api/v1/status', { cookie: cookies })).status, 401);
  });

  test('what logs in here is nothing on loopback, and the other way round', async () => {
    const { cookies } = await login(right);
    const token = /__Host-postern=([^;]+)/.exec(cookies)?.[1] ?? '';
    assert.equal(pages.guest(token, { browser: 0, from: null }), undefined);
    assert.notEqual(pages.guest(token, { browser: 'remote', from: null }), undefined);
    assert.equal((await ask('GET', '/api/v1/status', { cookie: `postern=${token}` })).status, 401);
    pages.state = { url: 'http://127.0.0.1:7878', problem: null };
    const link = pages.link({ pid: 1, uid: 0, gid: 0, groups: [] });
    const linked = JSON.stringify({ token: link.ok ? link.value.url.split('#')[1] : '' });
    assert.equal((await ask('POST', '/api/v1/pages/session', {}, linked)).status, 401, 'a stolen link');
  });

  test('a wrong password, an unknown user and one without a password get the same answer for the same work', async () => {
    // The processor's time: what a clock says depends on who else runs.
    const used = (begun: NodeJS.CpuUsage) => {
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    };
    const times = new Map<string, number[]>();
    const answers = new Set<string>();
    for (const user of ['root', 'nobody', 'no-such-user', 'root', 'nobody', 'no-such-user']) {
      now += 3600_000;
      const begun = process.cpuUsage();
      const { status, text } = await login('wrong horse battery staple', user);
      times.set(user, [...(times.get(user) ?? []), used(begun)]);
      answers.add(`${status} ${text}`);
    }
    assert.deepEqual(
      [...answers],
      ['401 {"error":{"code":"not-logged-in","message":"the user or the password is wrong"}}'],
    );
    const best = [...times.values()].map((some) => Math.min(...some));
    assert.ok(Math.max(...best) < 2 * Math.min(...best), `${best}`);
  });

  test('after some wrong ones one waits, and a right one is not even looked at until then', async () => {
    const seen: number[] = [];
    for (let n = 0; n < 7; n++) seen.push((await login('wrong horse battery staple')).status);
    assert.deepEqual(seen, [401, 401, 401, 401, 401, 429, 429]);
    const held = await login(right);
    assert.equal(held.status, 429);
    assert.ok(Number(held.headers['retry-after']) >= 1);
    now += Number(held.headers['retry-after']) * 1000;
    assert.equal((await login(right)).status, 200);
    const view = pages.refusals.view(now, true);
    assert.deepEqual(view.logins, [
      { from: '127.0.0.1', times: 8, last: now - Number(held.headers['retry-after']) * 1000 },
    ]);
    assert.deepEqual([view.counts.login, view.counts['too-soon']], [5, 3]);
    assert.deepEqual(events[0], ['login-refused', { from: '127.0.0.1', times: 1 }]);
    assert.equal(pages.refusals.view(now, false).logins.length, 0, 'others are not told who');
  });

  test('a browser that was here before is not held up by strangers', async () => {
    const known =
      (await login(right)).cookies.split('; ').find((one) => one.startsWith('__Host-postern-browser')) ?? '';
    // Wherever it is now: the account knows the browser, and nothing of its place.
    const moved = JSON.parse(file ?? '') as { accounts: { browsers: { from: string }[] }[] };
    for (const one of moved.accounts[0]?.browsers ?? []) one.from = '203.0.113.1';
    file = JSON.stringify(moved);
    passwords = new Passwords({ read: () => file, write: () => {} });
    pages = new Pages({ version: '1', now: () => now, passwords });
    server = await serve({});
    for (let n = 0; n < 8; n++) await login('wrong horse battery staple');
    assert.equal((await login(right)).status, 429);
    assert.equal((await login(right, 'root', known)).status, 200);
  });

  test('only its names and its address are served, and only its own origin', async () => {
    const own = `https://server.example:${server.port}`;
    for (const [host, expected] of [
      [`server.example:${server.port}`, 200],
      [`SERVER.example:${server.port}`, 200],
      [`127.0.0.1:${server.port}`, 200],
      ['server.example', 421],
      [`localhost:${server.port}`, 421],
      [`evil.example:${server.port}`, 421],
      [`server.example.evil.example:${server.port}`, 421],
    ] as const) {
      assert.equal((await ask('GET', '/login', { host })).status, expected, host);
    }
    const host = `server.example:${server.port}`;
    assert.equal((await ask('GET', '/login', { host, origin: own })).status, 200);
    for (const origin of [
      own.replace('https', 'http'),
      'null',
      `https://127.0.0.1:${server.port}`,
      'https://server.example',
    ]) {
      assert.equal((await ask('GET', '/login', { host, origin })).status, 403, origin);
    }
    const page = await ask('GET', '/login', { host });
    assert.match(page.text, /type="password"/);
    for (const [key, value] of Object.entries(securityHeaders)) assert.equal(page.headers[key], value, key);
    assert.equal(page.headers['strict-transport-security'], undefined, 'of a certificate that nobody vouches for');
    assert.equal(pages.refusals.view(now, true).counts.host, 4);
  });

  test('the certificate is made once, is for its names, and only its owner reads the key', async () => {
    const peer = async (): Promise<PeerCertificate> => {
      const socket = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const certificate = socket.getPeerCertificate();
      socket.destroy();
      return certificate;
    };
    const first = await peer();
    assert.equal(first.fingerprint256, pages.remote?.certificate?.fingerprint);
    assert.match(first.subjectaltname ?? '', /DNS:server\.example.*IP Address:127\.0\.0\.1/);
    assert.equal(statSync(join(folder, 'pages-certificate.pem')).mode & 0o777, 0o600);
    assert.ok(
      said.some((text) => text.includes(first.fingerprint256)),
      said.join('\n'),
    );
    server = await serve({ names: ['server.example'] });
    assert.equal((await peer()).fingerprint256, first.fingerprint256, 'kept');
    server = await serve({ names: ['other.example'] });
    assert.notEqual((await peer()).fingerprint256, first.fingerprint256, 'another name');
  });

  test('a given certificate is taken when it comes, and another one without ending a session', async () => {
    server = await serve({ given: true });
    assert.deepEqual([pages.remote?.url, pages.remote?.problem], [null, 'it has no certificate yet']);
    const made = (name: string) => {
      const pair = ownCertificate(mkdtempSync(join(folder, 'ca-')), [name, '127.0.0.1'], [], now);
      assert.ok(pair.ok);
      return pair.value;
    };
    const [one, two] = [made('one.example'), made('two.example')];
    await server.take({ cert: one.cert, key: two.key });
    assert.match(pages.remote?.problem ?? '', /the key is not the one of the certificate/);
    await server.take({ problem: 'the certificate cannot be read (EACCES)' });
    await server.take(one);
    const { cookies, headers } = await login(right);
    assert.equal(headers['strict-transport-security'], 'max-age=31536000');
    const before = pages.remote?.certificate?.fingerprint;
    await server.take({ cert: 'nonsense', key: 'nonsense' });
    assert.equal(pages.remote?.certificate?.fingerprint, before, 'the old one stays');
    await server.take(two);
    assert.notEqual(pages.remote?.certificate?.fingerprint, before);
    assert.equal((await ask('GET', '/api/v1/status', { cookie: cookies })).status, 200, 'an open connection goes on');
    agent.destroy();
    agent = new Agent({ rejectUnauthorized: false });
    assert.equal((await ask('GET', '/api/v1/status', { cookie: cookies })).status, 200, 'and a new one');
  });

  test('old versions of TLS, plain HTTP and renegotiation get nowhere', async () => {
    const old = connectTls({
      ...{ host: '127.0.0.1', port: server.port, rejectUnauthorized: false },
      ...({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const),
    });
    await assert.rejects(once(old, 'secureConnect'));
    const plain = connect(server.port, '127.0.0.1');
    plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    plain.on('error', () => {});
    plain.on('data', (part) => {
      text += part.toString('latin1');
    });
    await once(plain, 'close');
    assert.doesNotMatch(text, /HTTP\/1.1 200/);
    const again = connectTls({
      ...{ host: '127.0.0.1', port: server.port, rejectUnauthorized: false },
      maxVersion: 'TLSv1.2',
    });
    await once(again, 'secureConnect');
    const refused = new Promise((resolve) => again.once('close', resolve));
    again.on('error', (error: NodeJS.ErrnoException) => {
      text = error.code ?? '';
    });
    again.renegotiate({}, () => {});
    await refused;
    assert.equal(text, 'ERR_SSL_NO_RENEGOTIATION');
    again.destroy();
    assert.ok((pages.refusals.view(now, true).counts.tls ?? 0) >= 2);
  });

  test('one neighbour has so many connections, and none of these keeps out who is logged in', async () => {
    const { cookies } = await login(right);
    const idle = Array.from({ length: maxOfOne + 20 }, () => connect(server.port, '127.0.0.1').on('error', () => {}));
    const ended = idle.map((socket) => once(socket, 'close').then(() => 1));
    await Promise.all(ended.slice(0, 15));
    assert.equal((await ask('GET', '/api/v1/status', { cookie: cookies })).status, 200, 'on its connection');
    agent.destroy();
    agent = new Agent({ rejectUnauthorized: false });
    assert.equal((await ask('GET', '/api/v1/status', { cookie: cookies })).status, 200, 'and on another');
    for (const socket of idle) socket.destroy();
  });
});
