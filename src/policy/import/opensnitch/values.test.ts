// Regular expressions of OpenSnitch: what is made of them matches exactly what they match there, whatever they are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { type Address, formatAddress, parseAddress, prefixHolds } from '#model/net/address.ts';
import { type NamePattern, nameMatches, parseName } from '../../match/name.ts';
import { compilePattern, patternMatches } from '../../match/pattern.ts';
import { holdsNumber } from '../ranges.ts';
import type { Operator } from './operator.ts';
import { patternOf } from './patterns.ts';
import { addresses, hosts, matchesAll, Ports, protocolsOf, protocolTexts, users } from './values.ts';

const regexp = (operand: string, data: string, sensitive: boolean): Operator => ({
  type: 'regexp',
  operand,
  data,
  sensitive,
  list: [],
});

/** As the daemon does it; undefined where it does not load the rule. */
function there(data: string, sensitive: boolean): ((value: string) => boolean) | undefined {
  try {
    const regex = RE2JS.compile(sensitive ? data : data.toLowerCase());
    return (value) => regex.test(sensitive ? value : value.toLowerCase());
  } catch {
    return undefined;
  }
}

const joined = (...pieces: string[]) =>
  fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 6 }).map((some) => some.join(''));

const texts = joined(
  ...[
    'a',
    'B',
    'k',
    'Z',
    '[A-Z]',
    '[a-c]',
    '[^A]',
    '[^a-z]',
    '[0-z]',
    '[9-a]',
    '[!-~]',
    '[@-^]',
    '[A_]',
    '[Z-a]',
    '(a|B)',
    'x?',
    '.*',
    '.',
    '+',
  ],
  ...[
    '\\S',
    '\\D',
    '\\W',
    '\\w',
    '\\B',
    '\\A',
    '\\.',
    '\\x41',
    '\\101',
    '(?i)',
    '(?-i)',
    '(?s)',
    '(?i:a)',
    '^',
    '$',
    ' ',
    '/',
    '[[:upper:]]',
    '\\pL',
    '\\QA\\E',
  ],
);
const values = fc.string({ unit: fc.constantFrom(...'aAbBkKxXzZ09_.-/ @[^`~!:é'), minLength: 1, maxLength: 5 });

test('texts: the pattern of a rule matches what the expression does', () => {
  const seen = { kept: 0, left: 0, hits: 0 };
  fc.assert(
    fc.property(texts, fc.boolean(), fc.array(values, { minLength: 3, maxLength: 8 }), (data, sensitive, tried) => {
      const model = there(data, sensitive);
      const pattern = patternOf(regexp('process.path', data, sensitive));
      if (!pattern.ok) {
        seen.left += 1;
        return;
      }
      assert.ok(model !== undefined, data);
      seen.kept += 1;
      const compiled = compilePattern(pattern.value, 'plain');
      assert.ok(compiled.ok);
      for (const value of tried) {
        const expected = model(value);
        assert.equal(patternMatches(compiled.value, value), expected, `${data} ${JSON.stringify(value)}`);
        if (expected) seen.hits += 1;
      }
    }),
    { numRuns: 20_000, seed: 20261126 },
  );
  assert.ok(seen.kept > 5000 && seen.hits > 5000, JSON.stringify(seen));
});

const hostNames = [
  'example.com',
  'www.example.com',
  'a.example.com',
  'a.b.example.com',
  'notexample.com',
  'wwwxexample.com',
  'example.org',
  'x.org',
  'com.evil.test',
  'example.com.evil.test',
];

