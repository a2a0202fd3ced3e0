// Made-up programs and destinations for the fake server of the pages, and what becomes of them, in the shapes of the API.
import type { LogLine, PromptView } from '#model/api.ts';
import type { AttemptJson } from '#model/attempt.ts';
import type { NameView } from '#model/net/nameview.ts';

type Process = NonNullable<AttemptJson['process']>;

interface Program {
  readonly app: string;
  readonly user: string;
  readonly process: Process;
}

const alice = { uid: 1000, gid: 1000, groups: [27, 100] };
const file = (path: string) => ({
  exe: path,
  image: {
    path,
    identity: { device: '2049', inode: '131', generation: '7', ctime: '1750000000' },
    state: 'host' as const,
  },
});

const programs: readonly Program[] = [
  {
    app: 'firefox',
    user: 'alice',
    process: {
      ...{
        ...file('/usr/lib/firefox/firefox'),
        ...alice,
        pid: 4711,
        startTime: '90210',
        package: 'firefox',
        packageVersion: '142.0-1',
      },
      args: ['/usr/lib/firefox/firefox', '--new-window'],
      ...{
        cwd: '/home/alice',
        unit: 'app-firefox.scope',
        ancestors: ['/usr/bin/gnome-shell', '/usr/lib/systemd/systemd'],
      },
      ...{ cgroup: '/user.slice/user-1000.slice/app-firefox.scope', label: null, script: null, container: null },
    },
  },
  {
    app: 'npm-cli.js',
    user: 'alice',
    process: {
      ...{
        ...file('/usr/bin/node'),
        ...alice,
        pid: 5120,
        startTime: '95110',
        script: '/usr/lib/node_modules/npm/bin/npm-cli.js',
      },
      ...{ args: ['npm', 'ci'], package: 'nodejs', packageVersion: '24.21.0', cwd: '/home/alice/shop' },
      ancestors: ['/usr/bin/bash', '/usr/bin/gnome-terminal', '/usr/lib/systemd/systemd'],
    },
  },
  {
    app: 'curl',
    user: 'alice',
    process: {
      ...{
        ...file('/usr/bin/curl'),
        ...alice,
        pid: 6001,
        startTime: '99001',
        package: 'curl',
        packageVersion: '8.16.0-1',
      },
      ...{
        args: ['curl', '-fsSL', 'https://get.example.net/install.sh'],
        cwd: '/home/alice',
        ancestors: ['/usr/bin/bash'],
      },
      sha256: '3f1c8a0be2d94d5f7a6b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5',
    },
  },
  {
    app: 'nginx',
    user: 'www-data',
    process: {
      ...{
        ...file('/usr/sbin/nginx'),
        uid: 33,
        gid: 33,
        pid: 812,
        startTime: '1200',
        unit: 'nginx.service',
        package: 'nginx',
      },
      ...{ ancestors: ['/usr/lib/systemd/systemd'], cgroup: '/system.slice/nginx.service' },
    },
  },
  {
    app: 'systemd-timesyncd',
    user: 'systemd-timesync',
    process: {
      ...file('/usr/lib/systemd/systemd-timesyncd'),
      uid: 991,
      gid: 991,
      pid: 540,
      startTime: '800',
      unit: 'systemd-timesyncd.service',
      package: 'systemd',
    },
  },
  {
    // What a hostile program calls itself: it must be shown, not obeyed.
    app: 'upd\u202egpj.exe\u001b[31m<script>alert(1)</script>',
    user: 'bob',
    process: {
      image: {
        path: '/tmp/upd\u202egpj.exe\u001b[31m<script>alert(1)<\u2215script>',
        identity: { device: '40', inode: '9', generation: '0', ctime: '1760000000' },
        state: 'deleted',
      },
      ...{
        exe: null,
        uid: 1001,
        gid: 1001,
        pid: 7777,
        startTime: '120000',
        args: ['<img src=x onerror=alert(1)>', '\u001b]0;owned\u0007'],
      },
      ancestors: ['', '/usr/bin/python3.13'],
    },
  },
  { app: 'unknown program', user: '', process: {} },
];

interface Place {
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly name?: string;
  readonly from?: 'dns' | 'sni' | 'quic' | 'resolved';
  readonly country?: string;
  readonly as?: number;
}

const places: readonly Place[] = [
  {
    address: '198.51.100.7',
    port: 443,
    protocol: 'tcp',
    name: 'registry.npmjs.org',
    from: 'sni',
    country: 'US',
    as: 13335,
  },
  {
    address: '198.51.100.20',
    port: 443,
    protocol: 'tcp',
    name: 'www.example.com',
    from: 'dns',
    country: 'DE',
    as: 3320,
  },
  {
    address: '198.51.100.21',
    port: 443,
    protocol: 'udp',
    name: 'cdn.example.com',
    from: 'quic',
    country: 'NL',
    as: 20940,
  },
  {
    address: '203.0.113.9',
    port: 443,
    protocol: 'tcp',
    name: 'telemetry.tracker.example.net',
    from: 'sni',
    country: 'IE',
    as: 16509,
  },
  { address: '203.0.113.44', port: 8443, protocol: 'tcp', country: 'RU', as: 12389 },
  { address: '2001:db8::53', port: 53, protocol: 'udp', name: 'resolver.lan', from: 'resolved' },
  { address: '192.168.1.40', port: 631, protocol: 'tcp', name: 'printer.lan', from: 'dns' },
  { address: '192.0.2.123', port: 123, protocol: 'udp', name: 'ntp.example.org', from: 'dns', country: 'FR', as: 2200 },
];

