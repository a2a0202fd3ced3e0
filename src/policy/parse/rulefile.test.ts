// Rule files: what is right is read, and what is wrong is refused with file, line and column.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { processorMs } from '#std/processor.testing.ts';
import { formatDiagnostic } from '../diagnostic.ts';
import { mergeRuleFiles } from './merge.ts';
import { maxRuleFileBytes, parseRuleFile } from './rulefile.ts';

/** The diagnostics without the file's name. */
function wrong(text: string): string[] {
  const { records, diagnostics } = parseRuleFile(text, 'f');
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) assert.deepEqual(records, [], 'a broken file has no rules');
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic).replace(/^f:/, ''));
}

const rule = (lines: string) => `rules:\n  - name: a\n    action: allow\n    ${lines}\n`;

test('the example of the design, without names and lists, is read with its place', () => {
  const text = `# ours
rules:
  - name: npm-registry
    action: allow
    app: { script: "**/npm-cli.js" }   # a glob
    ancestor: /usr/bin/code
    user: alice
    to: [10.0.0.0/8, lan, "[2001:db8::1]:443"]
    port: [443, 8000-8999]
    protocol: tcp
    direction: out
    until: 2026-12-31
    log: true
    tests:
      - { app: { script: /usr/bin/npm-cli.js }, to: "10.1.2.3:443", expect: allow }
disabled: [builtin-time]
`;
  const { records, disabled, diagnostics } = parseRuleFile(text, '10.yaml');
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(disabled, ['builtin-time']);
  assert.equal(records.length, 1);
  const [record] = records;
  assert.deepEqual(record?.source, { file: '10.yaml', line: 3, column: 5 });
  assert.equal(record?.origin, 'file');
  assert.equal(record?.expires, Date.parse('2027-01-01T00:00:00Z'), 'to the end of that day');
  assert.deepEqual(record?.rule.port, [443, '8000-8999']);
});

test('an empty file, and one of comments alone, has no rules', () => {
  for (const text of ['', '\n', '# nothing\n', 'rules: []\n', '---\n']) {
    assert.deepEqual(parseRuleFile(text, 'f').diagnostics, [], JSON.stringify(text));
  }
});

