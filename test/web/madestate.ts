// Made-up rules, changes, status and lists for the fake server of the pages, in the shapes of the API.

import type { RuleView, Status, VersionView } from '#model/api.ts';
import type { ListView } from '#model/net/list.ts';
import { countersSchema } from '#model/status.ts';
import { madeRefused, madeRemote } from './madeaccess.ts';

const rule = (view: Partial<RuleView> & Pick<RuleView, 'name' | 'action' | 'text'>): RuleView => ({
  ...{
    origin: 'local',
    priority: 0,
    enabled: true,
    hits: 0,
    lastHit: null,
    expires: null,
    lifetime: null,
    shadowedBy: [],
  },
  source: { file: '/etc/postern/rules.d/50-local.yaml', line: 3, column: 5 },
  ...{ rule: { name: view.name, action: view.action }, ...view },
});

export const madeRules = (now: number): RuleView[] => [
  rule({
    name: 'no trackers',
    action: 'reject',
    priority: 10,
    hits: 1402,
    lastHit: now - 4000,
    text: 'reject any program to list:trackers',
    rule: { name: 'no trackers', action: 'reject', to: 'list:trackers' },
  }),
  rule({
    name: 'no country',
    action: 'drop',
    priority: 10,
    hits: 31,
    lastHit: now - 240_000,
    text: 'drop any program to country:RU',
    rule: { name: 'no country', action: 'drop', to: 'country:RU' },
    origin: 'file',
    source: { file: '/etc/postern/rules.d/10-site.yaml', line: 12, column: 5 },
  }),
  rule({
    name: 'npm registry',
    action: 'allow',
    hits: 310,
    lastHit: now - 2000,
    text: 'allow script **/npm-cli.js with ancestor /usr/bin/bash of user alice to registry.npmjs.org on port 443/tcp',
    origin: 'file',
    source: { file: '/etc/postern/rules.d/10-site.yaml', line: 3, column: 5 },
    rule: {
      name: 'npm registry',
      action: 'allow',
      app: { script: '**/npm-cli.js' },
      to: 'registry.npmjs.org',
      note: 'Builds need it.',
    },
  }),
  rule({
    name: 'browsers',
    action: 'allow',
    hits: 20_511,
    lastHit: now - 900,
    text: 'allow /usr/lib/firefox/firefox to any on port 80 or 443',
    rule: { name: 'browsers', action: 'allow', app: '/usr/lib/firefox/firefox', port: [80, 443] },
  }),
  rule({
    name: 'allow curl to get.example.net 443/tcp for alice @mb0-17',
    action: 'allow',
    origin: 'answer',
    lifetime: '15m',
    expires: now + 600_000,
    source: null,
    hits: 2,
    lastHit: now - 60_000,
    text: 'allow /usr/bin/curl of user 1000 to get.example.net on port 443/tcp',
  }),
  rule({
    name: 'nginx stays home',
    action: 'reject',
    hits: 12,
    lastHit: now - 3_600_000,
    text: 'reject unit nginx.service to any',
    origin: 'file',
    source: { file: '/etc/postern/rules.d/20-servers.yaml', line: 3, column: 5 },
  }),
  rule({
    name: 'old printer',
    action: 'allow',
    enabled: false,
    text: 'allow any program to 192.168.1.40 on port 631/tcp (switched off)',
    shadowedBy: ['lan'],
  }),
  rule({
    name: 'builtin: resolvers',
    action: 'allow',
    origin: 'builtin',
    priority: -10,
    source: null,
    hits: 5031,
    lastHit: now - 500,
    text: 'allow any program to 2001:db8::53 on port 53',
  }),
  rule({
    name: 'builtin: time',
    action: 'allow',
    origin: 'builtin',
    priority: -10,
    source: null,
    hits: 88,
    lastHit: now - 100_000,
    text: 'allow unit systemd-timesyncd.service to any on port 123/udp',
  }),
];

export const madeVersions = (now: number): VersionView[] => [
  {
    id: 41,
    time: now - 60_000,
    user: 'alice',
    what: 'answered a question with rule "allow curl to get.example.net 443/tcp for alice @mb0-17"',
  },
  { id: 40, time: now - 7_200_000, user: 'root', what: 'switched rule "old printer" off' },
  { id: 39, time: now - 86_400_000, user: 'root', what: 'added rule "no trackers"' },
];

