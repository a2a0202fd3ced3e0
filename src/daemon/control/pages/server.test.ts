// The pages' server on loopback, asked by this very process: login, files, bounds, and what it refuses before anything reads it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Peer } from '#api/access.ts';
import { securityHeaders } from '#api/pages/headers.ts';
import { maxStreamsOfSession, Pages } from '#api/pages/pages.ts';
import { Passwords } from '#api/remote/passwords.ts';
import type { Services } from '#api/services.ts';
import { FarUser } from './faruser.ts';
import { maxConnections, maxConnectionsOfUser, Places, reservedConnections } from './places.ts';
import { PagesServer } from './server.ts';

const uid = process.geteuid?.() ?? 0;
const alice: Peer = { pid: 1, uid: 4_000_000_001, gid: 4_000_000_001, groups: [] };

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** When no more comes, in whichever way it ends. */
const closed = (response: IncomingMessage) =>
  new Promise<void>((resolve) => {
    response
      .on('error', () => {})
      .on('close', resolve)
      .resume();
  });

describe('the server of the pages', () => {
  let folder: string;
  let now: number;
  let name: string | undefined;
  let asked: (number | undefined)[];
  let pages: Pages;
  let server: PagesServer;
  const passwords = new Passwords({ read: () => undefined, write: () => {} });
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const services = {
    status: async (of?: number) => {
      asked.push(of);
      return { of };
    },
    follow: () => () => {},
    pagesLink: (peer: Peer, browser?: number) => pages.link(peer, browser),
  } as unknown as Services;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-pages-'));
    mkdirSync(join(folder, 'web/assets'), { recursive: true });
    writeFileSync(join(folder, 'secret'), 'secret');
    writeFileSync(join(folder, 'web/index.html'), '<!doctype html>the pages');
    writeFileSync(join(folder, 'web/assets/app-1a2b.js'), '1;');
    writeFileSync(join(folder, 'web/favicon.svg'), '<svg/>');
    writeFileSync(join(folder, 'web/assets/large-3c4d.js'), 'const a = 1;\n'.repeat(1000));
    writeFileSync(join(folder, 'web/.hidden'), 'secret');
    symlinkSync(join(folder, 'secret'), join(folder, 'web/link.txt'));
  });
  beforeEach(async () => {
    [now, name, asked] = [1_000_000, 'alice', []];
    pages = new Pages({ version: '1.2.3', now: () => now, standing: (peer) => ({ user: name, peer }), passwords });
    server = new PagesServer({ port: 0, pages, services, folder: join(folder, 'web'), onProblem: () => {} });
    await server.listen();
  });
  afterEach(() => server.close());
  after(() => {
    agent.destroy();
    rmSync(folder, { recursive: true });
  });

  function begin(method: string, path: string, headers: OutgoingHttpHeaders = {}, body?: string) {
    const asking = request({
      ...{ host: '127.0.0.1', port: server.port, method, path, agent },
      headers: { ...(method === 'GET' ? {} : { 'postern-request': '1' }), ...headers },
    });
    asking.end(body);
    return asking;
  }

  async function ask(...of: Parameters<typeof begin>): Promise<Answer> {
    const [response] = (await once(begin(...of), 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  const login = (token: string) => ask('POST', '/api/v1/pages/session', {}, JSON.stringify({ token }));

  function link(peer = alice): string {
    const made = pages.link({ ...peer, uid: 0 }, uid);
    assert.ok(made.ok, JSON.stringify(made));
    return made.value.url.split('#')[1] ?? '';
  }

  async function cookie(): Promise<string> {
    const { status, headers } = await login(link());
    assert.equal(status, 200);
    return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  }

  test('a link logs in once, and the session is asked with its cookie', async () => {
    const token = link();
    const { status, headers, text } = await login(token);
    assert.equal(status, 200, text);
    const session = {
      user: 'alice',
      uid: 0,
      administrator: true,
      version: '1.2.3',
      expires: now + 12 * 3600_000,
      remote: false,
    };
    assert.deepEqual(JSON.parse(text), session);
    const [set = ''] = headers['set-cookie'] ?? [];
    assert.match(set, /^postern=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
    assert.equal((await login(token)).status, 401, 'a second time');
    const [own = ''] = set.split(';');
    assert.deepEqual(JSON.parse((await ask('GET', '/api/v1/pages/session', { cookie: own })).text), session);
    assert.deepEqual(JSON.parse((await ask('GET', '/api/v1/status', { cookie: own })).text), {});
    assert.equal((await ask('DELETE', '/api/v1/pages/session', { cookie: own })).status, 200);
    assert.equal((await ask('GET', '/api/v1/status', { cookie: own })).status, 401);
  });

  test('without a session, and with one that ended or is made up, nothing is served', async () => {
    const own = await cookie();
    for (const wrong of ['', 'postern=', `postern=${'A'.repeat(43)}`, `${own}x`, own.replace('=', '2=')]) {
      const { status, text } = await ask('GET', '/api/v1/status', { cookie: wrong });
      assert.equal(status, 401, wrong);
      assert.equal(JSON.parse(text).error.hint, 'run: postern ui');
    }
    assert.equal((await ask('GET', '/api/v1/status', { cookie: own })).status, 200);
    now += 12 * 3600_000;
    assert.equal((await ask('GET', '/api/v1/status', { cookie: own })).status, 401);
    assert.deepEqual(asked.length, 1);
  });

  test('cookies that another port set beside it do not hide it, and a new login ends the old session', async () => {
    const own = await cookie();
    const tossed = `a=1; postern=${'A'.repeat(43)}; postern=x; postern; ${own}; b=2`;
    assert.equal((await ask('GET', '/api/v1/status', { cookie: tossed })).status, 200);
    const flood = Array.from({ length: 100 }, () => `postern=${'A'.repeat(43)}`).join('; ');
    assert.equal((await ask('GET', '/api/v1/status', { cookie: `${flood}; ${own}` })).status, 401);
    const again = await ask('POST', '/api/v1/pages/session', { cookie: own }, JSON.stringify({ token: link() }));
    assert.equal(again.status, 200);
    assert.equal((await ask('GET', '/api/v1/status', { cookie: own })).status, 401);
  });

  test('a session ends when its number belongs to another account', async () => {
    const own = await cookie();
    name = 'mallory';
    assert.equal((await ask('GET', '/api/v1/status', { cookie: own })).status, 401);
    name = 'alice';
    assert.equal((await ask('GET', '/api/v1/status', { cookie: own })).status, 401);
  });

  test('a session makes no links, which would make it endless', async () => {
    const own = await cookie();
    assert.equal((await ask('POST', '/api/v1/pages/links', { cookie: own }, '{}')).status, 403);
  });

  test('a link for the browser of another user is nothing here, and only root makes one', async () => {
    assert.ok(!pages.link(alice, uid).ok);
    const made = pages.link(alice);
    assert.ok(made.ok);
    assert.equal((await login(made.value.url.split('#')[1] ?? '')).status, 401);
  });

  test('ten thousand wrong tokens find nothing, and lock nobody out', async () => {
    const own = link();
    const statuses = new Map<number, number>();
    for (let n = 0; n < 10_000; n++) {
      const { status, headers } = await login(own.replace(/.{6}$/, String(n).padStart(6, '0')));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 429) assert.equal(headers['retry-after'], '60');
    }
    assert.deepEqual(Object.fromEntries(statuses), { 401: 20, 429: 9980 });
    assert.equal((await login(own)).status, 200);
  });

  test('every answer carries the policy of the pages', async () => {
    const own = await cookie();
    const answers = [
      await ask('GET', '/', { accept: 'text/html' }),
      await ask('GET', '/login'),
      await ask('GET', '/login/login.js'),
      await ask('GET', '/assets/app-1a2b.js'),
      await ask('GET', '/nothing'),
      await ask('GET', '/api/v1/status'),
      await ask('GET', '/api/v1/status', { cookie: own }),
      await ask('POST', '/api/v1/rules', { cookie: own }, 'nonsense'),
      await ask('GET', '/', { host: 'evil.example' }),
      await ask('GET', '/', { 'x-long': 'x'.repeat(20_000) }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 404, 401, 200, 400, 421, 431],
    );
    for (const { status, headers } of answers) {
      for (const [key, value] of Object.entries(securityHeaders)) assert.equal(headers[key], value, `${status} ${key}`);
    }
  });

  test('files are those that there were at the start, by their exact path', async () => {
    const index = await ask('GET', '/', { accept: 'text/html' });
    assert.equal(index.text, '<!doctype html>the pages');
    assert.equal(index.headers['cache-control'], 'no-store');
    assert.equal((await ask('GET', '/rules/no-curl', { accept: 'text/html,*/*' })).text, index.text);
    const asset = await ask('GET', '/assets/app-1a2b.js');
    assert.equal(asset.headers['content-type'], 'text/javascript; charset=utf-8');
    assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
    const icon = await ask('GET', '/favicon.svg');
    assert.equal((await ask('GET', '/favicon.svg', { 'if-none-match': icon.headers.etag ?? '' })).status, 304);
    const head = await ask('HEAD', '/favicon.svg', { 'postern-request': '' });
    assert.deepEqual([head.status, head.text], [200, '']);
    for (const path of [
      ...['/../secret', '/assets/../../secret', '/%2e%2e/secret', '/..%2fsecret', '/assets/..%2f..%2fsecret'],
      ...['//etc/passwd', '/%00', '/.hidden', '/link.txt', '/assets/', '/assets', '/index.html/', '/\\..\\secret'],
      ...['/../../etc/passwd', '/login/../../../etc/passwd', '/%252e%252e/secret', '/assets/%'],
    ]) {
      const { status, text } = await ask('GET', path);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
      assert.doesNotMatch(text, /secret"?$|root:/, path);
    }
    for (const path of ['/api/v2/status', '/api', '/assets/gone.js']) {
      assert.equal((await ask('GET', path, { accept: 'text/html' })).status, 404, path);
    }
  });

  test('large files travel compressed, as the browser takes it, each form with its own tag', async () => {
    const plain = 'const a = 1;\n'.repeat(1000);
    const tags = new Set<string | undefined>();
    for (const [accept, encoding] of [
      ['', undefined],
      ['identity', undefined],
      ['br;q=0, gzip;q=0.0', undefined],
      ['gzip', 'gzip'],
      ['gzip, deflate, br, zstd', 'br'],
      ['GZIP;q=0.5', 'gzip'],
    ] as const) {
      const asking = begin('GET', '/assets/large-3c4d.js', { 'accept-encoding': accept });
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      const bytes = Buffer.concat(parts);
      assert.equal(response.headers['content-encoding'], encoding, accept);
      assert.equal(response.headers.vary, 'accept-encoding');
      assert.equal(response.headers['content-length'], String(bytes.length));
      const text = encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes;
      assert.equal(text.toString(), plain);
      if (encoding !== undefined) assert.ok(bytes.length < 300, `${bytes.length}`);
      tags.add(response.headers.etag);
      const again = { 'accept-encoding': accept, 'if-none-match': response.headers.etag ?? '' };
      assert.equal((await ask('GET', '/assets/large-3c4d.js', again)).status, 304);
    }
    assert.equal(tags.size, 3);
    assert.equal(
      (await ask('GET', '/favicon.svg', { 'accept-encoding': 'br' })).headers['content-encoding'],
      undefined,
    );
  });

  test('where no pages are built, it is said what to do', async () => {
    const bare = new PagesServer({ port: 0, pages, services, folder: join(folder, 'none'), onProblem: () => {} });
    await bare.listen();
    const text = await (await fetch(`http://127.0.0.1:${bare.port}/`)).text();
    assert.match(text, /not built yet. Run <code>script\/setup<\/code>/);
    bare.close();
  });

  test('a session has sixteen streams, and all end with it', async () => {
    const own = await cookie();
    const many = new Agent();
    const open: Promise<void>[] = [];
    const stream = async () => {
      const asking = request({
        ...{ host: '127.0.0.1', port: server.port, path: '/api/v1/events', agent: many, headers: { cookie: own } },
      });
      asking.end();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      if (response.statusCode === 200) open.push(closed(response));
      return { asking, status: response.statusCode };
    };
    const [first] = await Promise.all(Array.from({ length: maxStreamsOfSession }, stream));
    assert.equal(open.length, maxStreamsOfSession);
    assert.equal((await stream()).status, 429);
    first?.asking.destroy();
    await open[0];
    while ((await stream()).status !== 200); // the server hears of the end a little later
    pages.look();
    assert.equal((await ask('GET', '/api/v1/status', { cookie: own })).status, 200, 'nothing was cut');
    assert.equal((await ask('DELETE', '/api/v1/pages/session', { cookie: own })).status, 200);
    await Promise.all(open);
    many.destroy();
  });

  test('streams of who has other rights now are cut', async () => {
    const own = await cookie();
    const [response] = (await once(begin('GET', '/api/v1/events', { cookie: own }), 'response')) as [IncomingMessage];
    const end = closed(response);
    name = 'mallory';
    pages.look();
    await end;
  });

  test('a body without a length, or too long, is refused before it is read', async () => {
    const chunked = begin('POST', '/api/v1/pages/session', { 'transfer-encoding': 'chunked' });
    assert.equal(((await once(chunked, 'response')) as [IncomingMessage])[0].statusCode, 411);
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `POST /api/v1/pages/session HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nPostern-Request: 1\r\n` +
        'Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n',
    );
    let text = '';
    for await (const part of socket.setEncoding('utf8')) text += part;
    assert.match(text, /^HTTP\/1.1 413 /);
    assert.doesNotMatch(text, /100 Continue/);
  });

  test('a body that is announced is asked for where it is wanted', async () => {
    const body = JSON.stringify({ token: link() });
    const asking = request({
      ...{ host: '127.0.0.1', port: server.port, method: 'POST', path: '/api/v1/pages/session', agent },
      headers: { 'postern-request': '1', expect: '100-continue', 'content-length': body.length },
    });
    asking.flushHeaders();
    await once(asking, 'continue');
    asking.end(body);
    assert.equal(((await once(asking, 'response')) as [IncomingMessage])[0].statusCode, 200);
  });

  test('a port that another has is a problem, and is taken when it is free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const problems: string[] = [];
    const late = new Pages({ version: '1', now: () => now, passwords });
    const onProblem = (text: string) => problems.push(text);
    const second = new PagesServer({ port, pages: late, services, againMs: 50, onProblem });
    await second.listen();
    assert.match(late.state.problem ?? '', new RegExp(`^127.0.0.1:${port} cannot be had \\(another program`));
    const made = late.link(alice);
    assert.equal(made.ok ? '' : made.error.code, 'unavailable');
    await new Promise((resolve) => setTimeout(resolve, 120));
    other.close();
    while (late.state.url === null) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual([late.state, problems.length], [{ url: `http://127.0.0.1:${port}`, problem: null }, 1]);
    second.close();
  });
});

test('the kernel says whose socket is at the other end, and nobody’s when it is closed', async () => {
  const farUser = new FarUser();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  assert.equal(farUser.of(accepted), uid);
  client.destroy();
  await once(client, 'close');
  assert.equal(farUser.of(accepted), undefined);
  accepted.destroy();
  server.close();
  farUser.close();
});

test('places are kept for administrators, and given back once', () => {
  const places = new Places();
  const [user, administrator] = [() => false, () => true];
  const take = (uid: number, who: () => boolean, times: number) =>
    Array.from({ length: times }, () => places.take(uid, who)).filter((leave) => leave !== undefined);
  const [first] = take(1000, user, maxConnectionsOfUser);
  assert.equal(take(1000, administrator, 1).length, 0, 'too many of one user');
  let given = maxConnectionsOfUser;
  for (let uid = 1001; uid < 1100; uid++) given += take(uid, user, 10).length;
  assert.equal(given, maxConnections - reservedConnections, 'the rest is kept');
  assert.equal(take(0, administrator, maxConnectionsOfUser).length, reservedConnections);
  first?.();
  first?.();
  assert.equal(take(2000, administrator, 2).length, 1, 'one is free again');
});
