// A small world for the property tests of the flow cache: programs, processes that exec and change, and calls of theirs,
// with facts that follow from identities as in reality. All of it is drawn from numbers, so that it is quick to make.
import fc from 'fast-check';
import type { Attempt, DestinationName } from '#model/attempt.ts';
import type { Direction, Flow } from '#model/flow.ts';
import { type Address, parseAddress } from '#model/net/address.ts';
import { type Protocol, protocolNumbers } from '#model/net/protocol.ts';
import type { FileIdentity, ImageState, Process } from '#model/process.ts';
import type { RuleRecord } from '#model/rule.ts';
import { conditions, ruleRecord, ruleRecords } from '../arbitrary.ts';
import type { Call } from './model.ts';

type Pick = <T>(values: readonly T[]) => T;

/** Choices that follow from a seed (mulberry32). */
function picker(seed: number): Pick {
  let state = seed;
  return <T>(values: readonly T[]) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return values[((t ^ (t >>> 14)) >>> 0) % values.length] as T;
  };
}

interface Program {
  readonly mount: string;
  readonly identity: FileIdentity;
  readonly state: ImageState;
  readonly exe: string | null;
  readonly sha256: string;
  readonly package: string | null;
  /** The number of the moment from which on its hash and package are known. */
  readonly known: number;
}

interface Running {
  readonly pid: number;
  readonly startTime: string;
  execs: number;
  program: Program;
  /** What follows from pid, start time and exec, once it is known. */
  facts: Partial<Process>;
  known: number;
}

const paths = ['/usr/bin/curl', '/usr/bin/node', '/opt/app/run', '/usr/lib/x/y'];
const states: readonly ImageState[] = ['host', 'host', 'host', 'host', 'deleted', 'foreign'];
const soon = [0, 0, 0, 8];

function program(index: number, pick: Pick): Program {
  const state = pick(states);
  return {
    mount: pick(['1', '2']),
    // The same file with another change time, or a file with the same number on another device.
    identity: {
      device: pick(['8', '9']),
      inode: pick(['100', '101']),
      generation: pick(['0', '1']),
      ctime: String(index),
    },
    state,
    exe: state === 'host' ? pick(paths) : null,
    sha256: pick(['a', 'b']).repeat(64),
    package: pick(['curl', 'nodejs', null]),
    known: pick(soon),
  };
}

function factsOfExec({ state }: Program, pick: Pick): Partial<Process> {
  return {
    // Of a file that is not the host's, what is said may differ from process to process.
    ...(state !== 'host' && { package: pick(['curl', 'nodejs']) }),
    script: pick([null, null, ...paths]),
    args: pick([['npm', 'ci'], ['npm', 'test'], []]),
    ancestors: pick([[], ['/usr/bin/curl'], ['', '/opt/app/run'], ['/opt/app/run', '/usr/bin/node']]),
    appimage: null,
    ...(pick([false, false, true]) && { seeded: true }),
  };
}

const cgroups = ['/user.slice/a/b', '/user.slice', '/system.slice/x/y', '/postern.run/one'];

/** What the cgroup of this process tells. */
function factsOfCgroup(process: number, cgroup: string): Partial<Process> {
  const pick = picker(process * 7 + cgroups.indexOf(cgroup));
  return {
    cgroup,
    unit: pick(['nginx.service', 'ssh.service', 'x.scope', null]),
    container: pick(['web', null, null]),
    flatpak: pick(['org.x', null]),
    snap: null,
  };
}

const addresses = [
  '10.0.0.1',
  '10.0.9.9',
  '10.1.0.1',
  '11.0.0.1',
  '127.0.0.1',
  '126.255.255.255',
  '128.0.0.0',
  '198.51.100.7',
  '198.51.100.6',
  '223.255.255.255',
  '224.0.0.1',
  '2001:db8::1',
  '2001:db9::1',
  '2001:db8::2',
  'fe80::1',
  'fec0::1',
  '::1',
  '::2',
].map((text) => parseAddress(text) as Address);
const nearAddresses = addresses.slice(0, 3);

const common: readonly Protocol[] = Array.from({ length: 14 }, () => 'tcp');
const protocols: readonly Protocol[] = [...common, 'udp', 'udp', 'icmp', 'icmp', 'raw', 'packet'];
const out: readonly Direction[] = Array.from({ length: 20 }, () => 'out');
const inward: readonly Direction[] = Array.from({ length: 6 }, () => 'in');
const through: readonly Direction[] = Array.from({ length: 5 }, () => 'forward');
const ways: readonly Direction[] = [...out, ...inward, ...through];

function flow(pick: Pick): Flow {
  const protocol = pick(protocols);
  const numbers: Partial<Record<string, number>> = protocolNumbers;
  const direction = pick(ways);
  const service = pick([443, 443, 80, 53, 450]);
  const other = pick([9999, 53, 443]);
  const hasIcmp = protocol === 'icmp';
  const [near, far] = hasIcmp ? [pick([1, 443]), 0] : direction === 'in' ? [service, other] : [other, service];
  return {
    protocol,
    protocolNumber: numbers[protocol] ?? pick([47, 6]),
    direction,
    local: pick([true, true, true, false]) ? { address: pick(nearAddresses), port: near } : undefined,
    remote: { address: pick(addresses), port: far },
    interface: pick(['eth0', 'lo']),
    icmp: hasIcmp ? { type: pick([8, 133]), code: 0 } : undefined,
  };
}

