// Rules and attempts for property tests, from vocabularies so small that rules overlap and attempts meet them.
import fc from 'fast-check';
import { type Attempt, type AttemptJson, attemptFromJson, nameSources } from '#model/attempt.ts';
import type { Accounts } from '#model/messages.ts';
import { formatAddress } from '#model/net/address.ts';
import type { Whereabouts } from '#model/net/network.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import type { Places } from './match/places.ts';

export const accounts: Accounts = { users: { alice: 1000, bob: 1001, root: 0 }, groups: { noinet: 7, users: 100 } };

const paths = ['/usr/bin/curl', '/usr/bin/node', '/opt/app/run', '/usr/lib/x/y'];
const pathPatterns = [...paths, '/usr/bin/*', '/usr/**', '**/run', '~^/opt/', '/usr/{bin,lib}/**/[a-y]*'];
const names = ['nginx.service', 'ssh.service', 'x.scope'];
const namePatterns = [...names, '*.service', '~^x', '{ssh,nginx}.*'];
const hashes = ['a'.repeat(64), 'b'.repeat(64)];
const addresses = ['10.0.0.1', '10.0.9.9', '127.0.0.1', '198.51.100.7', '224.0.0.1', '2001:db8::1', 'fe80::1', '::1'];
const prefixes = [
  ...addresses,
  '10.0.0.0/8',
  '10.0.0.0/16',
  '0.0.0.0/0',
  '2001:db8::/32',
  '::/0',
  'lan',
  'internet',
  'loopback',
  'multicast',
  'any',
];
const farPlaces = [
  'a.example',
  '*.example',
  '.example',
  'b.a.example',
  'other.test',
  'list:ads',
  'list:none',
  'country:DE',
  'as:7',
];

/** A list with one name, one domain and one network; two countries, one network number. */
export const places: Places = {
  listNumber: (list) => (list === 'ads' ? 3 : undefined),
  listHasName: (list, name) => list === 3 && (name === 'a.example' || name.endsWith('.test')),
  listHasAddress: (list, address) => list === 3 && formatAddress(address).startsWith('10.0.9.'),
  country: (address) => (address.family === 6 ? 'DE' : formatAddress(address).startsWith('198.') ? 'FR' : undefined),
  network: (address) => (formatAddress(address).startsWith('198.') ? 7 : undefined),
};

/** Where the machine is: somewhere known, half known, or not at all. */
export const where: fc.Arbitrary<Whereabouts> = fc.record(
  { network: fc.constantFrom('Attic', 'Café *', 'Café 1'), profile: fc.constantFrom('home', 'work', 'public') },
  { requiredKeys: [] },
);

const portTexts = [443, 53, '400-500', '1-65535', '80-81'];
const destinations = [
  ...prefixes,
  ...prefixes.map((p) => (p.includes(':') ? `[${p}]:443` : `${p}:443`)),
  'any:53-600',
  'lan:80',
];

const farDestinations = [...farPlaces, ...farPlaces.map((place) => `${place}:443`)];

const oneOrTwo = <T>(values: readonly T[]) =>
  fc.oneof(fc.constantFrom(...values), fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }));

/** A record of some of these keys; with all of them at once, hardly anything would match. */
function someOf(model: Record<string, fc.Arbitrary<unknown>>, minLength: number, maxLength: number) {
  return fc
    .uniqueArray(fc.constantFrom(...Object.keys(model)), { minLength, maxLength })
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, model[key] as fc.Arbitrary<unknown>]))));
}

const appObject = someOf(
  {
    path: fc.constantFrom(...pathPatterns),
    script: fc.constantFrom(...pathPatterns),
    sha256: fc.constantFrom(...hashes),
    unit: fc.constantFrom(...namePatterns),
    package: fc.constantFrom('curl', 'node*'),
    container: fc.constantFrom('web', '*'),
    flatpak: fc.constantFrom('org.x', 'org.*'),
    kernel: fc.constant(true),
    process: fc.constant(1),
  },
  1,
  2,
).map(({ process, ...app }) => ({ ...app, ...(process === 1 && { pid: 42, startTime: '7' }) }));
const app = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...pathPatterns) }, { weight: 2, arbitrary: appObject });

const optional = {
  app: fc.oneof(app, fc.array(app, { minLength: 1, maxLength: 3 })),
  ancestor: oneOrTwo(pathPatterns),
  args: oneOrTwo(['npm ci', 'npm *', '~ci$']),
  user: oneOrTwo<string | number>(['alice', 'bob', 0, 'a*', 1001, 'nosuch']),
  group: oneOrTwo<string | number>(['noinet', 100, '~^n']),
  'supplementary-group': oneOrTwo<string | number>(['noinet', 27]),
  cgroup: oneOrTwo(['/user.slice', '/user.slice/a', '/system.slice/*', '/', '~slice$']),
  label: oneOrTwo(['unconfined', 'un*']),
  seeded: fc.constant(true),
  to: oneOrTwo(destinations),
  /** Names and the like instead of `to`, with how they are known or without. */
  far: fc.record({
    to: oneOrTwo(farDestinations),
    sources: fc.constantFrom(undefined, undefined, 'dns', ['sni', 'quic']),
  }),
  from: oneOrTwo(destinations),
  port: oneOrTwo(portTexts),
  protocol: oneOrTwo(['tcp', 'udp', 'icmp', 'icmpv6', 'raw', 'packet', 'any', 6, 47] as const),
  'icmp-type': oneOrTwo([8, 133]),
  direction: oneOrTwo(['out', 'in', 'forward'] as const),
  interface: oneOrTwo(['eth0', 'lo', 'e*']),
  network: oneOrTwo(['10.0.0.0/8', '10.0.0.1', '2001:db8::/32']),
  profile: oneOrTwo(['home', 'work', 'w*', '~^ho']),
  'known-network': oneOrTwo(['Attic', 'Café *', 'Office']),
};

