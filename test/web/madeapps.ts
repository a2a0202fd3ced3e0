// Made-up apps for the fake server of the pages, in the shapes of the API.
import type { AppView } from '#model/api.ts';
import type { AppDetails } from '#model/shown/appdetails.ts';

const dayMs = 86_400_000;
const hostile = 'upd\u202egpj.exe\x1b[31m<script>alert(1)</script>';

export const madeApps = (now: number): AppView[] =>
  [
    {
      app: 'firefox',
      connections: 20_511,
      refused: 1402,
      destinations: 310,
      users: ['alice'],
      bytesOut: 88_000_000,
      bytesIn: 2_100_000_000,
    },
    {
      app: 'curl',
      connections: 31,
      refused: 0,
      destinations: 4,
      users: ['alice', 'root'],
      bytesOut: 4100,
      bytesIn: 88_000,
    },
    {
      app: 'npm-cli.js',
      connections: 310,
      refused: 0,
      destinations: 1,
      users: ['alice'],
      bytesOut: 910_000,
      bytesIn: 45_000_000,
    },
    { app: hostile, connections: 7, refused: 7, destinations: 3, users: ['alice'], bytesOut: null, bytesIn: null },
    {
      app: 'nginx',
      connections: 1210,
      refused: 12,
      destinations: 96,
      users: ['www-data'],
      bytesOut: null,
      bytesIn: null,
    },
  ].map((app, at) => ({ ...app, first: now - (at + 2) * 3 * dayMs, last: now - at * 71_000 }));

const day = (time: number) => new Date(time).toISOString().slice(0, 10);

export function madeApp(app: string, now: number): AppDetails {
  const image = (ctime: string) => ({
    ...{ path: `/usr/bin/${app}`, state: 'host' as const },
    identity: { device: '1', inode: '2', generation: '0', ctime },
  });
  const process = {
    ...{ exe: `/usr/bin/${app}`, uid: 1000, unit: null, container: null, args: [app, '--flag'] },
    ...{ ancestors: ['/usr/bin/bash', '/usr/bin/gnome-terminal'], script: null },
  };
  const file = {
    ...{ path: `/usr/bin/${app}`, interpreter: null, user: 'alice', package: app.replace(/\W/g, ''), unknown: null },
  };
  return {
    ...{ app, first: now - 21 * dayMs, last: now - 40_000, connections: 1831, refused: 12 },
    files: [
      {
        ...file,
        ...{
          first: now - 2 * dayMs,
          last: now - 40_000,
          connections: 31,
          sha256: 'ab34'.repeat(16),
          packageVersion: '8.14.1-2',
        },
        process: { ...process, image: image('200') },
      },
      {
        ...file,
        ...{
          first: now - 21 * dayMs,
          last: now - 2 * dayMs,
          connections: 1800,
          sha256: 'cd12'.repeat(16),
          packageVersion: '8.14.1-1',
        },
        process: { ...process, image: image('100') },
      },
      {
        ...{ ...file, path: '/tmp/upd\u202egpj', user: null, package: null, packageVersion: null, sha256: null },
        ...{ first: now - 20 * dayMs, last: now - 20 * dayMs, connections: 1 },
        unknown: 'the host has no such file (deleted), so that there is nothing to read',
        process: {},
      },
    ],
    days: Array.from({ length: 21 }, (_, at) => ({
      ...{ day: day(now - (20 - at) * dayMs), connections: 40 + ((at * 37) % 90), refused: at % 5 },
      ...{ bytesOut: ((at * 7919) % 97) * 41_000, bytesIn: ((at * 6101) % 89) * 310_000 },
    })),
    names: Array.from({ length: 40 }, (_, at) => ({
      ...{
        name: at === 3 ? hostile : at % 7 === 6 ? `198.51.100.${at}` : `host${at}.example.com`,
        direction: 'out' as const,
      },
      ...{ first: now - ((at % 20) + 1) * dayMs, last: now - at * 4_000_000, connections: 3 + ((at * 31) % 200) },
      ...(at % 9 === 4 ? { refused: 2, lastRefused: now - at * 4_000_000 } : { refused: 0, lastRefused: null }),
    })),
    namesTotal: 612,
    rules: [
      {
        name: 'browsers',
        action: 'allow',
        text: `allow /usr/bin/${app} to any on port 80 or 443`,
        named: true,
        sure: true,
      },
      { name: 'pinned', action: 'reject', text: 'reject sha256 ab34… to any', named: true, sure: false },
      { name: 'no trackers', action: 'reject', text: 'reject any program to list:trackers', named: false, sure: true },
    ],
    listeners: [
      { protocol: 'tcp', address: '127.0.0.1', port: 8080, user: 'alice' },
      { protocol: 'udp', address: '::', port: 5353, user: 'alice' },
    ],
    listenersUnknown: null,
  };
}