test('names: a rule names exactly the hosts that the expression matches', () => {
  const seen = { kept: 0, hits: 0 };
  const sources = joined(
    ...[
      'www',
      '\\.',
      '.',
      'example',
      'com',
      'org',
      '.*',
      '.+',
      '^',
      '$',
      '(a|b)',
      '(.*\\.)?',
      '(^|\\.)',
      '[ab]',
      'x?',
      '(www\\.)?',
      'Example',
      '(com|org)',
      '\\d',
      '{2}',
    ],
  );
  const whole = fc.oneof(
    sources,
    fc
      .tuple(
        fc.constantFrom('^', '(^|\\.)', '^(.*\\.)?', '\\.', '.*\\.', '^.+\\.', '^(www\\.|a\\.)?'),
        fc.constantFrom('example', 'x', '[ax]', '(example|x)'),
        fc.constantFrom('\\.com$', '\\.(com|org)$', '.com$', '\\.com'),
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(whole, fc.boolean(), (data, sensitive) => {
      const operator = regexp('dest.host', data, sensitive);
      const made = hosts(operator);
      const model = there(data, sensitive);
      if (!made.ok || model === undefined) {
        // What is left because it never matches does not.
        if (!made.ok && /never matches/.test(made.error) && model !== undefined)
          for (const name of hostNames) assert.ok(!model(name), `${data} ${name}`);
        return;
      }
      seen.kept += 1;
      const patterns = made.value
        .map((name) => parseName(name))
        .map((parsed) => (parsed as { value: NamePattern }).value);
      for (const name of hostNames) {
        const expected = model(name);
        assert.equal(
          patterns.some((pattern) => nameMatches(pattern, name)),
          expected,
          `${data} ${name} ${made.value.join()}`,
        );
        if (expected) seen.hits += 1;
      }
    }),
    { numRuns: 20_000, seed: 20261126 },
  );
  assert.ok(seen.kept > 2000 && seen.hits > 500, JSON.stringify(seen));
});

const near = [
  '10.0.0.1',
  '10.1.2.3',
  '100.0.0.1',
  '192.168.1.1',
  '192.168.11.1',
  '1.1.1.1',
  '0.0.0.0',
  '::1',
  '10::1',
  '2001:db8::1',
  '192:168::1',
  'fe80::1',
  'fc00::',
];

test('addresses: prefixes hold exactly the addresses that the expression matches', () => {
  const seen = { kept: 0, hits: 0 };
  const sources = joined(
    ...[
      '10',
      '192',
      '168',
      '1',
      '0',
      '\\.',
      '.',
      '^',
      '$',
      '.*',
      ':',
      '::',
      'db8',
      '(10|192)',
      '[01]',
      '\\d',
      '1?',
      '\\d{1,3}',
      '2001',
      'fe80',
    ],
  );
  const whole = fc.oneof(
    sources,
    fc
      .tuple(
        fc.constantFrom('^10\\.', '^192\\.168\\.', '^(10|1)\\.', '^1\\.1\\.1\\.', '^10.0.0.'),
        fc.constantFrom('', '.*', '1', '[01]', '\\d{1,3}$', '1$'),
      )
      .map((parts) => parts.join('')),
  );
  const octet = fc.constantFrom(0, 1, 10, 11, 19, 100, 168, 192, 255);
  const drawn = fc.oneof(
    fc.constantFrom(...near),
    fc.tuple(octet, octet, octet, octet).map((four) => four.join('.')),
  );
  fc.assert(
    fc.property(whole, fc.array(drawn, { minLength: 4, maxLength: 12 }), (data, tried) => {
      const operator = regexp('dest.ip', data, true);
      const made = addresses(operator);
      const model = there(data, true);
      if (!made.ok || model === undefined) return;
      seen.kept += 1;
      for (const text of tried) {
        const address = parseAddress(text) as Address;
        const expected = model(formatAddress(address));
        assert.equal(
          made.value.some((prefix) => prefixHolds(prefix, address)),
          expected,
          `${data} ${text}`,
        );
        if (expected) seen.hits += 1;
      }
    }),
    { numRuns: 6000, seed: 20261126 },
  );
  assert.ok(seen.kept > 1000 && seen.hits > 500, JSON.stringify(seen));
});

test('ports, users and protocols: the sets are those that match, and what matches all matches all', () => {
  const ports = new Ports();
  const sources = joined(
    ...[
      '4',
      '43',
      '80',
      '443',
      '[0-9]',
      '\\d',
      '^',
      '$',
      '(80|443)',
      '.',
      '?',
      '{2}',
      '0',
      '.*',
      '5[1-3]',
      'tcp',
      'udp',
      '6',
      'ICMP',
    ],
  );
  fc.assert(
    fc.property(sources, fc.boolean(), (data, sensitive) => {
      const model = there(data, sensitive);
      if (model === undefined) return;
      const set = ports.of(regexp('dest.port', data, sensitive));
      if (set.ok)
        for (const port of [0, 4, 43, 44, 80, 443, 4430, 8080, 65535])
          assert.equal(holdsNumber(set.value, port), model(String(port)), `${data} ${port}`);
      const ids = users(regexp('user.id', data, sensitive));
      if (ids.ok)
        for (const id of [0, 4, 43, 80, 443, 1000])
          assert.equal(holdsNumber(ids.value, id), model(String(id)), `${data} ${id}`);
      const kept = protocolsOf(regexp('protocol', data, sensitive));
      if (kept.ok) for (const text of protocolTexts) assert.equal(kept.value.has(text), model(text), `${data} ${text}`);
      if (matchesAll(regexp('dest.port', data, sensitive)))
        for (const text of ['', '0', 'x y', '443']) assert.ok(model(text), data);
    }),
    { numRuns: 3000, seed: 20261126 },
  );
});
