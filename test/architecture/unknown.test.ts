// What is not known matches no rule that asks for it: each condition, first with the fact and then without it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '#model/attempt.ts';
import type { Process } from '#model/process.ts';
import { ruleSchema } from '#model/rule.ts';
import { compilePolicy } from '#policy/index.ts';
import { attempt } from '../dsl.ts';

const whole = {
  pid: 4711,
  startTime: '99',
  exe: '/usr/bin/curl',
  sha256: 'ab'.repeat(32),
  script: '/usr/lib/npm-cli.js',
  args: ['curl', '--silent'],
  uid: 1000,
  gid: 1000,
  groups: [27],
  cgroup: '/system.slice/nginx.service',
  unit: 'nginx.service',
  package: 'curl',
  container: 'c0ffee',
  flatpak: 'org.mozilla.firefox',
  snap: 'firefox',
  appimage: '/opt/tool.AppImage',
  ancestors: ['/usr/bin/bash'],
  label: 'unconfined',
} as const satisfies Process;

/** A condition, and what of the process it asks for. */
const conditions: readonly (readonly [Record<string, unknown>, keyof Process])[] = [
  [{ app: '/usr/bin/curl' }, 'exe'],
  [{ app: { sha256: 'ab'.repeat(32) } }, 'sha256'],
  [{ app: { script: '/usr/lib/npm-cli.js' } }, 'script'],
  [{ app: { package: 'curl' } }, 'package'],
  [{ app: { unit: 'nginx.service' } }, 'unit'],
  [{ app: { container: 'c0ffee' } }, 'container'],
  [{ app: { flatpak: 'org.mozilla.firefox' } }, 'flatpak'],
  [{ app: { snap: 'firefox' } }, 'snap'],
  [{ app: { appimage: '/opt/tool.AppImage' } }, 'appimage'],
  [{ app: { pid: 4711, startTime: '99' } }, 'pid'],
  [{ app: { pid: 4711, startTime: '99' } }, 'startTime'],
  [{ ancestor: '/usr/bin/bash' }, 'ancestors'],
  [{ args: '*--silent*' }, 'args'],
  [{ user: 1000 }, 'uid'],
  [{ group: 1000 }, 'gid'],
  [{ 'supplementary-group': 27 }, 'groups'],
  [{ cgroup: '/system.slice' }, 'cgroup'],
  [{ label: 'unconfined' }, 'label'],
];

function decisionOf(action: 'allow' | 'reject', condition: Record<string, unknown>, process: Process | undefined) {
  const rule = ruleSchema.parse({ name: 'asks', action, ...condition });
  const { policy, problems } = compilePolicy([{ rule, origin: 'file' }], {
    revision: 1,
    // Whatever the rule does not decide, the mode decides otherwise.
    mode: action === 'allow' ? 'lockdown' : 'allow',
    accounts: { users: {}, groups: {} },
  });
  assert.deepEqual(problems, []);
  const asked: Attempt = { ...attempt('curl → 192.0.2.1:443/tcp'), process };
  return policy.decide(asked, 0);
}

test('what is not known matches no rule that asks for it', () => {
  for (const [condition, fact] of conditions) {
    const { [fact]: _, ...without } = whole as Process;
    for (const action of ['allow', 'reject'] as const) {
      const what = `${action} ${JSON.stringify(condition)}`;
      assert.equal(decisionOf(action, condition, whole).rule, 'asks', `${what}, with ${fact}`);
      assert.equal(decisionOf(action, condition, without).rule, null, `${what}, without ${fact}`);
      assert.equal(decisionOf(action, condition, undefined).rule, null, `${what}, without a program`);
    }
  }
});

test('a network that is not known matches no rule that asks for one', () => {
  const rule = ruleSchema.parse({ name: 'asks', action: 'allow', profile: '*' });
  const named = ruleSchema.parse({ name: 'names', action: 'allow', 'known-network': 'Home' });
  const decided = (where: { network?: string; profile?: string }) => {
    const context = { revision: 1, mode: 'lockdown', accounts: { users: {}, groups: {} }, where } as const;
    const records = [rule, named].map((one) => ({ rule: one, origin: 'file' as const }));
    return compilePolicy(records, context).policy.decide(attempt('curl → 192.0.2.1:443/tcp'), 0).rule;
  };
  assert.equal(decided({ profile: 'home' }), 'asks');
  assert.equal(decided({ network: 'Home' }), 'names');
  assert.equal(decided({ network: 'Office' }), null);
  assert.equal(decided({}), null);
  assert.equal(ruleSchema.safeParse({ name: 'x', action: 'allow', profile: 'unknown' }).success, false);
});
