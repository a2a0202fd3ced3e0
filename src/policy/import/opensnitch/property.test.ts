// What is imported decides as OpenSnitch does: generated rule sets and connections, against a model that shares no code with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attemptFromJson } from '#model/attempt.ts';
import { type Prefix, parsePrefix, prefixHolds } from '#model/net/address.ts';
import type { Protocol } from '#model/net/protocol.ts';
import type { RuleRecord } from '#model/rule.ts';
import type { Places } from '../../match/places.ts';
import { mergeRuleFiles } from '../../parse/merge.ts';
import { parseRuleFile } from '../../parse/rulefile.ts';
import { compilePolicy } from '../../policy.ts';
import { ruleFiles } from '../ruletext.ts';
import { type Connection, decideThere, type OperatorJson, type RuleJson, type Surroundings } from './model.ts';
import { importOpenSnitch } from './opensnitch.ts';
import { Ports } from './values.ts';

const around: Surroundings = {
  users: { alice: 1000, bob: 1001 },
  aliases: { LAN: ['10.0.0.0/8', '192.168.7.9/16', '::1', 'fc00::/7'], NONE: [] },
  folders: {
    '/lists/domains': ['0.0.0.0 ads.example.com', '0.0.0.0 example.org'],
    '/lists/ips': ['10.0.0.1', '2001:db8::1'],
    '/lists/nets': ['10.0.0.0/8', '198.51.100.0/24'],
  },
};

const paths = ['/usr/bin/curl', '/usr/bin/CURL', '/opt/app/run', '/usr/lib/firefox/firefox', '/tmp/x y'];
const hosts = [
  'example.com',
  'www.example.com',
  'ads.example.com',
  'example.org',
  'a.b.example.com',
  'notexample.com',
  'x.test',
];
const four = ['10.0.0.1', '10.1.2.3', '192.168.1.1', '198.51.100.7', '127.0.0.1', '1.1.1.1'];
const six = ['2001:db8::1', 'fe80::1', '::1', 'fc00::5', '10:0:0:1::1'];
const ports = [0, 22, 53, 80, 443, 4430, 8080, 5551, 5555, 65535];
const args = [['curl', '-v'], ['CURL', '-V'], ['run', 'a b'], ['python3', '/x.py'], ['run']];
const protocols = ['tcp', 'udp', 'udplite', 'sctp', 'icmp'];

const data: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'process.path': {
    simple: [...paths, 'curl'],
    regexp: [
      '^/usr/bin/.*',
      '/tmp/.*',
      '^(/usr/bin/curl|/opt/app/run)$',
      '.*',
      'CURL$',
      '^/opt/\\S+$',
      '[A-Z]+',
      '^/usr/[^/]+/curl$',
      '^/tmp/x\\sy$',
    ],
  },
  'process.parent.path': { simple: paths, regexp: ['^/opt/', '.*', 'Firefox$'] },
  'process.command': {
    simple: args.map((words) => words.join(' ')),
    regexp: ['^curl', '-V$', '.*', '^run \\S', '^python3 /x\\.py$', 'a b'],
  },
  'user.id': {
    simple: ['1000', '0', '01000', 'x'],
    regexp: ['^(0|1000)$', '^100[01]$', '.*', '^10.*'],
    range: ['0-999', '1000 - 1001', '1001-2000'],
  },
  'user.name': { simple: ['alice', 'bob'], regexp: ['^1000$'], range: ['1000-1000'] },
  'dest.ip': {
    simple: [...four, ...six, '2001:DB8::1', '010.0.0.1', 'example.com'],
    regexp: [
      '^10\\..*',
      '^192\\.168\\.1\\.',
      '^(127\\.0\\.0\\.1|::1)$',
      '^10.0.0.1$',
      '.*',
      '^1',
      '^10\\.[01]\\.',
      '^198\\.51\\.100\\.\\d{1,3}$',
      '^10.',
    ],
  },
  'source.ip': { simple: four, regexp: ['^10\\.'] },
  'dest.host': {
    simple: [...hosts, 'EXAMPLE.com', '', '*.example.com', '1.1.1.1', 'localhost'],
    regexp: [
      '^(www\\.)?example\\.com$',
      '.*\\.example\\.com$',
      '^(.*\\.)?example\\.com$',
      '(^|\\.)example\\.(com|org)$',
      'example\\.com',
      '.*',
      '^www.example.com$',
      '\\.Example\\.com$',
      '^[a-z]\\.test$',
      '^.+\\.example\\.com$',
    ],
  },
  'dest.port': {
    simple: ['443', '53', '0', '0443', 'x', '65535'],
    regexp: ['^(53|80|443)$', '^555[12345]$', '443', '.*', '^8', '^[0-9]{2}$', '^\\d+$', '^0?$'],
    range: ['80-90', '0-1023', '1024 - 65535', '400-70000', '0-65535'],
  },
  'source.port': { simple: ['40000'], range: ['1024-65535', '0-80'] },
  'dest.network': {
    network: ['10.0.0.0/8', '192.168.1.77/16', '::/0', 'fc00::/7', '0.0.0.0/0', 'LAN', 'NONE', '198.51.100.7/32'],
  },
  'source.network': { network: ['10.0.0.0/8', 'LAN', '2001:db8::/32'] },
  protocol: {
    simple: ['tcp', 'TCP', 'tcp6', 'udp', 'icmp', 'icmp6', 'gre'],
    regexp: ['^tcp', '^(tcp|udp)6?$', 'udp', '.*', '6$'],
  },
  'iface.out': { simple: ['eth0', 'ETH0', 'wg0'], regexp: ['^eth', 'wg[0-9]'] },
  'lists.domains': { lists: ['/lists/domains'] },
  'lists.ips': { lists: ['/lists/ips'] },
  'lists.nets': { lists: ['/lists/nets'] },
  true: { simple: [''] },
  'process.env.LANG': { simple: ['C'] },
  'process.hash.md5': { simple: ['d41d8cd98f00b204e9800998ecf8427e'] },
  'process.id': { simple: ['4711'] },
};

