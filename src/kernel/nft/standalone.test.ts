// The table that is exported: nft reads it, and read back by the import it decides as the policy does.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { attemptFromJson } from '#model/attempt.ts';
import type { RuleText } from '#model/rule.ts';
import { importRules } from '#policy/import/import.ts';
import { compilePolicy } from '#policy/index.ts';
import { exportNft } from './standalone.ts';

const rules: readonly Omit<RuleText, 'name'>[] = [
  { action: 'reject', group: 7 },
  { action: 'allow', group: 7, to: '10.0.0.0/8', priority: 10 },
  { action: 'drop', to: ['192.0.2.0/24', '2001:db8::/32'], port: [25, '400-500'], protocol: ['tcp', 'udp'] },
  { action: 'allow', user: [0, 1000], to: 'any:443' },
  { action: 'reject', direction: 'in', from: '198.51.100.0/24', port: 22, protocol: 'tcp' },
  { action: 'allow', protocol: 'icmp', 'icmp-type': 8 },
  { action: 'drop', interface: 'wg0', protocol: 'udp' },
];

const compile = (texts: readonly RuleText[]) =>
  compilePolicy(
    texts.map((rule) => ({ rule, origin: 'file' as const })),
    { revision: 0, mode: 'allow', accounts: { users: {}, groups: {} } },
  ).policy;

const named = (texts: readonly Omit<RuleText, 'name'>[]) =>
  texts.map((rule, at) => ({ name: `r${at}`, ...rule }) as RuleText);

test('what nft can say comes back from it with the same decisions', () => {
  const policy = compile(named(rules));
  const { files, left, carried } = exportNft(policy);
  assert.deepEqual(left, []);
  assert.equal(carried.length, rules.length);
  const text = files[0]?.text ?? '';
  const { report } = importRules('nft', {
    files: [{ name: 'x.nft', text: text.replace(/^(table|delete) [^{\n]*\n/gm, '') }],
    readFolder: () => undefined,
  });
  assert.deepEqual(report.left, []);
  const back = compile(report.rules);
  let decided = 0;
  for (const direction of ['out', 'in'] as const) {
    for (const address of ['10.0.0.1', '192.0.2.9', '198.51.100.7', '2001:db8::1', '203.0.113.1', '2001:db9::1']) {
      for (const port of [22, 25, 443, 450, 8080]) {
        for (const protocol of ['tcp', 'udp'] as const) {
          for (const [uid, gid] of [
            [0, 0],
            [1000, 7],
            [5, 7],
            [5, 5],
          ] as const) {
            for (const dev of ['eth0', 'wg0']) {
              const own = address.includes(':') ? '2001:db8:1::1' : '10.9.9.9';
              const [local, remote] =
                direction === 'out'
                  ? [
                      { address: own, port: 40000 },
                      { address, port },
                    ]
                  : [
                      { address: own, port },
                      { address, port: 40000 },
                    ];
              const attempt = attemptFromJson({
                process: { uid, gid },
                flow: { protocol, direction, local, remote, interface: dev },
              });
              const [there, here] = [back.decide(attempt, 0), policy.decide(attempt, 0)];
              assert.equal(there.action, here.action, JSON.stringify(attempt));
              if (here.by === 'rule') decided += 1;
            }
          }
        }
      }
    }
  }
  assert.ok(decided > 200, `${decided} were decided by a rule`);
});

test('what nft cannot say is listed, also where it hides what comes after', () => {
  const policy = compile(
    named([
      { action: 'reject', app: '/usr/bin/curl', to: '192.0.2.0/24' },
      { action: 'allow', to: ['192.0.2.1', 'example.com'], priority: -1 },
      { action: 'drop', to: '203.0.113.0/24', log: true },
      { action: 'allow', to: '10.0.0.0/8' },
      { action: 'allow', to: '172.16.0.0/12', until: '2099-01-01' },
    ]),
  );
  const { left, carried, files } = exportNft(policy);
  assert.deepEqual(carried, ['r3']);
  const why = Object.fromEntries(left.map(({ from, why: reason }) => [from, reason]));
  assert.match(why.r0 ?? '', /"app"/);
  assert.match(why.r1 ?? '', /"example\.com"/);
  assert.match(why.r2 ?? '', /without a record/);
  assert.match(why.r4 ?? '', /it ends/);
  assert.match(files[0]?.text ?? '', /^# not here: r0: /m);
});

test('nft reads the table, in a network namespace of its own and without keeping it', (context) => {
  const text = exportNft(compile(named(rules))).files[0]?.text ?? '';
  // A user namespace needs no rights; the network namespace ends with the program.
  const ran = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'nft', '--check', '--file', '-'], {
    input: text,
    encoding: 'utf8',
  });
  if (ran.error !== undefined || /unshare|No such file|not permitted/i.test(ran.stderr)) {
    context.skip(`nft cannot be tried here (${(ran.error?.message ?? ran.stderr).trim().split('\n')[0]})`);
    return;
  }
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
});
