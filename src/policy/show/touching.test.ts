// The rules that touch a program: by the same code that decides.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Address, parseAddress } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import { parseRuleFile } from '../parse/rulefile.ts';
import { compilePolicy } from '../policy.ts';

const { records } = parseRuleFile(
  `rules:
  - { name: curl, action: allow, app: /usr/bin/curl, to: example.com, port: 443 }
  - { name: glob, action: reject, app: "/usr/bin/c*" }
  - { name: alice, action: drop, app: /usr/bin/curl, user: 1000 }
  - { name: hash, action: allow, app: { sha256: "${'a'.repeat(64)}" } }
  - { name: package, action: allow, app: { package: wget } }
  - { name: child, action: allow, ancestor: /usr/bin/code, port: 80 }
  - { name: args, action: allow, app: /usr/bin/curl, args: "*--insecure*" }
  - { name: wget, action: allow, app: /usr/bin/wget }
  - { name: any, action: reject, to: 192.0.2.0/24, interface: eth9 }
  - { name: off, action: reject, app: /usr/bin/curl, enabled: false }
  - { name: ended, action: reject, app: /usr/bin/curl, until: 2020-01-01 }
`,
  'x.yaml',
);
const { policy } = compilePolicy(records, { revision: 1, mode: 'ask', accounts: { users: {}, groups: {} } });
const touching = (process: Process) => policy.touching(process, Date.parse('2026-01-01'));
const names = (process: Process, sure: boolean) =>
  touching(process)
    .filter((rule) => rule.sure === sure)
    .map(({ name, named }) => `${name}${named ? '' : ' (any)'}`)
    .sort();

test('what holds for the program whatever it talks to, and what may', () => {
  const curl = { exe: '/usr/bin/curl', uid: 1000, package: 'curl', args: ['curl', '-v'] };
  assert.deepEqual(names(curl, true), ['alice', 'any (any)', 'curl', 'glob']);
  assert.deepEqual(names(curl, false), ['args', 'child', 'hash']);
  assert.deepEqual(names({ ...curl, uid: 1001, sha256: 'a'.repeat(64) }, true), ['any (any)', 'curl', 'glob', 'hash']);
  assert.deepEqual(names({ exe: null }, true), ['any (any)']);
});

test('what is not known may be anything, and is never said to be sure', () => {
  assert.deepEqual(names({}, true), ['any (any)']);
  assert.deepEqual(names({}, false), ['alice', 'args', 'child', 'curl', 'glob', 'hash', 'package', 'wget']);
  assert.deepEqual(names({ kernel: true }, false), ['child']);
});

test('property: a rule that decides about the program is one that touches it', () => {
  const one = fc.record({
    exe: fc.constantFrom('/usr/bin/curl', '/usr/bin/wget', '/usr/bin/cat', '/opt/x'),
    uid: fc.constantFrom(1000, 1001),
    package: fc.constantFrom('wget', null, undefined),
    sha256: fc.constantFrom('a'.repeat(64), undefined),
    ancestors: fc.constantFrom(['/usr/bin/code'], []),
    args: fc.constantFrom(['curl', '--insecure'], ['curl']),
  });
  const flow = fc.constantFrom(
    { address: parseAddress('192.0.2.1') as Address, port: 80 },
    { address: parseAddress('198.51.100.7') as Address, port: 443 },
  );
  fc.assert(
    fc.property(one, flow, (process, remote) => {
      const names = [{ name: 'example.com', from: 'dns' as const }];
      const attempt = {
        process,
        names,
        flow: { protocol: 'tcp', protocolNumber: 6, direction: 'out', remote },
      } as const;
      const { rule } = policy.decide(attempt, Date.parse('2026-01-01'));
      if (rule !== null) assert.ok(touching(process).some(({ name }) => name === rule));
    }),
  );
});