export function madeStatus(now: number, sequence: number, prompts: number): Status {
  const counters = Object.fromEntries(Object.keys(countersSchema.shape).map((key) => [key, 0])) as NonNullable<
    Status['gate']
  >['counters'];
  return {
    ...{
      version: '0.1.0',
      mode: 'ask',
      pausedUntil: null,
      revertsAt: null,
      revertsTo: null,
      failMode: 'known',
      revision: 12,
      selfTest: {
        ...{ time: now - 7_200_000, result: 'held', refusedMs: 0.4 },
        text: 'A connection that a rule refuses failed (EPERM), and one that a rule allows was made.',
      },
      pages: {
        url: 'http://127.0.0.1:7878/',
        problem: null,
        remote: madeRemote(now),
        refused: madeRefused(now),
      },
    },
    problems: [
      {
        file: '/etc/postern/rules.d/20-servers.yaml',
        line: 9,
        column: 7,
        severity: 'warning',
        message: 'rule "old printer" can never decide: rule "lan" comes before it',
      },
    ],
    refusal: null,
    gate: {
      ...{
        pid: 733,
        started: now - 5 * 3_600_000,
        mode: 'ask',
        failMode: 'known',
        revision: 12,
        rules: 9,
        kernelRules: 3,
        queue: 'native',
      },
      kernelPath: { tier: 'btf', reason: 'every program loaded' },
      resolved: { heard: false, reason: 'systemd-resolved is not running' },
      ...{ held: prompts * 3, prompts, processes: 212 },
      counters: {
        ...counters,
        ...{
          packets: 48_211,
          accepted: 46_020,
          rejected: 2_101,
          dropped: 90,
          prompts: 71,
          answered: 60,
          expired: 9,
          dnsQuestions: 9102,
          dnsAnswers: 9002,
        },
        ...{ flowsAllowed: 388_120, flowsRefused: 1_902, unattributed: 3, silent: 2, namesSaid: 30_211, replies: 8811 },
      },
    },
    encryptedDns: {
      connections: 14,
      apps: [
        { app: 'firefox', user: 'alice', by: ['https'], to: ['dns.example.net'], connections: 14, last: now - 30_000 },
      ],
    },
    journal: { file: '/var/lib/postern/journal.sqlite', bytes: 48_000_000, lost: 0, sequence },
    rulesDir: '/etc/postern/rules.d',
    places: { countries: 'tor-geoipdb of 2026-11-01', networks: 'libloc-database of 2026-11-03' },
  };
}

export const madeLists = (now: number): ListView[] => [
  {
    ...{
      name: 'trackers',
      source: 'https://lists.example.org/trackers.txt',
      origin: 'added',
      enabled: true,
      format: 'hosts',
      names: 148_211,
      addresses: 0,
    },
    ...{
      skipped: 3,
      examples: [{ line: 77, text: '||bad^$removeparam', why: 'options are not understood' }],
      off: ['stats.example.com'],
    },
    ...{
      overlaps: [{ list: 'encrypted-dns', names: 4 }],
      checked: now - 3_600_000,
      updated: now - 86_400_000,
      failure: null,
      rules: ['no trackers'],
      hits: 1402,
    },
  },
  {
    ...{
      name: 'encrypted-dns',
      source: 'data/lists/encrypted-dns.txt',
      origin: 'builtin',
      enabled: false,
      format: 'names',
      names: 412,
      addresses: 97,
    },
    ...{
      skipped: 0,
      examples: [],
      off: [],
      overlaps: [],
      checked: now - 600_000,
      updated: now - 600_000,
      failure: null,
      rules: [],
      hits: 0,
    },
  },
  {
    ...{
      name: 'malware',
      source: 'https://lists.example.org/malware.txt',
      origin: 'added',
      enabled: true,
      format: null,
      names: 0,
      addresses: 0,
    },
    ...{
      skipped: 0,
      examples: [],
      off: [],
      overlaps: [],
      checked: null,
      updated: null,
      failure: 'lists.example.org did not answer within 30 s',
      rules: [],
      hits: 0,
    },
  },
];
