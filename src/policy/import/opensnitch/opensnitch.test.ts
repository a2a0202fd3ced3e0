// OpenSnitch's rules as its documentation and its sources have them, one by one: what each becomes, and what is said of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOpenSnitch } from './opensnitch.ts';

type Json = Record<string, unknown>;

const made = (rule: Json): Json => ({ name: 'r', enabled: true, action: 'allow', duration: 'always', ...rule });

function imported(rules: readonly (Json | string)[], more: { aliases?: Json; folders?: Record<string, string> } = {}) {
  const files = rules.map((rule, at) => ({
    name: `${at}.json`,
    text: typeof rule === 'string' ? rule : JSON.stringify(rule),
  }));
  const aliases = more.aliases && { name: 'network_aliases.json', text: JSON.stringify(more.aliases) };
  const readFolder = (folder: string) => {
    const text = more.folders?.[folder];
    return text === undefined ? undefined : [text];
  };
  return importOpenSnitch({ files, aliases, readFolder }).report;
}

function one(operator: Json, more: Parameters<typeof imported>[1] = {}) {
  const { rules, left, traps } = imported([made({ operator })], more);
  return {
    rules: rules.map(({ name: _, action: __, priority: ___, ...rest }) => rest),
    why: left[0]?.why,
    traps: traps.map(({ text }) => text),
  };
}

const simple = (operand: string, data: string, sensitive = true) => ({ type: 'simple', operand, data, sensitive });
const regexp = (operand: string, data: string, sensitive = false) => ({ type: 'regexp', operand, data, sensitive });
const list = (...items: Json[]) => ({ type: 'list', operand: 'list', data: '', list: items });

test('each operand becomes the condition that asks for the same', () => {
  const cases: [Json, Json][] = [
    [simple('true', ''), {}],
    [simple('process.path', '/usr/bin/curl'), { app: '/usr/bin/curl' }],
    [simple('process.path', '/opt/a[b]'), { app: '/opt/a\\[b\\]' }],
    [simple('process.path', '/usr/bin/curl', false), { app: '~(?i)^/usr/bin/curl$' }],
    [regexp('process.path', '/tmp/.*'), { app: '~(?i)/tmp/.*' }],
    [simple('process.parent.path', '/usr/bin/code'), { ancestor: '/usr/bin/code' }],
    [simple('process.command', 'curl -v'), { args: 'curl -v' }],
    [simple('user.id', '1000'), { user: 1000 }],
    [regexp('user.id', '^(0|115|118)$'), { user: [0, 115, 118] }],
    [{ type: 'range', operand: 'user.id', data: '1000-1002' }, { user: [1000, 1001, 1002] }],
    [simple('user.name', 'alice'), { user: 'alice' }],
    [simple('dest.ip', '1.1.1.1'), { to: '1.1.1.1' }],
    [regexp('dest.ip', '^(127\\.0\\.0\\.1|::1)$'), { to: ['127.0.0.1', '::1'] }],
    [regexp('dest.ip', '^10\\..*'), { to: '10.0.0.0/8' }],
    [simple('dest.host', 'github.com'), { to: 'github.com' }],
    [regexp('dest.host', '^.*\\.github\\.com$'), { to: '*.github.com' }],
    [regexp('dest.host', '^(.*\\.)?github\\.com$'), { to: '.github.com' }],
    [simple('dest.port', '443'), { port: 443 }],
    [regexp('dest.port', '^(53|80|443)$'), { port: [53, 80, 443] }],
    [regexp('dest.port', '^555[12345]$'), { port: '5551-5555' }],
    [{ type: 'range', operand: 'dest.port', data: '8000 - 8999' }, { port: '8000-8999' }],
    [{ type: 'network', operand: 'dest.network', data: '192.168.1.7/24' }, { to: '192.168.1.0/24' }],
    [{ type: 'network', operand: 'source.network', data: '10.0.0.0/8' }, { from: '10.0.0.0/8' }],
    [simple('source.ip', '192.168.1.7'), { from: '192.168.1.7' }],
    [simple('source.port', '68'), { from: 'any:68' }],
    [simple('protocol', 'icmp'), { protocol: 'icmp' }],
    [simple('protocol', 'tcp6'), { to: '::/0', protocol: 'tcp' }],
    [regexp('protocol', '^(tcp|udp)6?$'), { protocol: ['tcp', 'udp'] }],
    [simple('iface.out', 'wg0'), { interface: 'wg0' }],
  ];
  for (const [operator, conditions] of cases) {
    const { rules, why } = one(operator);
    assert.deepEqual(rules, [conditions], `${JSON.stringify(operator)} ${why}`);
  }
});

