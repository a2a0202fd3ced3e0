// A journal with as many connections as are asked for, the same each time: thirty days of a machine with some sixty programs.
import type { Connection } from '#model/connection.ts';
import type { Journal } from '#store/journal.ts';

/** Mulberry32: the same numbers from the same seed, from 0 to 1. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

const appCount = 60;
const siteCount = 1500;
const countries = ['US', 'DE', 'NL', 'IE', 'FR', 'GB', 'JP', 'SE', undefined] as const;

/** The first are by far the most frequent, as of real programs and names. */
const skewed = (random: number, count: number) => Math.floor(count * random ** 3);

const appNames = Array.from(
  { length: appCount },
  (_, at) => ['firefox', 'curl', 'node', 'sshd', 'apt'][at] ?? `program-${at}`,
);

/** The connection of this number, which begins at this time. */
export function bigConnection(number: number, time: number, random: () => number, start = 'load'): Connection {
  const app = skewed(random(), appCount);
  const name = appNames[app] as string;
  const site = skewed(random(), siteCount);
  const incoming = name === 'sshd';
  const verdict = random();
  const refused = verdict < 0.06;
  const action = refused ? (verdict < 0.01 ? 'drop' : 'reject') : 'allow';
  const rule = refused ? `refusal ${site % 20}` : verdict < 0.7 ? `rule ${app % 40}` : null;
  const address = `198.${18 + (site % 2)}.${(site >> 3) & 255}.${1 + Math.floor(random() * 4)}`;
  const country = countries[site % countries.length];
  const uid = app % 7 === 0 ? 1000 : app % 7 === 1 ? 0 : 1000 + (app % 5);
  const own = random() < 0.02;
  return {
    ...{ id: `${start}-${number}`, time, lastTime: time + 900, action, enforced: true, rule, revision: 7, logged: [] },
    reason: rule === null ? 'mode' : 'rule',
    evidence: ['bpf', 'dns'],
    ...{ packets: 1, heldMs: 0 },
    attempt: {
      process: {
        ...{
          pid: 1000 + (number % 30_000),
          startTime: String(100_000 + number),
          exe: `/usr/bin/${name}`,
          script: null,
        },
        ...{ args: [name, '--serve', `job-${number % 977}`], cwd: '/home/alice', uid, gid: uid, groups: [27, 100] },
        ...{ cgroup: `/user.slice/user-${uid}.slice/app-${name}.scope`, unit: `app-${name}.scope`, package: name },
        ancestors: ['/usr/bin/bash', '/usr/lib/systemd/systemd'],
      },
      flow: {
        ...{ protocol: site % 11 === 0 ? 'udp' : 'tcp', direction: incoming ? 'in' : 'out', interface: 'eth0' },
        local: { address: '192.0.2.1', port: incoming ? 22 : 32_768 + (number % 28_000) },
        remote: { address, port: incoming ? 50_000 + (site % 10_000) : site % 9 === 0 ? 80 : 443 },
      },
      names:
        site % 13 === 0
          ? []
          : [{ name: `${['www', 'cdn', 'api'][site % 3]}.site-${site >> 1}.com`, from: 'dns', since: time }],
    },
    ...(action === 'allow' && {
      end: { time: time + 900, bytesOut: 900 + site * 7, bytesIn: 20_000 + site * 91, packetsOut: 9, packetsIn: 30 },
    }),
    ...(country !== undefined && { country, as: 1000 + (site % 300) }),
    ...(own && { own: true as const }),
  } as Connection;
}

/** `count` connections, evenly over the thirty days before `now`, written as the control plane writes them. */
export function fillJournal(journal: Journal, count: number, now: number): void {
  const random = chance(1);
  const span = 30 * 86_400_000;
  for (let number = 0; number < count; number++) {
    journal.connection(bigConnection(number, Math.floor(now - span + (span * number) / count), random));
  }
  journal.flush();
}
