// What is exported says what the rules say, and the tools it is for accept it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RuleText } from '#model/rule.ts';
import { builtinRules } from '../builtin.ts';
import { importRules } from '../import/import.ts';
import { compilePolicy } from '../policy.ts';
import { exportLsrules } from './lsrules.ts';
import { exportSystemd, unitsOf } from './systemd.ts';

function orderedOf(rules: readonly Omit<RuleText, 'name'>[]) {
  const own = rules.map((rule, at) => ({ rule: { name: `r${at}`, ...rule } as RuleText, origin: 'file' as const }));
  const records = [...builtinRules({ resolvers: [] }), ...own];
  const { policy, problems } = compilePolicy(records, {
    revision: 0,
    mode: 'ask',
    accounts: { users: {}, groups: {} },
  });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  return policy.ordered;
}

const unit = { unit: 'nginx.service' };
const rules: readonly Omit<RuleText, 'name'>[] = [
  { action: 'allow', app: unit, to: ['10.0.0.0/8', 'multicast'] },
  { action: 'reject', app: unit },
  { action: 'reject', app: unit, to: '192.0.2.0/24', priority: 5 },
  { action: 'allow', app: unit, to: ['192.0.2.1', '198.51.100.0/24'] },
  { action: 'allow', app: unit, to: '203.0.113.1', port: 443 },
  { action: 'allow', app: unit, to: 'example.com' },
  { action: 'allow', app: '/usr/bin/curl' },
  { action: 'allow', app: unit, to: '203.0.113.9', enabled: false },
  { action: 'allow', app: { unit: 'x\ny.service' } },
];

test('systemd: addresses of the unit, and what systemd would take in another way is left', () => {
  const ordered = orderedOf(rules);
  assert.deepEqual(unitsOf(ordered), ['nginx.service']);
  const { files, left, carried } = exportSystemd(ordered, ['nginx.service'], false);
  assert.equal(files[0]?.name, 'nginx.service.d/50-postern.conf');
  const lines = (files[0]?.text ?? '').split('\n').filter((line) => line.startsWith('IP') || line.startsWith('['));
  assert.deepEqual(lines, [
    '[Service]',
    'IPAddressDeny=192.0.2.0/24',
    'IPAddressAllow=10.0.0.0/8 224.0.0.0/4 255.255.255.255 ff00::/8',
    // r1 refuses the rest, loopback too: it stands above the built-in rules.
    'IPAddressDeny=any',
    'IPAddressDeny=127.80.79.83',
  ]);
  assert.deepEqual(carried.toSorted(), ['r0', 'r1', 'r2']);
  const why = Object.fromEntries(left.map(({ from, why: reason }) => [from, reason]));
  assert.match(why.r3 ?? '', /systemd would allow it all the same/);
  assert.match(why.r4 ?? '', /"port"/);
  assert.match(why.r5 ?? '', /addresses alone/);
  assert.match(why.r6 ?? '', /about programs/);
  assert.match(why.r7 ?? '', /switched off/);
  assert.match(files[0]?.text ?? '', /^# not here: r4: /m);
  assert.match(
    exportSystemd(ordered, ['nginx.service'], true).files[0]?.text ?? '',
    /# what no rule decides\nIPAddressDeny=any\n$/,
  );
});

test('systemd-analyze verify accepts the drop-in', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-export-'));
  try {
    writeFileSync(join(folder, 'nginx.service'), '[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n');
    for (const { name, text } of exportSystemd(orderedOf(rules), ['nginx.service'], true).files) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const verify = () => {
      const ran = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, 'nginx.service')], {
        encoding: 'utf8',
      });
      if ((ran.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
      return ran.stderr.split('\n').filter((line) => line.includes('50-postern.conf'));
    };
    const said = verify();
    if (said === undefined) {
      context.skip('systemd-analyze is not installed (apt install systemd)');
      return;
    }
    assert.deepEqual(said, []);
    // It does look at the file.
    writeFileSync(join(folder, 'nginx.service.d/50-postern.conf'), '[Service]\nIPAddressDeny=nonsense\n');
    assert.equal(verify()?.length, 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('lsrules: what is exported comes back as it was', () => {
  const some: readonly Omit<RuleText, 'name'>[] = [
    { action: 'allow', app: '/usr/bin/curl', to: 'example.com', port: 443, protocol: 'tcp' },
    { action: 'reject', to: ['.example.org', '.x.org'], priority: 100 },
    { action: 'ask', app: '/usr/bin/ssh', to: ['10.0.0.0/8', '192.0.2.1'], port: '1-1023' },
    { action: 'allow', direction: 'in', from: '10.0.0.0/8', port: 22 },
    { action: 'allow', app: '/usr/bin/x' },
  ];
  const { files, left } = exportLsrules(orderedOf(some));
  assert.deepEqual(left, []);
  const back = importRules('lsrules', {
    files: files.map(({ text }) => ({ name: 'x', text })),
    readFolder: () => undefined,
  }).report;
  assert.deepEqual(back.left, []);
  const plain = (list: readonly object[]) => list.map((rule) => JSON.stringify(Object.entries(rule).sort())).sort();
  assert.deepEqual(
    plain(back.rules.map(({ name: _, note: __, ...rest }) => rest)),
    plain(some.map((rule) => ({ priority: 0, ...rule }))),
  );
  const lost = exportLsrules(
    orderedOf([
      { action: 'allow', user: 0 },
      { action: 'allow', to: '*.x.org' },
      { action: 'allow', app: '/usr/**' },
      { action: 'reject', to: 'list:x' },
    ]),
  );
  assert.equal(lost.left.length, 4);
});