test('a list asks for all of it at once, also in the form that stands in data', () => {
  const items = [simple('dest.ip', '1.1.0.1'), simple('dest.port', '23'), simple('user.id', '1000')];
  const expected = { to: '1.1.0.1', port: 23, user: 1000 };
  assert.deepEqual(one(list(...items)).rules, [expected]);
  const old = one({ type: 'list', operand: 'list', data: JSON.stringify(items) });
  assert.deepEqual(old.rules, [expected]);
  assert.match(old.traps[0] ?? '', /stands in "data"/);
  const both = [simple('protocol', 'tcp'), simple('dest.host', 'a.example')];
  assert.deepEqual(one(list(...both)).rules, [{ to: 'a.example', protocol: 'tcp', network: '0.0.0.0/0' }]);
  // Port 0 is what ICMP has there.
  assert.deepEqual(one(list({ type: 'range', operand: 'dest.port', data: '0-1023' })).rules, [
    { port: '1-1023' },
    { protocol: ['icmp', 'icmpv6'] },
  ]);
});

test('what cannot be carried over is said with its reason, and no rule is made of it', () => {
  const cases: [Json | string, RegExp][] = [
    [simple('process.id', '4711'), /a pid alone is never an identity/],
    [simple('process.env.LANG', 'C'), /process\.env\.LANG: rules do not ask for a program's environment/],
    [simple('process.hash.md5', 'aa'), /SHA-256 alone.*a hash that it does not know for a match/],
    [simple('process.hash.sha1', 'aa'), /SHA-256 alone.*a hash that it does not know for a match/],
    [{ type: 'lists', operand: 'lists.hash.md5', data: '/x' }, /SHA-256 alone/],
    [simple('iface.in', 'eth0'), /direction: in/],
    [simple('dest.hots', 'x'), /knows no operand "dest\.hots"/],
    [{ type: 'complex', operand: 'dest.ip', data: 'x' }, /no operator type "complex"/],
    [{ type: 'network', operand: 'dest.ip', data: '10.0.0.0/8' }, /no such comparison/],
    [{ type: 'network', operand: 'dest.network', data: 'LAN' }, /--aliases/],
    [regexp('process.path', '('), /no regular expression/],
    [regexp('process.path', '\\pL'), /lower-cases|no regular expression/],
    [regexp('dest.host', 'github.com'), /cannot say which names/],
    [regexp('dest.host', '.*\\.github.com'), /cannot say which names/],
    [simple('dest.host', '*.github.com'), /never matches/],
    [simple('dest.host', ''), /has no name/],
    [simple('dest.host', '1.1.1.1'), /never matches/],
    [simple('dest.ip', '010.0.0.1'), /never matches/],
    [list(list()), /list within a list/],
    [list(simple('dest.host', 'a.example'), simple('dest.ip', '1.1.1.1')), /name or list and for an address at once/],
    [list(simple('process.path', '/a'), simple('process.path', '/b')), /once, and this asks for two/],
    [list(simple('protocol', 'tcp'), simple('protocol', 'udp')), /can never hold together/],
    [list(simple('process.path', '/a\0')), /NUL/],
  ];
  for (const [operator, reason] of cases) {
    const { rules, why } = one(operator as Json);
    assert.deepEqual(rules, [], JSON.stringify(operator));
    assert.match(why ?? '', reason, JSON.stringify(operator));
  }
});

test('traps are told: what is missing, empty, lower-cased, of IPv4 alone, refused for everybody', () => {
  const operator = simple('dest.port', '443');
  const { enabled: _, ...withoutEnabled } = made({ operator });
  const missing = imported([withoutEnabled]);
  assert.equal(missing.rules[0]?.enabled, false);
  assert.match(missing.traps[0]?.text ?? '', /no "enabled"/);
  assert.match(one(list()).traps[0] ?? '', /list is empty, which in OpenSnitch matches every connection/);
  assert.deepEqual(one(list()).rules, [{}]);
  assert.match(one(regexp('process.path', '^/opt/\\S+$')).traps[0] ?? '', /\\S became \\s/);
  assert.deepEqual(one(regexp('process.path', '^/opt/\\S+$')).rules, [{ app: '~(?i)^/opt/\\s+$' }]);
  assert.match(one(simple('protocol', 'tcp')).traps[0] ?? '', /IPv4 alone/);
  const all = imported([made({ action: 'deny', operator: simple('true', '') })]);
  assert.match(all.traps[0]?.text ?? '', /built-in rules/);
  assert.match(imported([made({ duration: '', operator })]).traps[0]?.text ?? '', /for ever/);
  assert.match(
    imported([made({ duration: 'until restart', operator })]).left[0]?.why ?? '',
    /it lasts "until restart"/,
  );
});

test('files that OpenSnitch would not load are said, and of two with one name it keeps the last', () => {
  const operator = simple('dest.port', '443');
  const files = [
    '',
    '[]',
    'null',
    '{"name":7}',
    made({ operator, action: 'permit' }),
    made({}),
    made({ operator, enabled: 'yes' }),
  ];
  assert.deepEqual(
    imported(files).left.map(({ from }) => from),
    files.map((_, at) => `${at}.json`),
  );
  const twice = imported([made({ operator }), made({ operator: simple('dest.port', '80') })]);
  assert.deepEqual(
    twice.rules.map(({ port }) => port),
    [80],
  );
  assert.match(twice.left[0]?.why ?? '', /1\.json has the same name/);
  // Go reads keys in any case.
  assert.equal(
    imported([{ Name: 'x', ENABLED: true, Action: 'allow', duration: 'always', Operator: operator }]).rules.length,
    1,
  );
});

test('order and precedence are kept by priorities, and refusals decide at once', () => {
  const rule = (name: string, action: string, precedence = false) =>
    made({ name, action, precedence, operator: simple('dest.port', '443') });
  const names = ['000-allow', '001-allow', '002-deny', '003-reject', '004-reject', '005-allow'];
  const { rules } = imported([
    ...[rule(names[0] ?? '', 'allow', true), rule(names[1] ?? '', 'allow'), rule(names[2] ?? '', 'deny')],
    ...[rule(names[3] ?? '', 'reject'), rule(names[4] ?? '', 'reject'), rule(names[5] ?? '', 'allow', true)],
  ]);
  assert.deepEqual(
    rules.map(({ name, action, priority }) => [name, action, priority]),
    [
      ['000-allow', 'allow', 4],
      ['001-allow', 'allow', 0],
      ['002-deny', 'drop', 3],
      ['003-reject', 'reject', 2],
      ['004-reject', 'reject', 2],
      ['005-allow', 'allow', 1],
    ],
  );
});

test('when priorities run out, what comes last is left, above the built-in rules', () => {
  const rules = Array.from({ length: 1100 }, (_, at) =>
    made({
      name: String(at).padStart(5, '0'),
      action: at % 2 ? 'deny' : 'reject',
      operator: simple('dest.port', '443'),
    }),
  );
  const report = imported(rules);
  const priorities = report.rules.map(({ priority }) => priority ?? 0);
  assert.equal(report.rules.length + report.left.length, 1100);
  assert.equal(Math.min(...priorities), -8);
  assert.equal(Math.max(...priorities), 1000);
  assert.match(report.left[0]?.why ?? '', /no more priorities/);
});

test('aliases and list folders come along, and what differs in them is counted', () => {
  const aliases = { LAN: ['10.0.0.0/8', '::1', 'fc00::/7'] };
  const lan = imported([made({ operator: { type: 'network', operand: 'dest.network', data: 'LAN' } })], { aliases });
  assert.deepEqual(lan.rules[0]?.to, ['10.0.0.0/8', 'fc00::/7']);
  assert.match(lan.traps[0]?.text ?? '', /"::1" in the alias LAN is no network/);
  const folders = {
    '/etc/lists/ads': '# ads\n0.0.0.0 ads.example.com\n127.0.0.1 localhost\nplain.example.com\n',
    '/etc/lists/re': '^(.*\\.)?ads\\.example\\.com$\nads[0-9]+\n',
    '/etc/lists/good': '(^|\\.)ads\\.example\\.com$\n',
  };
  const domains = imported([made({ operator: { type: 'lists', operand: 'lists.domains', data: '/etc/lists/ads/' } })], {
    folders,
  });
  assert.deepEqual(domains.lists, [{ name: 'lists-ads', source: '/etc/lists/ads' }]);
  assert.equal(domains.rules[0]?.to, 'list:lists-ads');
  assert.match(domains.traps[0]?.text ?? '', /Postern uses one line that OpenSnitch skips/);
  const expressions = (data: string) => one({ type: 'lists', operand: 'lists.domains_regexp', data }, { folders });
  assert.match(expressions('/etc/lists/re').why ?? '', /1 expressions that say more than a name/);
  assert.deepEqual(expressions('/etc/lists/good').rules, [{ to: 'list:lists-good' }]);
  assert.match(expressions('/etc/lists/none').why ?? '', /cannot be read here/);
});
