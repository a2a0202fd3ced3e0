// What pages of others try on a browser that is logged in, against the real server of the pages: forged requests, rebound names,
// requests that can be read in two ways, and slow ones.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { Pages } from '#api/pages/pages.ts';
import { Passwords } from '#api/remote/passwords.ts';
import type { Services } from '#api/services.ts';
import { PagesServer } from '../../src/daemon/control/pages/server.ts';

/** Tries all that a page can send without asking first, and all that it can ask for; notes what it got to see. */
const evilPage = `<!doctype html><title>evil</title><body><script>
const at = new URLSearchParams(location.search).get('at');
const seen = {};
const once = (name, make) => new Promise((resolve) => {
  const done = (what) => { seen[name] = what; resolve(); };
  setTimeout(() => done('nothing'), 30000);
  Promise.resolve().then(() => make(done)).catch(() => done('refused'));
});
const body = JSON.stringify({ mode: 'off' });
(async () => {
  await once('read', async (done) => done((await fetch(at + '/api/v1/status', { credentials: 'include' })).status));
  await once('blind', async (done) => done((await fetch(at + '/api/v1/mode', { method: 'POST', mode: 'no-cors', credentials: 'include', body })).type));
  await once('put', async (done) => done((await fetch(at + '/api/v1/mode', { method: 'PUT', credentials: 'include', headers: { 'postern-request': '1', 'content-type': 'application/json' }, body })).status));
  await once('image', (done) => { const i = new Image(); i.onload = () => done('loaded'); i.onerror = () => done('refused'); i.src = at + '/postern.svg'; });
  await once('script', (done) => { const s = document.createElement('script'); s.onload = () => done('loaded'); s.onerror = () => done('refused'); s.src = at + '/api/v1/status'; document.body.append(s); });
  await once('events', (done) => { const e = new EventSource(at + '/api/v1/events', { withCredentials: true }); e.onopen = () => done('open'); e.onerror = () => { e.close(); done('refused'); }; });
  await once('socket', (done) => { const w = new WebSocket(at.replace('http', 'ws') + '/api/v1/events'); w.onopen = () => done('open'); w.onerror = () => done('refused'); });
  await once('frame', (done) => { const f = document.createElement('iframe'); f.name = 'f'; f.onload = () => { try { done(f.contentDocument === null ? 'hidden' : 'readable'); } catch { done('hidden'); } }; f.src = at + '/rules'; document.body.append(f); });
  await once('form', (done) => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: at + '/api/v1/mode', enctype: 'text/plain', target: 'f' });
    const input = document.createElement('input');
    Object.assign(input, { name: '{"mode":"off","x":"', value: '"}' });
    form.append(input); document.body.append(form); form.submit(); setTimeout(() => done('sent'), 1000);
  });
  document.title = 'done ' + JSON.stringify(seen);
})();
</script>`;

const uid = process.geteuid?.() ?? 0;