type Optional = { [K in keyof typeof optional]?: unknown };

/** What a name is asked of is the far end: `to` of what goes out or through, `from` of what comes in. */
function ofFarPlaces({ far, ...words }: Optional): Optional {
  if (far === undefined) return words;
  const { to, sources } = far as { to: string | string[]; sources: unknown };
  const known = sources !== undefined && [to].flat().every((place) => !/^(country|as):/.test(place));
  const { to: _to, from: _from, ...others } = words;
  const directions = [(words.direction as string | string[] | undefined) ?? 'out'].flat();
  const incoming = directions.includes('in');
  if (incoming && directions.length > 1) return words;
  return { ...others, [incoming ? 'from' : 'to']: to, ...(known && { 'name-from': sources }) } as Optional;
}

/** Few conditions a rule, so that many rules match; `keys` narrows which, `minLength` says how many there are at least. */
export function conditions(keys: readonly (keyof typeof optional)[] = Object.keys(optional) as never, minLength = 0) {
  const model = Object.fromEntries(keys.map((key) => [key, optional[key]]));
  return someOf(model, minLength, 4).map((words) => ofFarPlaces(words as Optional));
}

/** Most rules are switched on and ordinary. */
const circumstances = fc
  .tuple(
    fc.constantFrom(undefined, undefined, undefined, -20, 0, 10),
    fc.constantFrom(undefined, undefined, undefined, undefined, undefined, false),
    fc.constantFrom(undefined, undefined, true),
  )
  .map(([priority, enabled, log]) => ({
    ...(priority !== undefined && { priority }),
    ...(enabled !== undefined && { enabled }),
    ...(log !== undefined && { log }),
  }));

const action = fc.constantFrom('allow', 'reject', 'drop', 'ask', 'log');
const origin = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('file', 'local') },
  { weight: 1, arbitrary: fc.constant('answer') },
  { weight: 1, arbitrary: fc.constant('builtin') },
);

export function ruleRecord(words: fc.Arbitrary<Optional> = conditions()): fc.Arbitrary<RuleRecord> {
  return fc
    .tuple(words, circumstances, action, origin, fc.constantFrom(undefined, undefined, undefined, 500, 1500))
    .map(([text, more, act, from, expires]) => ({
      rule: { ...text, ...more, action: act, name: 'rule' } as RuleText,
      origin: from as RuleRecord['origin'],
      ...(expires !== undefined && { expires }),
    }));
}

/** Records with names of their own. */
export function ruleRecords(
  record: fc.Arbitrary<RuleRecord> = ruleRecord(),
  maxLength = 30,
  minLength = 0,
): fc.Arbitrary<RuleRecord[]> {
  return fc
    .array(record, { minLength, maxLength, size: 'max' })
    .map((list) => list.map((item, index) => ({ ...item, rule: { ...item.rule, name: `rule ${index}` } })));
}

const endpoint = fc.record({ address: fc.constantFrom(...addresses), port: fc.constantFrom(0, 53, 80, 443, 9999) });
const nullable = <T>(...values: T[]) => fc.constantFrom(...values, null);

const process = fc.record(
  {
    kernel: fc.constant(true),
    pid: fc.constantFrom(42, 43),
    startTime: fc.constantFrom('7', '8'),
    exe: nullable(...paths),
    script: nullable(...paths),
    sha256: fc.constantFrom(...hashes),
    args: fc.constantFrom(['npm', 'ci'], ['npm', 'test'], []),
    uid: fc.constantFrom(0, 1000, 1001, 5),
    gid: fc.constantFrom(7, 100),
    groups: fc.constantFrom([7, 27], [27], []),
    cgroup: fc.constantFrom('/user.slice/a/b', '/system.slice/x/y', '/a.slice', '/'),
    unit: nullable(...names),
    package: nullable('curl', 'nodejs'),
    container: nullable('web', 'db'),
    flatpak: nullable('org.x', 'com.y'),
    ancestors: fc.constantFrom([], ['/usr/bin/curl'], ['', '/opt/app/run', '/usr/bin/node']),
    label: nullable('unconfined', 'other'),
    seeded: fc.constant(true),
  },
  { requiredKeys: [] },
);

export const attempt: fc.Arbitrary<Attempt> = fc
  .record(
    {
      process,
      flow: fc.record(
        {
          protocol: fc.constantFrom('tcp', 'tcp', 'udp', 'icmp', 'icmpv6', 'raw', 'packet'),
          direction: fc.constantFrom('out', 'out', 'in', 'forward'),
          local: endpoint,
          remote: endpoint,
          interface: fc.constantFrom('eth0', 'lo', 'wg0'),
          icmp: fc.constantFrom({ type: 8, code: 0 }, { type: 133, code: 0 }),
        },
        { requiredKeys: ['protocol', 'remote'] },
      ),
      names: fc.array(
        fc.record({
          name: fc.constantFrom('a.example', 'b.a.example', 'example', 'x.test', 'else.where'),
          from: fc.constantFrom(...nameSources),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['flow'] },
  )
  .map((json) => attemptFromJson(json as unknown as AttemptJson));
