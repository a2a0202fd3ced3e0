// The door of the pages to other machines, with the real daemon and a world that wants to come in: rules, passwords, floods.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { EventView, PagesSession, Status } from '#model/api.ts';
import type { SessionView } from '#model/pages/login.ts';
import { ownCertificate } from '../../src/daemon/control/pages/certificate.ts';
import { Lab, type Postern, type Ran } from './lab.ts';
import { host, world } from './namespaces.ts';

const port = 7443;
const origin = `https://${host.v4}:${port}`;
const python = '/usr/bin/python3';
const right = 'seven tall ships sail by night';
const alice = { user: 'pt-vagrant' } as const;
const out = { world: true, timeoutMs: 60_000 } as const;

describe('the pages from another machine', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    for (const name of ['pt-vagrant', 'pt-other']) lab.account(name);
    postern = await lab.postern({
      mode: 'lockdown',
      args: ['--pages', '127.0.0.1:0', '--pages-remote', `${host.v4}:${port}`],
    });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const read = ({ stdout, code, stderr }: Ran) => {
    const [headers = '', ...rest] = stdout.split('\r\n\r\n');
    const cookies = [...headers.matchAll(/^set-cookie: ([^;]+)/gim)].map(([, one]) => one).join('; ');
    return {
      status: Number(/^HTTP\/1.1 (\d+)/.exec(headers)?.[1] ?? 0),
      headers,
      text: rest.join('\r\n\r\n'),
      cookies,
      code,
      stderr,
    };
  };
  /** curl from the world, which does not ask who made the certificate. */
  const curl = async (path: string, args: readonly string[] = []) =>
    read(await lab.run(['curl', '-s', '-S', '-i', '-g', '-k', '-m', '20', ...args, `${origin}${path}`], out));
  const marked = ['-H', 'Postern-Request: 1', '-H', 'Content-Type: application/json'];
  const login = (password: string, args: readonly string[] = [], user = 'pt-vagrant') =>
    curl('/api/v1/pages/password', [...marked, ...args, '--data', JSON.stringify({ user, password })]);
  const remote = async () => (await postern.json<Status>(['status'])).pages.remote;
  const residentKb = () =>
    Number(spawnSync('ps', ['-o', 'rss=', '-p', String(postern.child('control'))], { encoding: 'utf8' }).stdout);
  const descriptors = () => readdirSync(`/proc/${postern.child('control')}/fd`).length;

  /** Runs while something goes on: how long `postern status` takes at most. */
  async function slowest(until: Promise<unknown>): Promise<number> {
    let going = true;
    void until.finally(() => {
      going = false;
    });
    let worst = 0;
    const socket = `${postern.folder}/run/postern.sock`;
    while (going) {
      const { ms } = await lab.run(['curl', '-s', '-f', '--unix-socket', socket, 'http://localhost/api/v1/status']);
      worst = Math.max(worst, ms);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    return worst;
  }

  test('nobody comes in without a rule, and that is said, with the rule that would let them', async () => {
    for (const sentence of [
      /The remote pages are on https:\/\/192\.0\.2\.1:7443\. SHA-256 of the certificate: [0-9A-F:]{95}/,
      /No account has a password for the remote pages; set one with: postern password set/,
      /No rule lets anybody reach the remote pages\./,
    ]) {
      await postern.until(() => sentence.test(postern.output), String(sentence));
    }
    assert.equal((await remote())?.reachable, false);
    assert.notEqual((await curl('/login')).code, 0);
    const rule = ['rule', 'add', 'allow', '--direction', 'in', '--user', 'postern', '--port', String(port)];
    const from = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'].flatMap((prefix) => ['--from', prefix]);
    assert.equal((await postern.cli([...rule, ...from])).code, 0);
    await postern.until(async () => (await remote())?.reachable === true, 'that somebody reaches them');
    const page = await curl('/login');
    assert.equal(page.status, 200, page.stderr);
    assert.match(page.text, /autocomplete="current-password"/);
  });

  test('who set a password logs in with it, has the rights of the account, and is shown, and logged out', async () => {
    assert.equal((await login(right)).status, 401, 'there is none yet');
    const weak = await postern.cli(['password', 'set'], { ...alice, input: 'short\n' });
    assert.deepEqual([weak.code, /at least 15 characters/.test(weak.stderr)], [2, true]);
    const others = await postern.cli(['password', 'set', 'pt-other'], { ...alice, input: `${right}\n` });
    assert.equal(others.code, 4, others.stderr);
    const set = await postern.cli(['password', 'set'], { ...alice, input: `${right}\n` });
    assert.equal(set.code, 0, set.stderr);
    const file = join(postern.folder, 'state/passwords.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /"\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
    const { status, text, cookies } = await login(right);
    assert.equal(status, 200, text);
    const session = JSON.parse(text) as PagesSession;
    assert.deepEqual([session.user, session.administrator, session.remote], ['pt-vagrant', false, true]);
    assert.equal((await curl('/api/v1/status', ['-b', cookies])).status, 200);
    const add = await curl('/api/v1/rules', [
      '-b',
      cookies,
      ...marked,
      '--data',
      '{"rule":{"action":"allow","protocol":"icmp"}}',
    ]);
    assert.equal(add.status, 403, 'no administrator');
    const [shown] = await postern.json<SessionView[]>(['sessions'], alice);
    assert.deepEqual([shown?.user, shown?.from], ['pt-vagrant', world.v4]);
    assert.deepEqual(await postern.json<SessionView[]>(['sessions'], { user: 'pt-other' }), []);
    assert.equal((await postern.cli(['sessions', '--end', shown?.id ?? ''], { user: 'pt-other' })).code, 1);
    assert.equal((await postern.cli(['sessions', '--end', shown?.id ?? ''], alice)).code, 0);
    assert.equal((await curl('/api/v1/status', ['-b', cookies])).status, 401);
  });

  test('its cookie is nothing at the door of this machine', async () => {
    const { cookies } = await login(right);
    const token = /__Host-postern=([^;]+)/.exec(cookies)?.[1];
    const { url } = (await postern.json<Status>(['status'])).pages;
    for (const name of ['postern', '__Host-postern']) {
      const ran = await lab.run(['curl', '-s', '-i', '-b', `${name}=${token}`, `${url}/api/v1/status`], alice);
      assert.equal(read(ran).status, 401);
    }
  });

  test('ten thousand wrong passwords cost little, and hold up neither the owner nor the commands', {
    timeout: 560_000,
  }, async () => {
    const known = await login(right, ['--interface', world.others[0]]);
    assert.equal(known.status, 200, known.stderr);
    const browser = known.cookies.split('; ').find((one) => one.startsWith('__Host-postern-browser')) ?? '';
    const script = `
import collections, http.client, json, ssl, sys
seen = collections.Counter()
context = ssl._create_unverified_context()
c = http.client.HTTPSConnection('${host.v4}', ${port}, context=context)
for n in range(10000):
    body = json.dumps({'user': 'pt-vagrant', 'password': 'wrong password %08d' % n})
    c.request('POST', '/api/v1/pages/password', body, {'Postern-Request': '1', 'Content-Type': 'application/json'})
    a = c.getresponse(); a.read(); seen[a.status] += 1
print(json.dumps(seen))`;
    const before = { kb: residentKb(), cpu: processorMs() };
    const guesser = lab.run([python, '-c', script], { world: true, timeoutMs: 500_000 });
    const worst = slowest(guesser);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const begun = performance.now();
    // From the attacker's own address, but by a browser that was here before; and from elsewhere.
    assert.equal((await login(right, ['-b', browser])).status, 200, 'a known browser');
    const owner = performance.now() - begun;
    assert.equal(
      (await login(right, ['--interface', world.others[0]])).status,
      200,
      'from where the account came from before',
    );
    const ran = await guesser;
    assert.equal(ran.code, 0, ran.stderr);
    const after = { kb: residentKb(), cpu: processorMs() };
    console.log(
      `${ran.stdout.trim()} in ${Math.round(ran.ms)} ms; the owner logged in in ${Math.round(owner)} ms; status took ${Math.round(await worst)} ms at most; ` +
        `${after.kb - before.kb} KB more, ${after.cpu - before.cpu} ms of processor`,
    );
    const seen = JSON.parse(ran.stdout) as Record<string, number>;
    assert.deepEqual(Object.keys(seen).sort(), ['401', '429']);
    assert.ok((seen['401'] ?? 0) < 20, 'few of them were looked at');
    assert.ok(owner < 18_000 && (await worst) < 15_000);
    assert.ok(after.kb - before.kb < 150_000, 'one password at a time');
    const { logins, counts } = (await postern.json<Status>(['status'])).pages.refused;
    assert.ok((logins.find(({ from }) => from === world.v4)?.times ?? 0) >= 10_000, JSON.stringify(logins));
    assert.equal((counts['too-soon'] ?? 0) >= 9900, true);
    assert.match((await postern.cli(['status'])).stdout, /^Refused +\d+ logins of the last day from 192\.0\.2\.2/m);
    assert.doesNotMatch((await postern.cli(['status'], alice)).stdout, /^Refused/m);
    const events = await lab.run([
      'sh',
      '-c',
      `timeout 5 curl -s -N -H 'Last-Event-ID: 0' --unix-socket ${postern.folder}/run/postern.sock http://localhost/api/v1/events; true`,
    ]);
    const told = events.stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('data:') ? [JSON.parse(line.slice(5)) as EventView] : []));
    const refusedEvents = told
      .filter(({ type }) => type === 'login-refused')
      .map(({ data }) => data as { from: string; times: number });
    assert.ok(refusedEvents.some(({ from }) => from === world.v4));
    assert.ok(refusedEvents.length < 20, 'once a minute, not once each');
  });

  test('bodies of a gigabyte, ten thousand connections and slow ones are bounded', { timeout: 400_000 }, async () => {
    const { cookies } = await login(right, ['--interface', world.others[0]]);
    const before = { kb: residentKb(), fds: descriptors() };
    const file = join(lab.folder, 'gigabyte');
    writeFileSync(file, '');
    truncateSync(file, 1_000_000_000);
    for (const [status, ...body] of [
      ['413', '-T', file],
      ['411', '-T', '-'],
    ]) {
      const send = 'head -c 1000000000 /dev/zero | curl -k -s -S -i -m 20 -w "%{stderr}%{size_upload}" -X POST "$@"';
      const args = [...body, '-H', 'Expect:', ...marked, `${origin}/api/v1/pages/password`];
      const ran = await lab.run(['sh', '-c', send, 'sh', ...args], out);
      // What is sent on after the answer may lose it: then the connection is cut all the same.
      const said = /^HTTP\/1.1 (\d+) /.exec(ran.stdout)?.[1];
      assert.ok(said === status || (said === undefined && ran.code !== 0), `${ran.code}: ${ran.stdout} ${ran.stderr}`);
      assert.ok(Number(/(\d+)$/.exec(ran.stderr.trim())?.[1]) < 20_000_000);
    }
    const script = `
import resource, socket, ssl, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (11000, 11000))
kept = []
begun = time.time()
for n in range(10000):
    s = socket.socket(); s.setblocking(False); s.connect_ex(('${host.v4}', ${port})); kept.append(s)
    if n % 50 == 49: time.sleep(0.05)
# And what sends its request one byte at a time, within TLS.
context = ssl._create_unverified_context()
slow = []
for n in range(40):
    try: slow.append(context.wrap_socket(socket.create_connection(('${host.v4}', ${port}), 15)))
    except OSError: pass
print(len(kept), len(slow), flush=True)
begun = time.time()
text = b'GET / HTTP/1.1\\r\\nHost: ${host.v4}:${port}\\r\\nX-Slow: ' + b'x' * 4000
sent = 0
for byte in text:
    live = []
    for s in slow:
        try: s.send(bytes([byte])); live.append(s)
        except OSError: pass
    slow = live; sent += 1
    if not slow or time.time() - begun > 90: break
    time.sleep(0.5)
print(round(time.time() - begun), len(slow), flush=True)
sys.stdin.readline()`;
    const greedy = lab.talker([python, '-c', script], { world: true });
    const [kept] = (await greedy.next()).split(' ').map(Number);
    assert.equal(kept, 10_000);
    const during = { kb: residentKb(), fds: descriptors() };
    assert.equal(
      (await curl('/api/v1/status', ['-b', cookies, '--interface', world.others[0]])).status,
      200,
      'somebody else is served',
    );
    const [seconds = 0, left] = (await greedy.next()).split(' ').map(Number);
    console.log(
      `${during.fds - before.fds} descriptors and ${during.kb - before.kb} KB more under 10,000 connections; slow ones were cut after ${seconds} s`,
    );
    assert.ok(during.fds - before.fds < 60 && during.kb - before.kb < 125_000);
    assert.equal(left, 0, 'all slow ones were cut');
    assert.ok(seconds < 60);
    greedy.end();
    assert.equal((await curl('/api/v1/status', ['-b', cookies, '--interface', world.others[0]])).status, 200);
    assert.ok(((await postern.json<Status>(['status'])).pages.refused.counts.connections ?? 0) > 500, 'and counted');
  });

  test('a certificate that only root reads is used, and another one after SIGHUP, without ending a session', async () => {
    await postern.stop();
    const made = (name: string) => {
      const pair = ownCertificate(join(postern.folder, 'state'), [name, host.v4], [], Date.now());
      assert.ok(pair.ok);
      return pair.value;
    };
    const [cert, key] = [join(lab.folder, 'cert.pem'), join(lab.folder, 'key.pem')];
    const put = (pair: { cert: string; key: string }) => {
      writeFileSync(cert, pair.cert, { mode: 0o600 });
      writeFileSync(key, pair.key, { mode: 0o600 });
    };
    const [first, second] = [made('one.example'), made('two.example')];
    put(first);
    const args = [
      '--pages-remote',
      `${host.v4}:${port}`,
      '--pages-name',
      'one.example,two.example',
      '--tls-cert',
      cert,
      '--tls-key',
      key,
    ];
    postern.output = '';
    await postern.start({ mode: 'lockdown', args });
    await postern.until(async () => (await remote())?.url !== null, 'the certificate');
    assert.equal((await remote())?.url, `https://one.example:${port}`);
    assert.doesNotMatch(readFileSync(`/proc/${postern.child('control')}/cmdline`, 'utf8'), /PRIVATE KEY|key\.pem/);
    // Checked as a browser would.
    const trusted = (name: string, pair: { cert: string }, args: readonly string[] = []) => {
      writeFileSync(join(lab.folder, 'ca.pem'), pair.cert, { mode: 0o644 });
      const to = ['--cacert', join(lab.folder, 'ca.pem'), '--resolve', `${name}:${port}:${host.v4}`];
      return lab
        .run(['curl', '-s', '-S', '-i', '-m', '20', ...to, ...args, `https://${name}:${port}/api/v1/status`], out)
        .then(read);
    };
    assert.equal((await trusted('one.example', first)).status, 401);
    const { cookies, headers } = await login(right);
    assert.match(headers, /^strict-transport-security: max-age=31536000/im);
    put(second);
    process.kill(postern.pid, 'SIGHUP');
    await postern.until(async () => (await trusted('two.example', second)).status === 401, 'the other certificate');
    assert.equal((await trusted('two.example', second, ['-b', cookies])).status, 200, 'the session goes on');
    writeFileSync(key, 'nonsense');
    process.kill(postern.pid, 'SIGHUP');
    await postern.until(() => postern.output.includes('The remote pages keep their old certificate:'), 'the warning');
    assert.equal((await trusted('two.example', second, ['-b', cookies])).status, 200);
    assert.equal((await postern.cli(['password', 'remove'], alice)).code, 0);
    assert.equal(
      (await trusted('two.example', second, ['-b', cookies])).status,
      401,
      'what the password opened is closed',
    );
  });

  function processorMs(): number {
    const text = readFileSync(`/proc/${postern.child('control')}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
});
