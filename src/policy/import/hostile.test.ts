// Whatever is imported, the answer is rules that hold and sentences: never a crash, and never minutes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importFormats, importReportSchema } from '#model/exchange/reports.ts';
import { mergeRuleFiles } from '../parse/merge.ts';
import { maxRuleFileBytes, parseRuleFile } from '../parse/rulefile.ts';
import { compilePolicy } from '../policy.ts';
import { importRules } from './import.ts';
import { ruleFiles } from './ruletext.ts';

const nothing = { readFolder: () => undefined };

/** What comes out is accepted by the rule files' own reader. */
function holds(format: (typeof importFormats)[number], text: string, name = 'x') {
  const result = importRules(format, { ...nothing, files: [{ name, text }] });
  importReportSchema.parse(result.report);
  const files = ruleFiles(result).map((file) => parseRuleFile(file.text, file.name));
  const merged = mergeRuleFiles(files);
  assert.deepEqual(
    merged.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  assert.equal(merged.records.length, result.report.rules.length);
  const context = { revision: 1, mode: 'ask', accounts: { users: {}, groups: {} } } as const;
  const { problems } = compilePolicy(merged.records, context);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  const said = [
    ...result.report.left.map(({ from, why }) => from + why),
    ...result.report.traps.map(({ text }) => text),
  ];
  for (const sentence of said) assert.doesNotMatch(sentence, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  return result.report;
}

const words = [
  ...[
    'name',
    'enabled',
    'precedence',
    'action',
    'duration',
    'operator',
    'type',
    'operand',
    'data',
    'sensitive',
    'list',
  ],
  ...['simple', 'regexp', 'network', 'lists', 'range', 'allow', 'deny', 'always', 'dest.ip', 'dest.host', 'dest.port'],
  ...[
    'process.path',
    'user.id',
    'protocol',
    '(((',
    'a{1000}{1000}',
    '^(a|b){9}{9}$',
    '[',
    '\\',
    '\0',
    '\u202e',
    '\ud800',
    '{}',
  ],
  ...[
    '1-99999999999999999999',
    '::/999',
    '443',
    '__proto__',
    'constructor',
    'LAN',
    '-j',
    'ACCEPT',
    '*filter',
    ':OUTPUT',
  ],
  ...[
    'rules',
    'process',
    'remote-domains',
    'ports',
    'any',
    'config',
    'endpoints',
    '+ *',
    '- DE',
    'chain',
    'table',
    'hook',
  ],
];
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...words),
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1e308, 443, [], {}),
    fc.string({ unit: 'binary' }),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...words), tie('any'), { maxKeys: 8 }),
  ),
})).any;

for (const format of importFormats) {
  test(`${format}: arbitrary JSON and text give sentences`, () => {
    fc.assert(
      fc.property(value, (json) => void holds(format, JSON.stringify(json))),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words, '\n', ' ', '"', '#'), fc.string({ unit: 'binary' }))),
        (parts) => void holds(format, parts.join(' ')),
      ),
      { numRuns: 400 },
    );
  });

  test(`${format}: deep, long and broken texts give sentences`, () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const nested = '{"list":['.repeat(50_000) + ']}'.repeat(50_000);
    for (const text of [
      deep,
      nested,
      '{'.repeat(100_000),
      'x'.repeat(1_000_000),
      '\n'.repeat(100_000),
      '(('.repeat(50_000),
    ]) {
      const began = performance.now();
      holds(format, text);
      assert.ok(performance.now() - began < 20_000);
    }
  });
}

const hostile = fc.oneof(
  fc.constantFrom(...words, '', '/usr/bin/curl', '10.0.0.0/8', '80-90'),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
);

test('opensnitch: hostile data in every operand and type', () => {
  const operands = [
    ...[
      'true',
      'process.path',
      'process.parent.path',
      'process.command',
      'process.id',
      'process.env.X',
      'process.hash.md5',
      'process.hash.sha1',
    ],
    ...[
      'user.id',
      'user.name',
      'dest.ip',
      'dest.host',
      'dest.port',
      'dest.network',
      'source.ip',
      'source.port',
      'source.network',
      'protocol',
    ],
    ...[
      'iface.in',
      'iface.out',
      'list',
      'lists.domains',
      'lists.domains_regexp',
      'lists.ips',
      'lists.nets',
      'lists.hash.md5',
      'nosuch',
      'toString',
    ],
  ];
  const operator = fc.record({
    type: fc.constantFrom('simple', 'regexp', 'network', 'lists', 'range', 'list'),
    operand: fc.constantFrom(...operands),
    data: hostile,
    sensitive: fc.boolean(),
  });
  const list = fc
    .array(operator, { maxLength: 4 })
    .map((inner) => ({ type: 'list', operand: 'list', data: '', list: inner }));
  const one = fc.record({
    ...{
      name: hostile,
      enabled: fc.boolean(),
      precedence: fc.boolean(),
      action: fc.constantFrom('allow', 'deny', 'reject'),
      description: hostile,
    },
    ...{ duration: fc.constant('always'), operator: fc.oneof(operator, list) },
  });
  fc.assert(
    fc.property(one, hostile, (rule, name) => void holds('opensnitch', JSON.stringify(rule), name)),
    { numRuns: 3000 },
  );
});