describe('what others try on a browser that is logged in', { concurrency: false }, () => {
  let folder: string;
  let changed: unknown[];
  let pages: Pages;
  let server: PagesServer;
  let origin: string;
  let evil: Server;
  let browser: Browser;
  let context: BrowserContext;
  const services = {
    status: async () => ({ mode: 'allow' }),
    setMode: async (_: number, request: unknown) => {
      changed.push(request);
      return { ok: true, value: {} };
    },
    follow: () => () => {},
  } as unknown as Services;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pt-forgery-'));
    mkdirSync(join(folder, 'web'));
    writeFileSync(join(folder, 'web/index.html'), '<!doctype html><title>the pages</title>');
    writeFileSync(join(folder, 'web/postern.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    changed = [];
    const passwords = new Passwords({ read: () => undefined, write: () => {} });
    pages = new Pages({ version: '1', now: Date.now, passwords });
    server = new PagesServer({ port: 0, pages, services, folder: join(folder, 'web'), onProblem: () => {} });
    await server.listen();
    origin = `http://127.0.0.1:${server.port}`;
    evil = createServer((_, response) => {
      // A cookie of the same name, which hides ours from nobody.
      const headers = { 'content-type': 'text/html', 'set-cookie': `postern=${'A'.repeat(43)}; Path=/api` };
      response.writeHead(200, headers).end(evilPage);
    });
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    const names = '--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1';
    const executablePath = '/usr/lib/chromium/chromium';
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-quic', names] });
    context = await browser.newContext();
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    const link = pages.link({ pid: 1, uid, gid: 0, groups: [] });
    assert.ok(link.ok);
    await page.goto(link.value.url);
    await page.waitForURL(`${origin}/`);
  });
  after(async () => {
    await browser?.close();
    server?.close();
    evil?.closeAllConnections();
    evil?.close();
    rmSync(folder, { recursive: true });
  });

  const evilPort = () => (evil.address() as AddressInfo).port;
  /** Our own page, asked by the browser, which must go on being logged in. */
  const ownStatus = async () => {
    const page = await context.newPage();
    await page.goto(`${origin}/rules`);
    const status = await page.evaluate("fetch('/api/v1/status').then((answer) => answer.status)");
    await page.close();
    return status;
  };

  for (const [what, from] of [
    ['another site', 'evil.example'],
    // Cookies do not know ports: to the browser this is the same site, and it sends ours along.
    ['another port of the same address', '127.0.0.1'],
  ] as const) {
    test(`a page of ${what} reads nothing and changes nothing`, { timeout: 400_000 }, async () => {
      const tab = await context.newPage();
      await tab.goto(`http://${from}:${evilPort()}/?at=${encodeURIComponent(origin)}`);
      await tab.waitForFunction('document.title.startsWith("done ")', undefined, { timeout: 300_000 });
      const { blind, frame, ...seen } = JSON.parse((await tab.title()).slice(5)) as Record<string, string>;
      assert.deepEqual(seen, {
        ...{ read: 'refused', put: 'refused', image: 'refused', script: 'refused' },
        ...{ events: 'refused', socket: 'refused', form: 'sent' },
      });
      // What it gets of these is that something came.
      assert.ok(blind === 'opaque' || blind === 'refused', blind);
      assert.notEqual(frame, 'readable');
      assert.deepEqual(changed, []);
      await tab.close();
      assert.equal(await ownStatus(), 200, 'and who is logged in stays so');
    });
  }

  test('a name of somebody else that was bound to this address is not served', async () => {
    const tab = await context.newPage();
    const answer = await tab.goto(`http://rebound.example:${server.port}/`);
    assert.equal(answer?.status(), 421);
    assert.equal(await tab.evaluate("fetch('/api/v1/status').then((one) => one.status)"), 421);
    await tab.close();
    const { counts } = pages.refusals.view(Date.now(), true);
    assert.ok((counts.host ?? 0) >= 2 && (counts.origin ?? 0) >= 6, JSON.stringify(counts));
  });

  /** What comes back for these bytes, until the server ends it. */
  const send = (text: string, patienceMs = 3000) =>
    new Promise<string>((resolve) => {
      let answer = '';
      const socket = connect(server.port, '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')));
      socket.setTimeout(patienceMs, () => socket.destroy());
      socket.on('data', (part) => {
        answer += part.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
    });

  test('requests that two readers would read differently are no requests', { timeout: 300_000 }, async () => {
    const port = server.port;
    const head = `Host: 127.0.0.1:${port}\r\nPostern-Request: 1\r\nConnection: close\r\n`;
    const post = `POST /api/v1/pages/session HTTP/1.1\r\n${head}`;
    const inner = `GET /login HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    for (const [what, text] of Object.entries({
      'two lengths': `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
      'the same length twice': `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
      'a length and chunks': `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      chunks: `${post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      'hidden chunks': `${post}Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\nabcd`,
      'a length that is none': `${post}Content-Length: +5\r\n\r\nhello`,
      'a negative length': `${post}Content-Length: -5\r\n\r\nhello`,
      'a folded header': `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n evil.example\r\n\r\n`,
      'a space before the colon': `GET / HTTP/1.1\r\nHost : 127.0.0.1:${port}\r\n\r\n`,
      'two hosts': `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
      'bare line feeds': `GET / HTTP/1.1\nHost: 127.0.0.1:${port}\n\n`,
      'a NUL in the path': `GET /\0 HTTP/1.1\r\n${head}\r\n`,
      'a NUL in a header': `GET / HTTP/1.1\r\n${head}X: a\0b\r\n\r\n`,
      'HTTP/2 as is': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'headers of a megabyte': `GET / HTTP/1.1\r\n${head}${'X: y\r\n'.repeat(170_000)}\r\n`,
    })) {
      const answer = await send(text);
      assert.doesNotMatch(answer, /^HTTP\/1\.1 2/m, `${what}: ${answer.slice(0, 300)}`);
      assert.ok((answer.match(/^HTTP\/1\.1 /gm) ?? []).length <= 1, `${what} was read as two: ${answer}`);
    }
    assert.match(
      await send(inner.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), 30_000),
      /^HTTP\/1\.1 200 /,
      'and a request is one',
    );
  });

  test('what is sent a byte at a time is cut, and others are served meanwhile', { timeout: 240_000 }, async () => {
    const begun = performance.now();
    const slow = Array.from({ length: 40 }, () => connect(server.port, '127.0.0.1').on('error', () => {}));
    for (const socket of slow) socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX: `);
    assert.equal(await ownStatus(), 200);
    const living = (sockets: readonly Socket[]) => sockets.filter((socket) => !socket.closed && !socket.destroyed);
    while (living(slow).length > 0 && performance.now() - begun < 100_000) {
      for (const socket of living(slow)) socket.write('x');
      await sleep(250);
    }
    console.log(`40 slow requests were cut after ${Math.round((performance.now() - begun) / 1000)} s`);
    assert.equal(living(slow).length, 0);
    assert.ok(performance.now() - begun < 60_000);
  });
});
