// The pages' side of the API against attacks on it, with the real daemon and curl: who is logged in, who is not, and who never will be.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LogLine, PagesLink, PagesSession, Status } from '#model/api.ts';
import { bin, Lab, type Postern, type Ran, type RunOptions } from './lab.ts';
import { world } from './namespaces.ts';

const python = '/usr/bin/python3';
const url = `http://${world.v4}/`;
const alice = { user: 'pt-vagrant' } as const;
const mallory = { user: 'pt-other' } as const;

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly text: string;
}

describe('the pages', () => {
  let lab: Lab;
  let postern: Postern;
  let origin: string;

  before(async () => {
    lab = await Lab.create();
    for (const name of ['pt-vagrant', 'pt-other', 'pt-admin']) lab.account(name);
    lab.group('postern', 'pt-admin');
    // Where nothing passes that no rule names, the machine's own browser does.
    postern = await lab.postern({
      mode: 'lockdown',
      args: ['--pages', '127.0.0.1:0'],
      rules: { '10.yaml': 'rules: [{ name: curl, action: allow, app: /usr/bin/curl, to: 192.0.2.0/24 }]\n' },
    });
    origin = (await postern.json<Status>(['status'])).pages.url ?? '';
    assert.match(origin, /^http:\/\/127\.0\.0\.1:\d+$/);
  });
  after(async () => {
    await postern?.stop();
    await lab.close();
  });

  const read = ({ code, stdout, stderr }: Ran): Answer => {
    assert.ok(code === 0 || stdout !== '', `curl ended with ${code}: ${stderr}`);
    const [headers = '', ...rest] = stdout.split('\r\n\r\n');
    return { status: Number(/^HTTP\/1.1 (\d+)/.exec(headers)?.[1]), headers, text: rest.join('\r\n\r\n') };
  };

  /** curl with these arguments to a path of the pages, as this user. */
  const curl = async (path: string, args: readonly string[], options: RunOptions): Promise<Answer> =>
    read(await lab.run(['curl', '-s', '-S', '-i', '-g', '-m', '20', ...args, `${origin}${path}`], options));

  const marked = ['-H', 'Postern-Request: 1', '-H', 'Content-Type: application/json'];
  const login = (token: string, options: RunOptions, args: readonly string[] = marked) =>
    curl('/api/v1/pages/session', [...args, '--data', JSON.stringify({ token })], options);

  async function link(options: RunOptions): Promise<string> {
    const made = await postern.json<PagesLink>(['ui'], options);
    assert.ok(made.url.startsWith(`${origin}/login#`), made.url);
    return made.url.split('#')[1] ?? '';
  }

  /** Arguments of curl with the cookie of a new session. */
  async function session(options: RunOptions): Promise<string[]> {
    const answer = await login(await link(options), options);
    assert.equal(answer.status, 200, answer.text);
    return ['-H', `Cookie: ${/^set-cookie: (postern=[\w-]{43});/im.exec(answer.headers)?.[1]}`];
  }

  const get = (path: string, args: readonly string[] = [], options: RunOptions = alice) => curl(path, args, options);
  const own = async (cookie: readonly string[], options: RunOptions): Promise<PagesSession> =>
    JSON.parse((await get('/api/v1/pages/session', cookie, options)).text);

  test('postern ui says what to open, and the link logs its user in, once', async () => {
    const said = await postern.cli(['ui'], alice);
    assert.match(
      said.stdout,
      /^Open this link within a minute, in a browser that pt-vagrant runs; it works once:\nhttp:/,
    );
    const page = await get('/login');
    assert.equal(page.status, 200);
    assert.doesNotMatch(page.text, /<script>|<style|onload|javascript:/);
    assert.equal((await get('/login/login.js')).status, 200);
    const token = /#(\S+)/.exec(said.stdout)?.[1] ?? '';
    const first = await login(token, alice);
    assert.equal(first.status, 200, first.text);
    const { user, administrator } = JSON.parse(first.text) as PagesSession;
    assert.deepEqual([user, administrator], ['pt-vagrant', false]);
    assert.match(first.headers, /^set-cookie: postern=.*; Path=\/; HttpOnly; SameSite=Strict\r?$/im);
    assert.equal((await login(token, alice)).status, 401, 'used twice');
  });

  test('the API is the same as on the socket, until one logs out', async () => {
    const cookie = await session(alice);
    const { revision, pages } = JSON.parse((await get('/api/v1/status', cookie)).text) as Status;
    assert.deepEqual(
      { revision, pages },
      await postern.json<Status>(['status'], alice).then(({ revision, pages }) => ({ revision, pages })),
    );
    const add = [...cookie, ...marked, '--data', '{"rule":{"action":"allow","protocol":"icmp"}}'];
    assert.equal((await get('/api/v1/rules', add)).status, 403, 'no administrator');
    assert.equal((await get('/api/v1/pages/session', [...cookie, ...marked, '-X', 'DELETE'])).status, 200);
    const out = await get('/api/v1/status', cookie);
    assert.deepEqual([out.status, JSON.parse(out.text).error.hint], [401, 'run: postern ui']);
  });

  test('a user sees their own connections alone, an administrator all, and who is none any more no others', async () => {
    assert.equal((await lab.curl(url, alice)).code, 0);
    const admin = { user: 'pt-admin' } as const;
    const users = async (cookie: readonly string[], options: RunOptions) => {
      const lines = JSON.parse((await get('/api/v1/connections?app=curl', cookie, options)).text) as LogLine[];
      return lines.filter(({ attempt }) => attempt.flow.remote.port === 80).map(({ user }) => user);
    };
    const [hers, his, all] = [await session(alice), await session(mallory), await session(admin)];
    await postern.until(async () => (await users(hers, alice)).includes('pt-vagrant'), 'the connection');
    assert.deepEqual(await users(his, mallory), []);
    assert.ok((await users(all, admin)).includes('pt-vagrant'));
    assert.equal((await own(all, admin)).administrator, true);
    const stream = lab.spawn(['curl', '-s', '-N', '-m', '120', ...all, `${origin}/api/v1/events`], admin);
    const cut = once(stream, 'exit');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(stream.exitCode, null, 'the stream goes on');
    spawnSync('gpasswd', ['-d', 'pt-admin', 'postern']);
    try {
      assert.equal((await own(all, admin)).administrator, false);
      assert.deepEqual(await users(all, admin), []);
      const [code] = await cut;
      assert.notEqual(code, 28, 'the stream was cut, and did not end by itself');
    } finally {
      lab.group('postern', 'pt-admin');
    }
    assert.equal((await own(all, admin)).administrator, true);
  });

  test('another local user gets nowhere: without a cookie, with a stolen one, with a stolen link', async () => {
    const cookie = await session(alice);
    assert.equal((await get('/api/v1/status', [], mallory)).status, 401);
    assert.equal((await get('/api/v1/connections', cookie, mallory)).status, 401, 'a cookie that went to a wrong port');
    assert.equal((await get('/api/v1/status', cookie)).status, 200, 'and works where it belongs');
    const token = await link(alice);
    assert.equal((await login(token, mallory)).status, 401, 'a link that stood in the arguments of a browser');
    assert.equal((await login(token, alice)).status, 200, 'and is not used up');
  });

  test('with sudo the rights are those of root, and the browser is that of who called it', async () => {
    const ids = spawnSync('id', ['-u', 'pt-vagrant'], { encoding: 'utf8' }).stdout.trim();
    const sudo = ['env', `SUDO_UID=${ids}`, `SUDO_GID=${ids}`, `POSTERN_RUNTIME_DIR=${postern.folder}/run`];
    const ran = await lab.run([...sudo, bin, 'ui', '--json']);
    const made = JSON.parse(ran.stdout) as PagesLink;
    assert.deepEqual([made.user, made.browser.user], ['root', 'pt-vagrant']);
    const answer = await login(made.url.split('#')[1] ?? '', alice);
    assert.equal((JSON.parse(answer.text) as PagesSession).administrator, true);
  });

  test('--open opens the browser of who asked', async () => {
    const folder = mkdtempSync(join(lab.folder, 'bin-'));
    const seen = join(folder, 'seen');
    const script = `#!/bin/sh\n{ id -un; echo "$1"; } >${seen}.part; mv ${seen}.part ${seen}\n`;
    writeFileSync(join(folder, 'xdg-open'), script, { mode: 0o755 });
    chmodSync(join(folder, 'xdg-open'), 0o755);
    chmodSync(folder, 0o777);
    const environment = [`PATH=${folder}:${process.env.PATH}`, `POSTERN_RUNTIME_DIR=${postern.folder}/run`];
    const id = spawnSync('id', ['-u', 'pt-vagrant'], { encoding: 'utf8' }).stdout.trim();
    for (const [as, more] of [
      [alice, []],
      [{}, [`SUDO_UID=${id}`, `SUDO_GID=${id}`]],
    ] as const) {
      rmSync(seen, { force: true });
      const opened = await lab.run(['env', ...environment, ...more, bin, 'ui', '--open'], as);
      assert.equal(opened.code, 0, opened.stderr);
      await postern.until(() => existsSync(seen), 'the browser');
      const shown = opened.stdout.trim().split('\n').at(-1);
      assert.equal(readFileSync(seen, 'utf8'), `pt-vagrant\n${shown}\n`);
    }
  });

  test('a browser follows the link, logs in, and is at the pages', { timeout: 400_000 }, async () => {
    const profile = mkdtempSync(join(lab.folder, 'browser-'));
    chmodSync(profile, 0o777);
    const browse = (path: string) =>
      lab.run(
        [
          ...['env', `HOME=${profile}`, 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'],
          ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
          ...['--disable-dev-shm-usage', '--virtual-time-budget=10000', '--enable-logging=stderr'],
          ...[`--user-data-dir=${profile}`, '--dump-dom', `${origin}${path}`],
        ],
        { ...alice, timeoutMs: 180_000 },
      );
    const first = await browse(`/login#${await link(alice)}`);
    assert.match(first.stdout, /pages are not built yet|<script[^>]* src="\/assets\//, first.stderr);
    assert.doesNotMatch(first.stderr, /Content Security Policy/i);
    const second = await browse('/login#x');
    assert.match(second.stdout, /This link was used, is older than a minute, or is not yours\./, second.stderr);
  });

  test('pages of other origins, and names bound to our address, are refused', async () => {
    const cookie = await session(alice);
    const port = origin.split(':')[2];
    for (const wrong of ['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://127.0.0.1']) {
      assert.equal((await get('/api/v1/status', [...cookie, '-H', `Origin: ${wrong}`])).status, 403, wrong);
      assert.equal((await login('x', alice, [...marked, '-H', `Origin: ${wrong}`])).status, 403, wrong);
    }
    for (const wrong of [`evil.example:${port}`, '127.0.0.1', `127.0.0.1.evil.example:${port}`, '']) {
      for (const path of ['/', '/api/v1/status', '/login']) {
        assert.equal(
          (await get(path, [...cookie, '-H', `Host:${wrong === '' ? ';' : ` ${wrong}`}`])).status,
          421,
          wrong,
        );
      }
    }
    assert.equal((await get('/', ['-0', '-H', 'Host:'])).status, 421, 'no host at all');
    for (const site of ['cross-site', 'same-site']) {
      assert.equal((await get('/api/v1/status', [...cookie, '-H', `Sec-Fetch-Site: ${site}`])).status, 403);
    }
    assert.equal((await get('/api/v1/status', [...cookie, '-H', `Origin: ${origin}`])).status, 200);
    const mode = ['-X', 'PUT', '-H', 'Content-Type: application/json', '--data', '{"mode":"off"}'];
    const unmarked = await get('/api/v1/mode', [...(await session({})), ...mode], {});
    assert.equal(unmarked.status, 403, 'without the header Postern-Request');
    const preflight = ['-X', 'OPTIONS', '-H', 'Access-Control-Request-Headers: postern-request'];
    const asked = await get('/api/v1/mode', [...preflight, '-H', 'Origin: http://evil.example']);
    assert.equal(asked.status, 403);
    assert.doesNotMatch(asked.headers, /access-control/i);
    assert.equal((await postern.json<Status>(['status'])).mode, 'lockdown');
  });

  test('no path leads out of the pages', async () => {
    for (const path of [
      ...['/../../etc/passwd', '/assets/../../../../etc/passwd', '/login/../../../../../../etc/passwd'],
      ...['/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2f..%2fetc%2fpasswd', '/%252e%252e/etc/passwd', '//etc/passwd'],
      ...[
        '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
        '/....//....//etc/passwd',
        '/%c0%ae%c0%ae/etc/passwd',
        '/etc/passwd%00.js',
      ],
    ]) {
      const { status, text } = await get(path, ['--path-as-is']);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
      assert.doesNotMatch(text, /root:|"dependencies"/, path);
    }
  });

  test('ten thousand wrong tokens find nothing, and lock out nobody', { timeout: 400_000 }, async () => {
    const token = await link(alice);
    const script = `
import collections, http.client, json, sys
seen = collections.Counter()
c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))
for n in range(10000):
    body = json.dumps({'token': '%043d' % n})
    c.request('POST', '/api/v1/pages/session', body, {'Postern-Request': '1', 'Content-Type': 'application/json'})
    a = c.getresponse(); a.read(); seen[a.status] += 1
    if a.status == 429: assert 0 < int(a.getheader('Retry-After')) <= 60
print(json.dumps(seen))`;
    const guesser = lab.run([python, '-c', script, origin.split(':')[2] ?? ''], { ...mallory, timeoutMs: 360_000 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal((await login(token, alice)).status, 200, 'while they come');
    const ran = await guesser;
    assert.equal(ran.code, 0, ran.stderr);
    const seen = JSON.parse(ran.stdout) as Record<string, number>;
    console.log(`${JSON.stringify(seen)} in ${Math.round(ran.ms)} ms`);
    assert.deepEqual(Object.keys(seen).sort(), ['401', '429']);
    assert.ok((seen['401'] ?? 0) <= 40 + 20 * (ran.ms / 60_000), 'twenty a minute');
    assert.equal((await login(await link(alice), alice)).status, 200, 'afterwards');
  });

  test('a body of a gigabyte is refused when it begins', async () => {
    const cookie = await session(alice);
    const control = postern.child('control');
    const before = residentKb(control);
    const file = join(lab.folder, 'gigabyte');
    writeFileSync(file, '');
    truncateSync(file, 1_000_000_000);
    // Of unknown length, of known length, and both at once, which is no request; each at once and when asked for.
    const bodies: Readonly<Record<string, readonly string[]>> = {
      '411': ['-T', '-'],
      '413': ['-T', file],
      '400': ['-T', '-', '-H', 'Content-Length: 10'],
    };
    for (const [status, body] of Object.entries(bodies)) {
      for (const expect of ['Expect: 100-continue', 'Expect:']) {
        const send = 'cat /dev/zero | curl -s -S -i -m 40 -w "%{stderr}%{size_upload}" -X POST "$@"';
        const args = [...body, '-H', expect, ...cookie, ...marked, `${origin}/api/v1/explain`];
        const ran = await lab.run(['sh', '-c', send, 'sh', ...args], alice);
        assert.equal(/^HTTP\/1.1 (\d+) /.exec(ran.stdout)?.[1], status, `${ran.stdout} ${ran.stderr}`);
        const sent = Number(/(\d+)$/.exec(ran.stderr.trim())?.[1]);
        console.log(`${status}, ${expect}: ${sent} bytes were sent in ${Math.round(ran.ms)} ms`);
        assert.ok(sent < 20_000_000, `${sent} bytes were sent`);
        assert.ok(ran.ms < 20_000);
      }
    }
    assert.ok(residentKb(control) - before < 50_000, 'nothing of it was kept');
    assert.equal((await get('/api/v1/status', cookie)).status, 200);
  });

  test('idle streams and idle connections of one user are bounded, and shut nobody out', {
    timeout: 300_000,
  }, async () => {
    const [hers, his] = [await session(alice), await session(mallory)];
    const script = `
import socket, sys, time
port, cookie = int(sys.argv[1]), sys.argv[2]
def ask(send):
    s = socket.socket(); s.settimeout(20)
    try:
        s.connect(('127.0.0.1', port)); s.sendall(send)
        if not send: return s, 0
        return s, int(s.recv(65536)[9:12] or b'0')
    except (OSError, ValueError): return s, -1
get = ('GET /api/v1/events HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\n%s\\r\\n\\r\\n' % (port, cookie)).encode()
kept = [ask(get) for n in range(40)]
codes = [code for s, code in kept]
print(codes.count(200), codes.count(429), flush=True)
sys.stdin.readline()
kept += [ask(b'') for n in range(1000)]
print(len(kept), flush=True)
sys.stdin.readline()`;
    const greedy = lab.talker([python, '-c', script, origin.split(':')[2] ?? '', his[1] ?? ''], mallory);
    const [streams, refused] = (await greedy.next()).split(' ').map(Number);
    assert.equal(streams, 16);
    assert.ok((refused ?? 0) > 0, 'more streams are refused');
    assert.equal(await greedy.say(), '1040');
    assert.equal((await get('/api/v1/status', hers)).status, 200, 'another user');
    assert.equal((await postern.cli(['status'], mallory)).code, 0, 'the socket');
    const wait = 's = socket.create_connection(("127.0.0.1", int(sys.argv[1]))); s.settimeout(100); s.recv(1)';
    const silent = await lab.run([python, '-c', `import socket, sys; ${wait}`, origin.split(':')[2] ?? ''], {
      ...alice,
      timeoutMs: 120_000,
    });
    assert.equal(silent.code, 0, silent.stderr);
    assert.ok(silent.ms > 5000 && silent.ms < 60_000, `nothing was sent, and it was closed after ${silent.ms} ms`);
    greedy.end();
    await postern.until(
      async () => (await lab.run(['curl', '-s', '-f', ...his, `${origin}/api/v1/status`], mallory)).code === 0,
      'the user to be served again',
    );
  });

  test('a control plane that was started again knows no session', async () => {
    const cookie = await session(alice);
    const old = postern.child('control');
    postern.kill9('control');
    await postern.until(async () => {
      const { code, stdout } = await postern.cli(['status', '--json']);
      return code === 0 && (JSON.parse(stdout) as Status).pages.url !== null;
    }, 'the next one');
    assert.notEqual(postern.child('control'), old);
    origin = (await postern.json<Status>(['status'])).pages.url ?? '';
    assert.equal((await get('/api/v1/status', cookie)).status, 401);
    assert.equal((await get('/api/v1/status', await session(alice))).status, 200);
  });

  test('a port that another program has is said, and Postern goes on without pages', async () => {
    await postern.stop();
    const script =
      "import socket,sys; s = socket.create_server(('127.0.0.1', 7878)); print('on', flush=True); sys.stdin.read()";
    const squatter = lab.talker([python, '-c', script], mallory);
    assert.equal(await squatter.next(), 'on');
    postern = await lab.postern({ mode: 'ask' });
    const { pages } = await postern.json<Status>(['status']);
    assert.equal(pages.url, null);
    assert.match(pages.problem ?? '', /^127\.0\.0\.1:7878 cannot be had \(another program listens there\)/);
    const ui = await postern.cli(['ui'], alice);
    assert.equal(ui.code, 1);
    assert.match(ui.stderr, /another program listens there/);
    assert.match((await postern.cli(['status'])).stdout, /^Pages +not served: 127/m);
    squatter.end();
    await postern.until(async () => (await postern.json<Status>(['status'])).pages.url !== null, 'the port');
    assert.equal((await postern.cli(['ui'], alice)).code, 0);
    await postern.stop();
    postern = await lab.postern({ args: ['--pages', 'off'] });
    const off = (await postern.json<Status>(['status'])).pages;
    assert.deepEqual([off.url, off.problem, off.remote], [null, null, null]);
    assert.match((await postern.cli(['ui'], alice)).stderr, /switched off/);
  });

  function residentKb(pid: number): number {
    const ran = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return Number(ran.stdout);
  }
});
