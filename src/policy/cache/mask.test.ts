// Which entries the flow cache gets: typical masks of typical policies, and what may not become an entry.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Attempt } from '#model/attempt.ts';
import { packetSocket } from '#model/flow.ts';
import type { Mode } from '#model/mode.ts';
import type { Process } from '#model/process.ts';
import type { RuleRecord } from '#model/rule.ts';
import { attempt, rule } from '../../../test/dsl.ts';
import { builtinRules } from '../builtin.ts';
import { compilePolicy } from '../policy.ts';
import { type Cacheable, cacheable } from './mask.ts';

const accounts = { users: { alice: 1000, bob: 1001 }, groups: { noinet: 7 } };
const identity = { device: '8', inode: '100', generation: '1', ctime: '5' };
const builtin = builtinRules({ resolvers: [] });

/** The attempt with all that is known of a program of the host. */
function whole(text: string, more: Partial<Process> = {}): Attempt {
  const made = attempt(text);
  const process: Process = {
    image: { path: made.process?.exe ?? '', identity, state: 'host' },
    sha256: 'ab'.repeat(32),
    package: null,
    script: null,
    groups: [],
    cgroup: '/user.slice/user-1000.slice/session-1.scope',
    unit: 'session-1.scope',
    container: null,
    flatpak: null,
    snap: null,
    appimage: null,
    ancestors: ['/usr/bin/bash'],
    label: null,
    ...made.process,
    ...more,
  };
  return { ...made, process };
}

function answer(text: string): RuleRecord {
  return { ...rule(text), origin: 'answer' };
}

function entryOf(records: readonly (string | RuleRecord)[], mode: Mode, asked: Attempt, now = 0): Cacheable {
  const all = records.map((record) => (typeof record === 'string' ? rule(record) : record));
  const { policy, problems } = compilePolicy(all, { revision: 1, mode, accounts });
  assert.deepEqual(problems, []);
  const { decision, consulted } = policy.decideConsulting(asked, now);
  return cacheable(asked, decision, consulted);
}

/** The names of what is compared; `remote/8` stands for so many bits of the remote address. */
function masked(...input: Parameters<typeof entryOf>): string {
  const entry = entryOf(...input);
  if (!entry.ok) return entry.why;
  const { remoteBits, ...fields } = entry.mask;
  const names = Object.entries(fields).flatMap(([name, compared]) => (compared ? [name] : []));
  return [...names, ...(remoteBits > 0 ? [`remote/${remoteBits}`] : [])].join(' ');
}

const curl = whole('curl → 198.51.100.7:443/tcp');
const wget = whole('wget → 198.51.100.7:443/tcp');

test('typical masks are as narrow as the rules, and no narrower', () => {
  const cases: [mask: string, rules: (string | RuleRecord)[], asked: Attempt, mode?: Mode][] = [
    // Where nothing speaks of users, nothing depends on them.
    ['executable', ['allow curl'], curl],
    ['executable', ['allow curl'], wget],
    ['executable', ['allow curl', 'reject wget', 'allow ssh', 'reject nc', 'allow git', 'allow apt'], wget],
    ['', [], wget],
    // A fence of a user is asked of everybody.
    ['executable uid', ['allow curl', 'reject any user alice'], whole('curl of 1001 → 198.51.100.7:443/tcp')],
    ['uid', ['allow curl', 'reject any user alice'], curl],
    ['executable gid', ['allow curl', 'reject any group noinet'], curl],
    ['executable', ['allow curl user alice'], wget],
    ['executable uid', ['allow curl user alice'], curl],
    ['executable cgroup', ['allow curl', 'reject any cgroup /machine.slice'], curl],
    ['executable protocol port', ['allow curl port 443'], curl],
    // One condition that does not hold is enough.
    ['port', ['allow curl port 80'], curl],
    ['protocol', ['allow curl protocol udp'], curl],
    // Prefixes: the bits of a match, or those up to the first that differs.
    ['executable remote/24', ['allow curl to 198.51.100.0/24'], curl],
    ['remote/1', ['allow curl to 10.0.0.0/8'], curl],
    ['remote/2', ['allow curl to 128.0.0.0/8'], curl],
    ['', ['allow curl to 2001:db8::/32'], curl],
    ['executable remote/6', ['allow curl to internet'], curl],
    ['remote/32', ['reject any to 198.51.100.7'], wget],
    ['remote/31', ['reject any to 198.51.100.6', 'reject any to 198.51.100.7'], whole('wget → 198.51.100.4:443/tcp')],
    // What comes in: the port is ours.
    [
      'executable protocol port remote/8',
      ['allow sshd direction in port 22 from 10.0.0.0/8'],
      whole('sshd at 22 ← 10.1.2.3:50000/tcp'),
    ],
    // What lasts from exec to exit.
    ['process', ['allow any ancestor /usr/bin/bash'], curl],
    ['process', [{ ...rule('allow any'), rule: { ...rule('allow any').rule, app: { script: '/x.py' } } }], curl],
    ['process cgroup', [{ ...rule('allow any'), rule: { ...rule('allow any').rule, app: { unit: 'x.scope' } } }], curl],
    // A file that is not the one of the host at its path says less than the process.
    [
      'process',
      ['allow curl'],
      whole('curl → 198.51.100.7:443/tcp', { exe: null, image: { path: '/x', identity, state: 'foreign' } }),
    ],
    // Rules behind the one that decides play no part, among them the built-in ones, one of which asks for the interface.
    ['executable', ['allow curl', ...builtin], curl],
    ['executable uid', [...builtin, answer('allow curl user 1000')], curl, 'ask'],
    // Rules that only record are consulted too.
    ['executable uid', ['allow curl', 'log any user bob'], curl],
  ];
  for (const [mask, rules, asked, mode = 'lockdown'] of cases) {
    assert.equal(masked(rules, mode, asked), mask, JSON.stringify(rules));
  }
});