export type Moment =
  | { readonly type: 'call'; readonly call: Call; readonly now: number }
  /** Another of the policies is in force from here on. */
  | { readonly type: 'swap' };

/** What happens, from a seed for the world and one for each moment. */
function moments([worldSeed, ...seeds]: readonly number[]): Moment[] {
  const pick = picker(worldSeed ?? 0);
  const programs = [0, 1, 2, 3].map((index) => program(index, pick));
  const running = [42, 42, 43].map((pid, index): Running => {
    const file = pick(programs);
    const facts = factsOfExec(file, pick);
    return { pid, startTime: String(7 + index), execs: 0, program: file, facts, known: pick(soon) };
  });
  const list: Moment[] = [];
  let now = pick([0, 450, 1400]);
  seeds.forEach((seed, step) => {
    const choose = picker(seed);
    now += choose([0, 0, 0, 0, 0, 0, 0, 60]);
    const what = choose([...Array<'call'>(96).fill('call'), 'exec', 'exec', 'swap'] as const);
    const index = choose([0, 1, 2]);
    const process = running[index] as Running;
    if (what === 'swap') list.push({ type: 'swap' });
    else if (what === 'exec') {
      process.execs++;
      process.program = choose(programs);
      process.facts = factsOfExec(process.program, choose);
      process.known = step + choose(soon);
    } else list.push({ type: 'call', call: callOf(process, index, step, choose), now });
  });
  return list;
}

const whose = [...Array<'process'>(38).fill('process'), 'nobody', 'kernel'] as const;

/** Mostly the same, so that entries that rest on names are met again. */
const nameSets: readonly DestinationName[][] = [
  [],
  [],
  [{ name: 'a.example', from: 'dns' }],
  [{ name: 'a.example', from: 'dns' }],
  [{ name: 'x.test', from: 'sni' }],
  [
    { name: 'b.a.example', from: 'dns' },
    { name: 'else.where', from: 'sni' },
  ],
];

function callOf(running: Running, index: number, step: number, pick: Pick): Call {
  const who = pick(whose);
  const attempt: Attempt = { flow: flow(pick), names: pick(nameSets) };
  if (who === 'nobody') return { attempt, executable: undefined, process: undefined };
  if (who === 'kernel')
    return { attempt: { ...attempt, process: { kernel: true } }, executable: undefined, process: undefined };
  const { pid, startTime, program: file } = running;
  const { device, inode, generation, ctime } = file.identity;
  const process: Process = {
    pid,
    startTime,
    exe: file.exe,
    image: { path: file.exe ?? '/x', identity: file.identity, state: file.state },
    ...(step >= file.known && { sha256: file.sha256, ...(file.state === 'host' && { package: file.package }) }),
    ...(step >= running.known && running.facts),
    // Known at once, as the kernel says it.
    seeded: running.facts.seeded,
    ...factsOfCgroup(index, pick(cgroups)),
    uid: pick([1000, 1001, 0]),
    gid: pick([100, 7]),
    groups: pick([[27], [7, 27]]),
    label: pick(['unconfined', null]),
  };
  return {
    attempt: { ...attempt, process },
    executable: [file.mount, device, inode, generation, ctime].join(':'),
    process: [pid, startTime, running.execs].join(':'),
  };
}

/** What is forwarded, by where it comes from. */
const forwarding = fc
  .tuple(conditions(['to', 'port', 'protocol', 'user']), fc.constantFrom('10.0.0.0/16', '10.0.0.1', 'lan'))
  .map(([words, from]) => ({ ...words, direction: 'forward', from }));

/** Mostly conditions that an entry of the cache can compare. */
const words = fc.oneof(
  { weight: 8, arbitrary: conditions(['app', 'user', 'to', 'port', 'protocol'], 1) },
  { weight: 8, arbitrary: conditions(['app', 'group', 'cgroup', 'to', 'direction', 'ancestor', 'args'], 1) },
  { weight: 1, arbitrary: conditions(['icmp-type', 'protocol', 'user'], 1) },
  { weight: 1, arbitrary: conditions() },
  { weight: 5, arbitrary: conditions(['far', 'app', 'user'], 1) },
  { weight: 3, arbitrary: conditions(['profile', 'known-network', 'to', 'app'], 1) },
  { weight: 3, arbitrary: forwarding },
);

export const cachedRules: fc.Arbitrary<RuleRecord[]> = ruleRecords(ruleRecord(words), 6, 2);

/** A history of this many moments. */
export function history(length: number): fc.Arbitrary<Moment[]> {
  return fc.array(fc.integer(), { minLength: length + 1, maxLength: length + 1 }).map(moments);
}
