// Encrypted DNS in the whole product: recognised by port and by resolver, said where people look, and refused by the built-in list.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { LogLine, Status } from '#model/api.ts';
import type { ListView } from '#model/net/list.ts';
import { outputs } from '../outputs.ts';
import { Lab, type Postern } from './lab.ts';
import { Resolver } from './resolver.ts';

const known = '1.1.1.1';
const site = '198.51.100.7';
const doh = '203.0.113.9';

/** TCP on port 853 of the world, UDP of one address, from which its answers then come; says when it listens. */
const listener = `
import socket, sys, threading
t = socket.create_server(('', 853))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind((sys.argv[1], 853))
print('ready', flush=True)
def datagrams():
    while True:
        data, peer = u.recvfrom(2048)
        u.sendto(data, peer)
threading.Thread(target=datagrams, daemon=True).start()
while True:
    c, _ = t.accept()
    c.sendall(b'hello')
    c.close()
`;
const ask = {
  tcp: "import socket,sys; s=socket.create_connection((sys.argv[1],853),15); print(s.recv(9).decode(),end='')",
  udp: "import socket,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(15); s.connect((sys.argv[1],853)); s.send(b'hello'); print(s.recv(9).decode(),end='')",
} as const;

describe('encrypted DNS', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    lab.account('pt-other');
    lab.address(known);
    await new Resolver(lab).start([`host-record=dns.google,${doh},300`, `host-record=www.example,${site},300`]);
    const server = lab.spawn(['python3', '-c', listener, site], { world: true });
    await once(server.stdout ?? assert.fail(), 'data');
    // Without eBPF who asked a name server is found for certain only where a rule asks for names.
    const rules = { '10.yaml': 'rules:\n  - { name: named, action: allow, to: named.example }\n' };
    postern = await lab.postern({ mode: 'allow', rules });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const reaches = async (where: string) => (await lab.curl(`http://${where}/`)).code === 0;
  const asks = async (kind: 'tcp' | 'udp', where: string) =>
    (await lab.run(['python3', '-c', ask[kind], where])).stdout === 'hello';
  const status = () => postern.json<Status>(['status']);
  const seen = async () => (await status()).encryptedDns;
  const lines = () => postern.json<LogLine[]>(['log']);

  test('port 443 by itself says nothing, and neither does another port of a resolver', async () => {
    assert.ok(await reaches('www.example:443'));
    assert.ok(await reaches(`${known}:80`));
    await postern.until(async () => (await lines()).length >= 2, 'that both are in the log');
    assert.deepEqual(await seen(), { connections: 0, apps: [] });
    assert.ok((await lines()).every(({ encryptedDns }) => encryptedDns === undefined));
    assert.doesNotMatch((await postern.cli(['names'])).stdout, /encrypted DNS/);
  });

  test('port 443 of an address or a name in the list is DNS over HTTPS', async () => {
    assert.ok(await reaches(`${known}:443`));
    await postern.until(async () => (await seen()).apps[0]?.to.includes(known) === true, 'the address');
    assert.ok(await reaches('dns.google:443'));
    await postern.until(async () => (await seen()).apps[0]?.to.includes('dns.google') === true, 'the name');
    const [app] = (await seen()).apps;
    assert.deepEqual([app?.app, app?.by, app?.connections], ['curl', ['https'], 2]);
  });

  test('port 853 is DNS over TLS or over QUIC', async () => {
    assert.ok(await asks('tcp', site));
    assert.ok(await asks('udp', site));
    await postern.until(async () => (await seen()).apps.some(({ by }) => by.length === 2), 'both');
    const found = (await seen()).apps.find(({ to }) => to.includes(site));
    assert.match(found?.app ?? '', /python/);
    assert.deepEqual([...(found?.by ?? [])].sort(), ['quic', 'tls']);
  });

  test('status, names and the log say so, in words and as their schemas have it', async () => {
    const text = (await postern.cli(['status'])).stdout;
    const both = String.raw`(dns\.google and 1\.1\.1\.1|1\.1\.1\.1 and dns\.google)`;
    assert.match(text, new RegExp(`curl \\(root\\) asks ${both} by encrypted DNS: the names it is told are not seen`));
    assert.match(text, /to refuse it: postern rule add reject --to list:encrypted-dns --port 443 --port 853/);
    const names = (await postern.cli(['names'])).stdout.trimEnd().split('\n').at(-1);
    assert.match(names ?? '', /^Not seen: what .*curl \(root\).* ask by encrypted DNS/);
    const log = (await postern.cli(['log'])).stdout.split('\n');
    assert.match(log.find((line) => line.includes(`${known}:443`)) ?? '', /\(encrypted DNS\)$/);
    assert.doesNotMatch(log.find((line) => line.includes(`${site}:443`)) ?? '(encrypted DNS)', /\(encrypted DNS\)$/);
    assert.equal((await lines()).filter(({ encryptedDns }) => encryptedDns).length, 4);
    outputs.status?.parse(await status());
    outputs.log?.parse(await lines());
  });

  test('other users are not told', async () => {
    const other = await postern.json<Status>(['status'], { user: 'pt-other' });
    assert.deepEqual(other.encryptedDns, { connections: 0, apps: [] });
  });

  test('a rule refuses it by the built-in list, and plain DNS and other sites go on', async () => {
    const line = ['rule', 'add', 'reject', '--to', 'list:encrypted-dns', '--port', '443', '--port', '853'];
    const added = await postern.cli([...line, '--name', 'no-doh']);
    assert.equal(added.code, 0, added.stderr);
    await postern.until(async () => !(await reaches(`${known}:443`)), 'that the address is refused');
    assert.equal(await reaches('dns.google:443'), false);
    assert.equal(await asks('tcp', known), false);
    assert.ok(await reaches(`${known}:80`));
    assert.ok(await reaches('www.example:443'));
    const before = (await seen()).connections;
    assert.equal(await reaches(`${known}:443`), false);
    await postern.until(
      async () => (await lines()).some(({ rule }) => rule === 'no-doh'),
      'that the refusal is in the log',
    );
    assert.ok((await lines()).every(({ rule, encryptedDns }) => rule !== 'no-doh' || encryptedDns === undefined));
    assert.equal((await seen()).connections, before);
  });

  test('the list is built in: shown, not added, not removed, but switched off', async () => {
    const [view] = await postern.json<ListView[]>(['lists', 'show', 'encrypted-dns']);
    assert.deepEqual([view?.origin, view?.enabled, view?.rules], ['builtin', true, ['no-doh']]);
    assert.match((await postern.cli(['lists', 'show', 'encrypted-dns'])).stdout, /from +built in/);
    const added = await postern.cli(['lists', 'add', 'encrypted-dns', '/etc/hosts']);
    assert.equal(added.code, 1);
    assert.match(added.stderr, /the list "encrypted-dns" comes with Postern; give yours another name/);
    const removed = await postern.cli(['lists', 'rm', 'encrypted-dns']);
    assert.equal(removed.code, 1);
    assert.match(removed.stderr, /cannot be removed; `postern lists disable encrypted-dns` switches it off/);
    assert.equal((await postern.cli(['lists', 'disable', 'encrypted-dns'])).code, 0);
    await postern.until(() => reaches(`${known}:443`), 'that the list does not count');
  });
});