test('of the making of a packet socket only who makes it is compared', () => {
  const made: Attempt = { ...whole('curl → 198.51.100.7:443/tcp'), flow: packetSocket };
  const cases: [mask: string, rules: string[]][] = [
    ['', []],
    ['executable', ['allow curl']],
    ['protocol', ['reject any protocol packet']],
    ['uid', ['allow any user alice']],
    // Whatever a rule asks of where it goes, it goes nowhere yet.
    ['protocol', ['reject any protocol packet', 'allow any interface eth0']],
    ['executable', ['allow curl', 'reject any port 53']],
    ['remote/1', [...['allow any to 192.0.2.0/24', 'allow any interface eth0']]],
  ];
  for (const [mask, rules] of cases) assert.equal(masked(rules, 'lockdown', made), mask, JSON.stringify(rules));
  const entry = entryOf(builtin, 'lockdown', made);
  assert.ok(entry.ok, entry.ok ? '' : entry.why);
  assert.deepEqual([entry.mask.loopback, entry.mask.port, entry.mask.local], [false, false, false]);
  const volatile = entryOf(['allow any supplementary-group noinet'], 'lockdown', made);
  assert.match(volatile.ok ? '' : volatile.why, /supplementary groups/);
});

test('an entry ends with the first rule of those that made it, and not with others', () => {
  const until = (text: string, expires: number): RuleRecord => ({ ...rule(text), expires });
  const expires = (records: RuleRecord[]) => {
    const entry = entryOf(records, 'lockdown', curl, 100);
    assert.ok(entry.ok);
    return entry.expires;
  };
  assert.equal(expires([until('allow curl', 500)]), 500);
  assert.equal(expires([until('allow curl', 500), until('log any', 300)]), 300);
  assert.equal(expires([until('allow curl', 500), until('allow wget', 200), until('reject any', 400)]), 500);
  assert.equal(expires([rule('allow curl'), until('drop curl', 50)]), Infinity);
});

test('what an entry cannot hold is said in a sentence', () => {
  const out = 'curl → 198.51.100.7:443/tcp';
  const unknown: Partial<Process> = { sha256: undefined };
  const hash = { ...rule('allow any'), rule: { ...rule('allow any').rule, app: { sha256: 'ab'.repeat(32) } } };
  const cases: [why: RegExp, rules: (string | RuleRecord)[], asked: Attempt, mode?: Mode][] = [
    [/to ask/, [], curl, 'ask'],
    [/not found/, [], attempt('192.0.2.1 ⇒ 198.51.100.7:443/tcp')],
    [/no IP header/, [], { ...curl, flow: { ...curl.flow, protocol: 'packet' } }],
    [/not found/, [], attempt('? → 198.51.100.7:443/tcp')],
    [/kernel sent it/, [], attempt('kernel → 198.51.100.7:443/tcp')],
    [/asked for process\.sha256, which is not known/, [hash], whole(out, unknown)],
    [/asked for process\.uid, /, ['allow any user alice'], whole(out, { uid: undefined })],
    [/asked for process\.ancestors, /, ['allow any ancestor /usr/bin/git'], whole(out, { ancestors: [''] })],
    [/groups or the security label/, ['allow any supplementary-group noinet'], curl],
    [/groups or the security label/, ['allow any label unconfined'], curl],
    [/the interface/, ['allow any interface eth0'], curl],
    [/whether the interface is lo, which is not known/, builtin, curl],
    [/the local address/, ['allow any network 10.0.0.0/8'], curl],
    [/only echo requests/, ['allow any icmp-type 8'], whole('ping → 198.51.100.7/icmp')],
    [/the local port/, ['allow any from any:68'], curl],
    [/the remote port/, ['allow any direction in from any:67'], whole('sshd at 22 ← 198.51.100.7:67/udp')],
    [/pid and start time/, ['allow curl'], whole(out, { startTime: undefined, image: undefined })],
    [
      /local port, which is not known/,
      ['allow sshd direction in port 22'],
      {
        ...whole('sshd at 22 ← 198.51.100.7:67/tcp'),
        flow: { ...attempt('sshd ← 198.51.100.7:67/tcp').flow, local: undefined },
      },
    ],
    [
      /cgroup, which is not known/,
      [{ ...rule('allow any'), rule: { ...rule('allow any').rule, app: { unit: 'x.scope' } } }],
      whole(out, { cgroup: undefined }),
    ],
  ];
  for (const [why, rules, asked, mode = 'lockdown'] of cases) {
    const entry = entryOf(rules, mode, asked);
    assert.ok(!entry.ok, String(why));
    assert.match(entry.why, why);
    assert.match(entry.why, /^[A-Z].*\.$/);
  }
  // The same facts do no harm where another condition settles it.
  assert.equal(masked([{ ...hash, rule: { ...hash.rule, user: 'bob' } }], 'lockdown', whole(out, unknown)), 'uid');
});