test('lsrules, portmaster, iptables: hostile values where values stand', () => {
  const some = fc.oneof(hostile, fc.array(hostile, { maxLength: 3 }), fc.constantFrom<unknown>(null, 7, true, {}));
  const lsrule = fc.record(
    {
      ...{
        process: some,
        action: fc.constantFrom('allow', 'deny', 'ask'),
        direction: fc.constantFrom('incoming', 'outgoing'),
        ports: some,
      },
      ...{
        protocol: some,
        priority: fc.constantFrom('high', 'regular', 'toString'),
        notes: hostile,
        'remote-hosts': some,
      },
      ...{ 'remote-domains': some, 'remote-addresses': some, remote: some },
    },
    { requiredKeys: ['action'] },
  );
  const denied = fc.array(fc.oneof(hostile, fc.constant(7)), { maxLength: 4 });
  const group = fc.record({
    name: hostile,
    rules: fc.array(lsrule, { maxLength: 3 }),
    'denied-remote-hosts': denied,
    'denied-remote-addresses': denied,
  });
  fc.assert(
    fc.property(group, (json) => void holds('lsrules', JSON.stringify(json))),
    { numRuns: 1000 },
  );
  const endpoint = fc
    .tuple(fc.constantFrom('+', '-'), hostile, fc.constantFrom('', 'TCP/443', '*/99999', '6/1-0', 'x/y'))
    .map((parts) => parts.join(' '));
  const profile = fc.record({
    name: hostile,
    fingerprints: fc.array(
      fc.record({
        type: fc.constantFrom('path', 'cmdline'),
        operation: fc.constantFrom('equals', 'prefix', 'regex'),
        value: hostile,
      }),
      { maxLength: 2 },
    ),
    config: fc.record({
      'filter/endpoints': fc.array(endpoint, { maxLength: 4 }),
      'filter/serviceEndpoints': fc.array(endpoint, { maxLength: 2 }),
      'filter/defaultAction': hostile,
    }),
  });
  fc.assert(
    fc.property(profile, (json) => void holds('portmaster', JSON.stringify(json))),
    { numRuns: 1000 },
  );
  const option = fc.tuple(
    fc.constantFrom(
      '-s',
      '! -d',
      '-d',
      '-p',
      '--dport',
      '--sports',
      '-i',
      '-o',
      '--uid-owner',
      '--gid-owner',
      '--path',
      '--icmp-type',
      '--ctstate',
      '--comment',
      '-j',
    ),
    hostile,
  );
  const line = fc.array(option, { maxLength: 5 }).map((options) => `-A OUTPUT ${options.flat().join(' ')}`);
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 4 }),
      (lines) => void holds('iptables', ['*filter', ':OUTPUT DROP [0:0]', ...lines, 'COMMIT'].join('\n')),
    ),
    { numRuns: 1000 },
  );
  const piece = fc
    .tuple(
      fc.constantFrom(
        'ip daddr',
        'tcp dport',
        'meta skuid',
        'oifname',
        'ct state',
        'icmp type',
        'meta nfproto',
        'socket cgroupv2 level 2',
      ),
      hostile,
    )
    .map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
      const chain = `chain o {\n type filter hook output priority 0; policy drop;\n ${pieces.join(' ')} accept\n }`;
      holds('nft', `table inet x {\n ${chain}\n}\n`);
    }),
    { numRuns: 1000 },
  );
});

test('opensnitch: expressions that would take for ever elsewhere do not here', () => {
  const evil = [
    '(a+)+$',
    '(a|aa)*b',
    '((a{1,100}){1,100}){1,100}',
    '(.*)*x',
    `^(${'a|'.repeat(5000)}b)$`,
    '[a-z]{30}',
    '(?:a?){60}a{60}',
    ...[
      '('.repeat(9000) + ')'.repeat(9000),
      'x'.repeat(1_000_000),
      `^(${'12|'.repeat(6000)}3)$`,
      '\\d{5}',
      '[[:alpha:]',
      '.'.repeat(40),
    ],
  ];
  for (const operand of ['process.path', 'dest.host', 'dest.ip', 'dest.port', 'user.id', 'protocol', 'iface.out']) {
    for (const data of evil) {
      const began = performance.now();
      const operator = { type: 'regexp', operand, data };
      holds('opensnitch', JSON.stringify({ name: 'x', enabled: true, action: 'deny', duration: 'always', operator }));
      assert.ok(performance.now() - began < 10_000, `${operand} ${data}`);
    }
  }
});

test('opensnitch: folders of one name become lists of their own, however many', () => {
  const files = Array.from({ length: 20_000 }, (_, at) => ({
    name: `${at}.json`,
    text: JSON.stringify({
      ...{ name: String(at), enabled: true, action: 'deny', duration: 'always' },
      operator: { type: 'lists', operand: 'lists.ips', data: `/${at}/lists/ads${at % 3 === 0 ? '-2' : ''}` },
    }),
  }));
  const { report } = importRules('opensnitch', { ...nothing, files });
  assert.equal(new Set(report.lists.map(({ name }) => name)).size, 20_000);
  for (const { name } of report.lists) assert.match(name, /^[a-z0-9][a-z0-9._-]{0,63}$/);
});

test('opensnitch: 100,000 rules are carried over, in files that can be read', () => {
  const files = Array.from({ length: 100_000 }, (_, at) => ({
    name: `${at}.json`,
    text: JSON.stringify({
      name: at % 2 === 0 ? `rule ${at}` : `rule\u202e${'/'.repeat(at % 7)} ${at}`,
      enabled: true,
      action: 'deny',
      duration: 'always',
      operator: { type: 'simple', operand: 'dest.ip', data: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}` },
    }),
  }));
  const began = performance.now();
  const result = importRules('opensnitch', { ...nothing, files });
  assert.equal(result.report.rules.length, 100_000);
  assert.equal(new Set(result.report.rules.map(({ name }) => name)).size, 100_000);
  const written = ruleFiles(result);
  assert.equal(written.length, 5);
  console.log(`100,000 rules in ${Math.round(performance.now() - began)} ms`);
  for (const { text } of written) assert.ok(text.length < maxRuleFileBytes);
});
