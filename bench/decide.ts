// How long one decision takes, with 10 to 10,000 rules side by side: `node bench/decide.ts`. DESIGN section 8 asks for a
// ratio of at most 2 between 10,000 and 10, and for at most 5 µs.

import type { Attempt } from '#model/attempt.ts';
import { ipv4 } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { builtinRules, compilePolicy, type Policy } from '#policy/index.ts';

const sizes = [10, 100, 1_000, 10_000];
const rounds = Number(process.argv[2] ?? 15);
const attemptsPerRound = 60_000;
const now = Date.UTC(2026, 10, 24);

/** A small repeatable generator of random numbers (mulberry32), so that every run measures the same rules. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const octets = (word: number) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');

/** What a large installation has: most rules are about a program, some about scripts, units and users, some are lists of networks. */
function makeRule(index: number, pick: (below: number) => number): RuleText {
  const name = `rule-${index}`;
  const port = [22, 25, 53, 80, 123, 443, 993, 5432, 8080][pick(9)] as number;
  const prefix = () => {
    const length = 12 + pick(17);
    return `${octets((((1 + pick(220)) << 24) | pick(1 << 24)) & (0xffffffff << (32 - length)))}/${length}`;
  };
  const kind = pick(100);
  if (kind < 45) return { name, action: 'allow', app: `/usr/bin/program-${pick(4000)}`, port, protocol: 'tcp' };
  if (kind < 58) return { name, action: 'reject', app: `/usr/bin/program-${pick(4000)}`, to: [prefix(), 'lan'] };
  if (kind < 66) return { name, action: 'allow', app: { script: `/srv/app-${pick(2000)}/main.py` }, to: prefix() };
  if (kind < 74) return { name, action: 'allow', app: { unit: `service-${pick(1500)}.service` }, to: 'internet', port };
  if (kind < 90) return { name, action: 'reject', to: prefix() };
  if (kind < 95) return { name, action: 'allow', user: 1000 + pick(500), to: `${octets(pick(2 ** 31))}`, port };
  if (kind < 98) return { name, action: 'allow', app: `/opt/vendor-${index}/**`, port: [80, 443] };
  return { name, action: 'reject', user: 2000 + pick(500), protocol: 'udp' };
}

function makeRules(size: number): RuleText[] {
  const pick = random(size);
  return Array.from({ length: size }, (_, index) => makeRule(index, pick));
}

function makePolicy(size: number): Policy {
  const pick = random(size);
  const rules = Array.from(
    { length: size },
    (_, index): RuleRecord => ({ rule: makeRule(index, pick), origin: 'file' }),
  );
  const builtin = builtinRules({ resolvers: [ipv4(0xc0000235)] });
  const accounts = { users: {}, groups: {} };
  return compilePolicy([...builtin, ...rules], { revision: 1, mode: 'lockdown', accounts }).policy;
}

/** A program that a rule speaks of, or one that none does. */
function makeProcess(rule: RuleText | undefined, index: number, pick: (below: number) => number): Process {
  const app = typeof rule?.app === 'object' && !Array.isArray(rule.app) ? rule.app : {};
  const path = typeof rule?.app === 'string' ? rule.app.replace('**', 'bin/tool') : `/usr/bin/other-${pick(5000)}`;
  return {
    pid: 1000 + index,
    startTime: String(index),
    exe: app.script === undefined ? path : '/usr/bin/python3.13',
    script: app.script ?? null,
    args: ['program', '--verbose'],
    uid: typeof rule?.user === 'number' ? rule.user : 5000 + pick(700),
    gid: 1000,
    groups: [27, 100],
    cgroup: `/user.slice/user-1000.slice/session-${pick(30)}.scope`,
    unit: app.unit ?? null,
    package: null,
    container: null,
    flatpak: null,
    snap: null,
    appimage: null,
    ancestors: ['/usr/bin/bash', '/usr/sbin/sshd', '/usr/lib/systemd/systemd'],
    label: null,
  };
}

/** Half of the attempts are what some rule speaks of, mostly with its port; the others fall through to the mode, or to a list of networks. */
function makeAttempts(size: number): Attempt[] {
  const pick = random(7);
  const rules = makeRules(size);
  const chosen = Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? rules[pick(size)] : undefined));
  const processes = chosen.map((rule, index) => makeProcess(rule, index, pick));
  return Array.from({ length: 2048 }, (_, index): Attempt => {
    const at = pick(processes.length);
    const rule = chosen[at];
    const protocol = index % 6 === 0 ? 'udp' : 'tcp';
    const port = typeof rule?.port === 'number' && index % 8 !== 0 ? rule.port : [53, 80, 443, 443, 3478][pick(5)];
    return {
      process: processes[at],
      flow: {
        protocol,
        protocolNumber: protocol === 'udp' ? 17 : 6,
        direction: index % 11 === 0 ? 'in' : 'out',
        local: { address: ipv4(0xc0000202), port: 40000 + pick(9999) },
        remote: { address: ipv4(((1 + pick(220)) << 24) | pick(1 << 24)), port: port ?? 443 },
        interface: 'eth0',
      },
      names: [],
    };
  });
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor((sorted.length - 1) * q)] as number;

const policies = sizes.map((size) => {
  const began = performance.now();
  const policy = makePolicy(size);
  const compileMs = performance.now() - began;
  return { size, policy, attempts: makeAttempts(size), compileMs, ns: [] as number[] };
});

let sink = 0;
for (let round = -3; round < rounds; round++) {
  for (const { policy, attempts, ns } of policies) {
    const began = performance.now();
    for (let at = 0; at < attemptsPerRound; at++) {
      if (policy.decide(attempts[at % attempts.length] as Attempt, now).rule === null) sink++;
    }
    // The first rounds only warm up.
    if (round >= 0) ns.push(((performance.now() - began) * 1e6) / attemptsPerRound);
  }
}

console.log('rules    ns a decision (median, best, worst of rounds)   by a rule   compiled in');
for (const { size, policy, attempts, compileMs, ns } of policies) {
  const sorted = ns.sort((a, b) => a - b);
  const decided = attempts.filter((attempt) => policy.decide(attempt, now).by === 'rule').length / attempts.length;
  const figures = [0.5, 0, 1].map((q) => quantile(sorted, q).toFixed(0).padStart(8)).join('');
  const share = `${(decided * 100).toFixed(0)} %`.padStart(9);
  console.log(
    `${String(size).padStart(6)} ${figures} ${' '.repeat(21)}${share} ${compileMs.toFixed(0).padStart(10)} ms`,
  );
}
for (const { size, policy, attempts } of policies) {
  const began = performance.now();
  for (let at = 0; at < attemptsPerRound; at++) policy.decideConsulting(attempts[at % attempts.length] as Attempt, now);
  const ns = ((performance.now() - began) * 1e6) / attemptsPerRound;
  console.log(`${String(size).padStart(6)} ${ns.toFixed(0).padStart(8)} with what was consulted`);
}
const median = (index: number) => quantile(policies[index]?.ns ?? [], 0.5);
const ratio = median(sizes.length - 1) / median(0);
console.log(
  `ratio 10,000 / 10: ${ratio.toFixed(2)} (budget 2); 10,000 rules: ${(median(sizes.length - 1) / 1000).toFixed(2)} µs (budget 5)`,
);
process.exitCode = ratio <= 2 && median(sizes.length - 1) <= 5000 && sink >= 0 ? 0 : 1;
