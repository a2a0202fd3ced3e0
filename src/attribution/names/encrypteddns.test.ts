// Encrypted DNS: by its port, or on port 443 by who is asked; and who does it, within bounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '#model/connection.ts';
import { formatAddress } from '#model/net/address.ts';
import { EncryptedDnsLog, encryptedDnsLimits, encryptedQuestion } from './encrypteddns.ts';

const resolvers = {
  hasName: (name: string) => name === 'dns.google',
  hasAddress: (address: Parameters<typeof formatAddress>[0]) => formatAddress(address) === '1.1.1.1',
};

type Names = NonNullable<Connection['attempt']['names']>;
interface Told {
  readonly names?: Names;
  readonly action?: Connection['action'];
  readonly enforced?: boolean;
  readonly direction?: 'out' | 'in' | 'forward';
  readonly exe?: string;
  readonly uid?: number;
  readonly id?: string;
}

/** `1.1.1.1:443/tcp` */
function connection(to: string, told: Told = {}): Connection {
  const [, address = '', port, protocol] = /^(.*):(\d+)\/(\w+)$/.exec(to) ?? [];
  return {
    ...{ id: told.id ?? 'a-1', time: 1, lastTime: 2, action: told.action ?? 'allow', enforced: told.enforced ?? true },
    ...{ rule: null, reason: 'mode', revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0 },
    attempt: {
      process: { pid: 7, exe: told.exe ?? '/usr/bin/firefox', uid: told.uid ?? 1000 },
      flow: {
        protocol: protocol as 'tcp',
        direction: told.direction ?? 'out',
        remote: { address, port: Number(port) },
      },
      names: told.names ?? [],
    },
  };
}

const asked = (to: string, told: Told = {}) => encryptedQuestion(connection(to, told), resolvers);

test('port 853 is DNS over TLS or QUIC, whoever is asked', () => {
  assert.deepEqual(asked('192.0.2.1:853/tcp'), { by: 'tls', to: '192.0.2.1' });
  assert.deepEqual(asked('192.0.2.1:853/udp'), { by: 'quic', to: '192.0.2.1' });
  const names: Names = [{ name: 'dns.example', from: 'sni' }];
  assert.deepEqual(asked('192.0.2.1:853/tcp', { names }), { by: 'tls', to: 'dns.example' });
  assert.equal(asked('192.0.2.1:853/sctp'), undefined);
});

test('port 443 is DNS over HTTPS only of a known name or address', () => {
  assert.equal(asked('192.0.2.1:443/tcp'), undefined);
  assert.deepEqual(asked('1.1.1.1:443/tcp'), { by: 'https', to: '1.1.1.1' });
  assert.deepEqual(asked('1.1.1.1:443/udp'), { by: 'https', to: '1.1.1.1' });
  const names: Names = [
    { name: 'other.example', from: 'dns' },
    { name: 'dns.google', from: 'dns' },
  ];
  assert.deepEqual(asked('192.0.2.1:443/tcp', { names }), { by: 'https', to: 'dns.google' });
  assert.equal(asked('1.1.1.1:80/tcp'), undefined);
  assert.equal(asked('1.1.1.1:53/udp'), undefined);
});

test('what the connection says itself overrules what else its address is called', () => {
  const names: Names = [
    { name: 'www.example', from: 'sni' },
    { name: 'dns.google', from: 'dns' },
  ];
  assert.equal(asked('192.0.2.1:443/tcp', { names }), undefined);
});

test('what came in or was refused is none; what was only watched passed', () => {
  assert.equal(asked('1.1.1.1:443/tcp', { direction: 'in' }), undefined);
  assert.equal(asked('1.1.1.1:443/tcp', { action: 'reject' }), undefined);
  assert.deepEqual(asked('1.1.1.1:443/tcp', { action: 'ask', enforced: false })?.by, 'https');
  assert.deepEqual(asked('1.1.1.1:443/tcp', { direction: 'forward' })?.by, 'https');
});

function log(...connections: readonly Connection[]): EncryptedDnsLog {
  const kept = new EncryptedDnsLog();
  for (const one of connections) kept.add(one, encryptedQuestion(one, resolvers) ?? assert.fail('it is none'));
  return kept;
}
const userName = (uid: number) => `user${uid}`;

test('a connection counts once, however often it is told', () => {
  const kept = log(
    connection('1.1.1.1:443/tcp'),
    connection('1.1.1.1:443/tcp'),
    connection('192.0.2.1:853/tcp', { id: 'a-2' }),
  );
  assert.deepEqual(kept.list(userName), {
    connections: 2,
    apps: [
      {
        ...{ app: 'firefox', user: 'user1000', by: ['https', 'tls'], to: ['192.0.2.1', '1.1.1.1'] },
        ...{ connections: 2, last: 2 },
      },
    ],
  });
});

test('a user is shown their own programs', () => {
  const kept = log(connection('1.1.1.1:443/tcp'), connection('1.1.1.1:443/tcp', { id: 'a-2', uid: 1001 }));
  assert.equal(kept.list(userName).apps.length, 2);
  const own = kept.list(userName, 1001);
  assert.deepEqual([own.connections, own.apps.map(({ user }) => user)], [1, ['user1001']]);
});

test('no more apps and resolvers are kept than there is room for, and the latest stay', () => {
  const many = Array.from({ length: 200 }, (_, number) => [
    connection('1.1.1.1:443/tcp', { id: `a-${number}`, exe: `/usr/bin/app${number}` }),
    connection(`192.0.2.${number}:853/tcp`, { id: `b-${number}`, exe: '/usr/bin/one' }),
  ]).flat();
  const { apps, connections } = log(...many).list(userName);
  assert.equal(connections, 400);
  assert.equal(apps.length, encryptedDnsLimits.apps);
  assert.deepEqual([apps[0]?.app, apps[1]?.app], ['one', 'app199']);
  assert.deepEqual([apps[0]?.connections, apps[0]?.to.length], [200, encryptedDnsLimits.resolvers]);
  assert.equal(apps[0]?.to[0], '192.0.2.199');
});