const cases: readonly (readonly [title: string, text: string, expected: readonly (string | RegExp)[]])[] = [
  ['unknown key', rule('usr: alice'), ['4:5: error: rule "a": unknown key "usr"; did you mean "user"?']],
  ['unknown key at the top', 'rulez: []\n', ['1:1: error: unknown key "rulez"; did you mean "rules"?']],
  ['a condition at the top', 'user: x\n', ['1:1: error: "user" belongs in a rule, under "rules:"']],
  [
    'unknown key in an app',
    rule('app: { pth: /x }'),
    ['4:12: error: rule "a": unknown key "pth"; did you mean "path"?'],
  ],
  [
    'unknown key in a test',
    rule('tests: [{ too: x, expect: allow }]'),
    ['4:15: error: rule "a": unknown key "too"; did you mean "to"?'],
  ],
  ['no name', 'rules:\n  - action: allow\n', ['2:5: error: the rule has no name']],
  [
    'no action',
    'rules:\n  - name: a\n',
    ['2:5: error: rule "a": the rule has no action; give it one of allow, reject, drop, ask, log'],
  ],
  [
    'wrong action',
    'rules:\n  - name: a\n    action: alow\n',
    ['3:13: error: rule "a": "action" must be one of allow, reject, drop, ask, log, not "alow"; did you mean "allow"?'],
  ],
  [
    'the same name twice',
    `${rule('user: x')}  - { name: a, action: drop }\n`,
    ['5:13: error: a rule of the name "a" stands in line 2 already'],
  ],
  [
    'a name of the built-in rules',
    'rules: [{ name: builtin-x, action: allow }]',
    [/1:17: error: "builtin-x": names that begin with "builtin-"/],
  ],
  [
    'a bad name',
    'rules: [{ name: "a\\tb", action: allow }]',
    [/1:17: error: rule "a\\u\{9\}b": "name" must begin with/],
  ],
  ['an empty line', rule('user:'), ['4:10: error: rule "a": "user" is empty; give it a value, or leave the line out']],
  ['an empty list', rule('to: []'), ['4:9: error: rule "a": "to" is empty; give it a value, or leave the line out']],
  ['an empty text', rule('app: ""'), ['4:10: error: rule "a": "app" is empty; give it a value, or leave the line out']],
  ['an empty app', rule('app: {}'), ['4:10: error: rule "a": "app" needs at least one condition']],
  ['a wrong type', rule('until: 12'), ['4:12: error: rule "a": "until" must be a text, not 12; write it in quotes']],
  [
    'a mapping for a user',
    rule('user: { a: 1 }'),
    [/4:11: error: rule "a": "user" must be a text or a .*number or a list/],
  ],
  ['an item of a list', rule('to: [lan, 1]'), [/4:15: error: rule "a": "to", item 2 must be a text, not 1/]],
  ['rules is no list', 'rules: 5\n', ['1:8: error: "rules" must be a list, not 5']],
  ['a rule is no mapping', 'rules: [x]\n', ['1:9: error: a rule must be a mapping, not "x"']],
  ['the file is no mapping', '- a\n', [/1:1: error: the file must be a mapping/]],
  [
    'bits after a prefix',
    rule('to: [lan, 10.0.0.1/8]'),
    ['4:15: error: rule "a": to: "10.0.0.1/8" has bits set after its prefix; did you mean 10.0.0.0/8?'],
  ],
  [
    'a prefix too long',
    rule('to: 10.0.0.0/33'),
    ['4:9: error: rule "a": to: "10.0.0.0/33": the prefix length must be 0 to 32'],
  ],
  [
    'a bad address',
    rule('from: 10.0.0.256'),
    ['4:11: error: rule "a": from: "10.0.0.256" is not an IP address or prefix'],
  ],
  ['a bad network', rule('network: lan'), ['4:14: error: rule "a": network: "lan" is not an IP address or prefix']],
  [
    'a star within a name',
    rule('to: "cdn*.example.com"'),
    [/a star stands for whole labels at the front alone, as in \*\.example\.com/],
  ],
  ['a name with umlauts', rule('to: bücher.example'), [/write the name in its ASCII form: xn--bcher-kva\.example/]],
  ['a label too long', rule(`to: ${'a'.repeat(64)}.example`), [/is no host name: "a{64}" cannot be a part of one/]],
  ['a list with a wrong name', rule('to: "list:My Ads"'), [/a list's name begins with a letter or digit/]],
  [
    'a country in words',
    rule('to: "country:Germany"'),
    [/is not the code of a country, two letters such as DE; did you mean DE \(Germany\)\?/],
  ],
  ['no network number', rule('to: "as:AS13335"'), [/such as as:13335/]],
  [
    "a name of this machine's end",
    rule('from: example.com'),
    [/can only be the far end, which in direction out is "to"/],
  ],
  ['evidence without a name', rule('name-from: [sni]'), [/all that the rule has under "to" must be names or lists/]],
  [
    'evidence of an address',
    rule('name-from: [sni]\n    to: [example.com, 10.0.0.1]'),
    [/all that the rule has under "to" must be names or lists/],
  ],
  [
    'a word that is no scope',
    rule('to: wan'),
    [/4:9: error: rule "a": to: "wan" is no address, no prefix, no name with a dot and no scope/],
  ],
  ['a port too high', rule('to: "lan:70000"'), ['4:9: error: rule "a": to: "lan:70000": port 70000 is above 65535']],
  [
    'a range the wrong way',
    rule('port: 9-1'),
    ['4:11: error: rule "a": port: the range 9-1 ends before it begins; did you mean 1-9?'],
  ],
  ['port 0', rule('port: 0'), ['4:11: error: rule "a": port: port 0 stands for "no port" and never matches']],
  [
    'a bad regular expression',
    rule('args: "~(a"'),
    ['4:11: error: rule "a": args: "~(a" is not a regular expression: missing closing ): `(a`'],
  ],
  ['look-ahead', rule('label: "~(?=a)"'), [/invalid or unsupported Perl syntax: `\(\?=`/]],
  ['a bad glob', rule('app: [/x, "/a/[b"]'), [/^4:15: error: rule "a": app: path: "\/a\/\[b" has a \[ without its \]/]],
  ['braces', rule('app: "/a/{b"'), ['4:10: error: rule "a": app: path: "/a/{b" has a { without its }']],
  ['too many alternatives', rule(`app: "/${'{a,b}'.repeat(12)}"`), [/stands for more than 256 patterns/]],
  [
    'no absolute path',
    rule('app: curl'),
    [/"curl" is not an absolute path; write \/usr\/bin\/curl, "\*\*\/curl" or \{ package: curl \}/],
  ],
  ['a pid alone', rule('app: { pid: 5 }'), [/a pid alone is never an identity/]],
  ['a bad hash', rule('app: { sha256: 12ab }'), [/4:20: error: rule "a": "app", "sha256" .*(64 hex digits|a text)/]],
  ['a lifetime', rule('lifetime: once'), [/^4:5: error: rule "a": a rule in a file holds always; lifetimes are/]],
  ['a bad date', rule('until: 2026-13-01'), ['4:12: error: rule "a": "until" must be a date such as 2026-12-31']],
  [
    'a test that is a pattern',
    rule('tests: [{ app: "/x/*", expect: allow }]'),
    ['4:13: error: rule "a": test 1: app: "/x/*" is a pattern; an attempt is made by one program'],
  ],
  ['not YAML', 'rules:\n  - a: [1\n', [/^\d:\d+: error: not YAML: /]],
  ['a key twice', rule('user: x\n    user: y'), [/^5:5: error: not YAML: Map keys must be unique/]],
  ['two documents', 'rules: []\n---\nrules: []\n', [/^\d:\d+: error: not YAML: /]],
  ['an unknown tag', rule('user: !!js/function x'), [/^4:\d+: error: not YAML: /]],
  ['binary', 'rules:\n  - \0\n', ['2:5: error: the file is binary (it has a NUL character), not YAML']],
];

for (const [title, text, expected] of cases) {
  test(`refused: ${title}`, () => {
    const found = wrong(text);
    assert.equal(found.length, expected.length, found.join('\n'));
    expected.forEach((message, index) => {
      if (typeof message === 'string') assert.equal(found[index], message);
      else assert.match(found[index] as string, message);
    });
  });
}

test('a file over 10 MB is refused before it is read', () => {
  const expected = ['1:1: error: the file is larger than 10 MB; rules of this size belong into several files'];
  const spent = processorMs(() => {
    assert.deepEqual(wrong(`#${' '.repeat(maxRuleFileBytes)}`), expected);
    assert.deepEqual(wrong(`#${'é'.repeat(maxRuleFileBytes / 2)}`), expected);
  });
  assert.ok(spent < 500, `${spent} ms`);
});

test('aliases that stand for too much are refused', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let at = 1; at < 9; at++) {
    const [name, before] = ['abcdefghi'[at], 'abcdefghi'[at - 1]];
    lines.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`);
  }
  assert.match(wrong(lines.join('\n'))[0] as string, /aliases .* stand for too much/);
});

test('a key that would reach the prototype is only an unknown key', () => {
  assert.match(wrong(rule('__proto__: { user: x }'))[0] as string, /unknown key "__proto__"/);
});

test('whatever is read, there is an answer and never a crash', () => {
  const words = fc.constantFrom(
    'rules:',
    '  - name: ',
    'a',
    'action: ',
    'allow',
    '\n',
    '    ',
    '[',
    ']',
    '{',
    '}',
    '*',
    '&a',
    '"',
    ': ',
    '- ',
    '~',
    '\t',
    '#',
    '|',
    '!!',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words, { size: '+1' }).map((parts) => parts.join('')),
      ),
      (text) => {
        const { diagnostics, records } = parseRuleFile(text, 'f');
        for (const { line, column, message } of diagnostics) assert.ok(line >= 1 && column >= 1 && message.length > 5);
        assert.ok(Array.isArray(records));
      },
    ),
    { numRuns: 500 },
  );
});

test('several files: no name twice, and nothing switched off that does not exist', () => {
  const one = parseRuleFile(rule('user: x'), 'one.yaml');
  const two = parseRuleFile(`${rule('user: y')}disabled: [builtin-tme, a]\n`, 'two.yaml');
  const builtin = { rule: { name: 'builtin-time', action: 'allow' }, origin: 'builtin' } as const;
  const { disabled, diagnostics, records } = mergeRuleFiles([one, two], [builtin]);
  assert.equal(records.length, 3);
  assert.deepEqual([...disabled], ['builtin-tme', 'a']);
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    'two.yaml:2:5: error: a rule of the name "a" stands in one.yaml:2 already',
    'two.yaml:1:1: warning: "disabled" names the rule "builtin-tme", and there is none; did you mean "builtin-time"?',
  ]);
});