const comparison: fc.Arbitrary<OperatorJson> = fc
  .constantFrom(...Object.keys(data))
  .chain((operand) => fc.tuple(fc.constant(operand), fc.constantFrom(...Object.keys(data[operand] ?? {}))))
  .chain(([operand, type]) =>
    fc.record({
      operand: fc.constant(operand),
      type: fc.constant(type),
      data: fc.constantFrom(...(data[operand]?.[type] ?? [])),
      sensitive: fc.boolean(),
    }),
  );

const operator: fc.Arbitrary<OperatorJson> = fc.oneof(
  { weight: 3, arbitrary: comparison },
  {
    weight: 4,
    arbitrary: fc
      .array(comparison, { maxLength: 4 })
      .map((list) => ({ type: 'list', operand: 'list', data: '', sensitive: false, list })),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(comparison, { minLength: 1, maxLength: 3 })
      .map((list) => ({ type: 'list', operand: 'list', data: JSON.stringify(list), list: null })),
  },
);

const rule: fc.Arbitrary<RuleJson> = fc.record(
  {
    name: fc
      .tuple(fc.constantFrom('000', '001', 'a', 'B', 'zz', 'ü', '-'), fc.integer({ min: 0, max: 9 }))
      .map(([a, b]) => `${a}-${b}`),
    enabled: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    precedence: fc.boolean(),
    action: fc.constantFrom('allow', 'allow', 'deny', 'reject'),
    duration: fc.constant('always'),
    operator,
  },
  { requiredKeys: ['name', 'action', 'duration', 'operator', 'enabled'] },
);

const connection: fc.Arbitrary<Connection> = fc
  .record({
    family: fc.constantFrom(4, 4, 6),
    transport: fc.constantFrom(...protocols),
    path: fc.constantFrom(...paths),
    args: fc.constantFrom(...args),
    parents: fc.subarray(paths),
    uid: fc.constantFrom(0, 1000, 1001, 65534),
    source: fc.nat(),
    destination: fc.nat(),
    sourcePort: fc.constantFrom(40000, 80, 1024),
    port: fc.constantFrom(...ports.slice(1)),
    host: fc.constantFrom('', ...hosts),
    out: fc.constantFrom('eth0', 'wg0', 'lo'),
  })
  .map(({ family, transport, source, destination, sourcePort, port, ...rest }) => {
    const addresses = family === 4 ? four : six;
    const hasPorts = transport !== 'icmp';
    return {
      ...rest,
      protocol: family === 4 ? transport : `${transport}6`,
      source: addresses[source % addresses.length] as string,
      destination: addresses[destination % addresses.length] as string,
      sourcePort: hasPorts ? sourcePort : 0,
      port: hasPorts ? port : 0,
    };
  });