function attemptOf(program: Program, { address, port, protocol, name, from }: Place, local = 40_000): AttemptJson {
  const unknown = Object.keys(program.process).length === 0;
  return {
    ...(!unknown && { process: program.process }),
    flow: {
      ...{ protocol, direction: 'out', interface: 'wlp3s0', remote: { address, port } },
      local: { address: address.includes(':') ? '2001:db8::10' : '192.168.1.17', port: local },
    },
    names: name === undefined ? [] : [{ name, from: from ?? 'dns', since: Date.now() - 60_000 }],
  };
}

const ways = [
  [0, 1, 'allow', 'browsers'],
  [0, 2, 'allow', 'browsers'],
  [0, 3, 'reject', 'no trackers'],
  [1, 0, 'allow', 'npm registry'],
  [2, 1, 'reject', null],
  [3, 6, 'reject', 'nginx stays home'],
  [4, 7, 'allow', 'builtin: time'],
  [5, 4, 'drop', 'no country'],
  [6, 5, 'allow', 'builtin: resolvers'],
] as const;

const domainOf = (name: string | undefined) =>
  name?.endsWith('.lan') === false ? name.split('.').slice(-2).join('.') : null;

/** Of the pages themselves, as the browser makes them. */
export function madeOwnLine(sequence: number, time: number): LogLine {
  const line = madeLine(sequence, time);
  const flow = { protocol: 'tcp', direction: 'out', remote: { address: '127.0.0.1', port: 7878 } } as const;
  const firefox = programs[0] as Program;
  return {
    ...{ ...line, country: undefined, as: undefined, own: true, domain: null, app: 'firefox', user: 'alice' },
    ...{ action: 'allow', rule: 'builtin: loopback', reason: 'rule' },
    attempt: { process: firefox.process, flow, names: [] },
  };
}

let made = 0;

/** A connection of one of the ways, at a time; some have ended. */
export function madeLine(sequence: number, time: number): LogLine {
  made += 1;
  const [program, place, action, rule] = ways[(made * 7 + (made % 5)) % ways.length] ?? ways[0];
  const [who, where] = [programs[program] as Program, places[place] as Place];
  const ended = made % 3 !== 0 && action === 'allow';
  return {
    ...{
      id: `mb0-${made}`,
      sequence,
      time,
      lastTime: time,
      action,
      enforced: true,
      rule,
      revision: 12,
      logged: [],
      packets: 1,
    },
    attempt: attemptOf(who, where, 40_000 + (made % 9000)),
    reason: rule === null ? 'mode' : 'rule',
    evidence:
      program === 6
        ? []
        : program === 5
          ? ['proc']
          : ['bpf', ...(where.from === 'sni' ? (['sni'] as const) : (['dns'] as const))],
    heldMs: made % 11 === 0 ? 840 : 0,
    ...(ended && {
      end: { time: time + 900, bytesOut: 900 + made * 37, bytesIn: 20_000 + made * 911, packetsOut: 9, packetsIn: 30 },
    }),
    ...(where.country !== undefined && { country: where.country, as: where.as }),
    ...{ app: who.app, user: who.user || null, domain: domainOf(where.name) },
  };
}

let asked = 0;

export function madePrompt(now: number, held = true): PromptView {
  const [program, place] = [
    [2, 1],
    [5, 4],
    [1, 0],
    [0, 3],
  ][asked % 4] as [number, number];
  asked += 1;
  const [who, where] = [programs[program] as Program, places[place] as Place];
  const names =
    where.name === undefined
      ? []
      : [{ name: where.name, from: where.from ?? ('dns' as const), domain: where.name.split('.').slice(-2).join('.') }];
  return {
    ...{
      id: `mb0-${9000 + asked}`,
      opened: now,
      deadline: now + 90_000,
      flows: held ? 2 : 0,
      packets: held ? 3 : 0,
      rule: null,
    },
    ...{ attempt: attemptOf(who, where), app: who.app, user: who.user, before: program === 0 ? 14 : 0, names },
    lists: place === 3 ? [{ list: 'trackers', name: where.name ?? null }] : [],
    ...(where.country !== undefined && { country: where.country, as: where.as }),
  };
}

export const madeNames = (now: number): NameView[] =>
  places
    .filter(({ name }) => name !== undefined)
    .map(({ name = '', address, from = 'dns', country, as }, at) => ({
      ...{
        name,
        address,
        from,
        server: '[2001:db8::53]:53',
        ownServer: false,
        canonical: at % 3 === 0 ? `edge-${at}.example.net` : null,
      },
      asker: at % 4 === 3 ? null : { pid: 4711, app: '/usr/lib/firefox/firefox', uid: 1000 },
      ...{ since: now - at * 40_000, until: now + 300_000 },
      ...(country !== undefined && { country, as }),
    }));