function attemptOf(made: Connection) {
  const transport = made.protocol.replace(/6$/, '');
  const protocol = (made.protocol === 'icmp6' ? 'icmpv6' : transport) as Protocol;
  return attemptFromJson({
    process: { exe: made.path, args: [...made.args], ancestors: [...made.parents], uid: made.uid, gid: 100 },
    flow: {
      protocol,
      local: { address: made.source, port: made.sourcePort },
      remote: { address: made.destination, port: made.port },
      interface: made.out,
    },
    names: made.host === '' ? [] : [{ name: made.host, from: 'dns' }],
  });
}

/** The lists of the import, with what the folders have. */
function placesOf(lists: readonly { name: string; source: string }[]): Places {
  const lines = lists.map(({ source }) => around.folders[source] ?? []);
  const networks = lines.map((some) =>
    some.map((line) => parsePrefix(line)).filter((prefix): prefix is Prefix => 'address' in prefix),
  );
  return {
    listNumber: (name) => {
      const at = lists.findIndex((list) => list.name === name);
      return at < 0 ? undefined : at;
    },
    listHasName: (list, name) => lines[list]?.includes(`0.0.0.0 ${name}`) ?? false,
    listHasAddress: (list, address) => networks[list]?.some((prefix) => prefixHolds(prefix, address)) ?? false,
    country: () => undefined,
    network: () => undefined,
  };
}

const decided: Readonly<Record<string, string>> = { allow: 'allow', deny: 'drop', reject: 'reject' };

test('10,000 rule sets decide as in OpenSnitch, but for the rules that the report leaves out', {
  timeout: 600_000,
}, () => {
  const seen = { sets: 0, rules: 0, carried: 0, attempts: 0, matched: 0 };
  const aliases = { name: 'network_aliases.json', text: JSON.stringify(around.aliases) };
  const tried = new Ports();
  const readFolder = (folder: string) => [around.folders[folder]?.join('\n') ?? ''];
  fc.assert(
    fc.property(
      fc.uniqueArray(rule, { minLength: 1, maxLength: 8, selector: ({ name }) => name }),
      fc.array(connection, { minLength: 1, maxLength: 6 }),
      (rules, connections) => {
        const files = rules.map((one, at) => ({ name: `${at}.json`, text: JSON.stringify(one) }));
        const result = importOpenSnitch({ files, aliases, readFolder, ports: tried });
        const { report } = result;
        // The way through the files takes most of the time, so that not all go it.
        const texts = seen.sets % 10 === 0 ? ruleFiles(result) : [];
        const merged = mergeRuleFiles(texts.map(({ name, text }) => parseRuleFile(text, name)));
        assert.deepEqual(merged.diagnostics, []);
        if (texts.length > 0)
          assert.deepEqual(
            merged.records.map((record) => record.rule),
            report.rules,
          );
        const records = report.rules.map((one): RuleRecord => ({ rule: one, origin: 'file' }));
        const { policy, problems } = compilePolicy(records, {
          revision: 1,
          mode: 'ask',
          accounts: { users: around.users, groups: {} },
          places: placesOf(report.lists),
        });
        assert.deepEqual(problems, []);
        // Each rule is either carried over or left, never both or neither.
        const left = new Set(report.left.map(({ from }) => from));
        const carried = new Set(report.carried.map(({ from }) => from));
        for (const { name } of files) assert.notEqual(left.has(name), carried.has(name), name);
        const kept = rules.filter((_, at) => !left.has(`${at}.json`));
        seen.sets += 1;
        seen.rules += rules.length;
        seen.carried += kept.length;
        for (const one of connections) {
          const there = decideThere(kept, one, around);
          const here = policy.decide(attemptOf(one), 0);
          assert.equal(here.by === 'mode' ? undefined : here.action, there && decided[there], JSON.stringify(one));
          // What never matches there is left out for that reason alone.
          const dead = rules.filter((_, at) => {
            const why = report.left.find(({ from }) => from === `${at}.json`)?.why ?? '';
            return /never match|can never hold/.test(why);
          });
          for (const never of dead) assert.equal(decideThere([{ ...never, enabled: true }], one, around), undefined);
          seen.attempts += 1;
          if (there !== undefined) seen.matched += 1;
        }
      },
    ),
    { numRuns: Number(process.env.IMPORT_RUNS ?? 10_000), seed: 20261126 },
  );
  console.log(JSON.stringify(seen));
  assert.ok(seen.carried > seen.rules / 2, `${seen.carried} of ${seen.rules} rules were carried over`);
  assert.ok(seen.matched > seen.attempts / 4, `${seen.matched} of ${seen.attempts} connections matched a rule`);
});
