// Whatever policy the schema lets through: it is compiled, or refused with a sentence, and it decides without a throw.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { controlMessageSchema } from '#model/messages.ts';
import { failModes, modes } from '#model/mode.ts';
import { actions, conditionsSchema, origins } from '#model/rule.ts';
import { attempt } from '#policy/arbitrary.ts';
import { noPlaces } from '#policy/match/places.ts';
import { compile } from './compile.ts';

const nasty = [
  ...[
    '*',
    '**',
    '?',
    '[',
    ']',
    '[]',
    '[!]',
    '[a-',
    '[z-a]',
    '{',
    '}',
    '{,}',
    '{a,{b,c}}',
    '\\',
    '[~]\\',
    '~',
    '~(',
    '~[',
    '~^$',
  ],
  ...['~(?i)x', '~(a{1000}){1000}', '~(((((', '{'.repeat(500), '{a,b}'.repeat(9), '[a'.repeat(100), '*a'.repeat(200)],
  ...[
    '/',
    '//',
    '/../..',
    '/usr/**',
    'a\u0000b',
    '\u202e',
    '\ud800',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
  ],
  ...[
    'any',
    'lan',
    'internet',
    'any:',
    ':',
    '::',
    '::/0',
    '::/129',
    '0.0.0.0/0',
    '10.0.0.1/8',
    'example.com',
    '*.example.com:443',
    '.com',
    'list:ads',
    'country:DE',
    'as:13335',
    'a..b',
    '10.0.0.0/33',
    '1.2.3.4:70000',
  ],
  ...[
    '[::1]:443',
    '[::1',
    '::ffff:1.2.3.4',
    '1.2.3.4:9-1',
    'any:0-65535',
    '443',
    '9-1',
    '0-99999',
    '65536',
    '"; drop; "',
    '}',
    '-',
  ],
];
const scalar = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...nasty) },
  fc.string({ maxLength: 20, unit: 'binary' }),
  fc.constantFrom<unknown>(0, 1, 17, 58, 255, 256, 65535, 0xfffffffe, 'tcp', 'icmp', 'raw', 'out', 'in', 'forward'),
);
const app = fc.record(
  {
    ...Object.fromEntries(
      ['path', 'script', 'package', 'unit', 'flatpak', 'snap', 'appimage'].map((key) => [key, scalar]),
    ),
    container: scalar,
    sha256: fc.constant('a'.repeat(64)),
    kernel: fc.constant(true),
    pid: fc.constantFrom(1, 2 ** 22),
    startTime: fc.constantFrom('0', '9'.repeat(20)),
  },
  { requiredKeys: [] },
);
const value = fc.oneof({ weight: 3, arbitrary: scalar }, fc.array(scalar, { maxLength: 4 }), app);
const keys = Object.keys(conditionsSchema.shape);

const record = fc
  .record({
    conditions: fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 4, selector: ([key]) => key }),
    name: fc.constantFrom('a', 'b', '0', 'x'.repeat(128), 'constructor'),
    action: fc.constantFrom(...actions),
    origin: fc.constantFrom(...origins),
    until: fc.constantFrom(undefined, '2026-12-31', '0000-01-01', '9999-12-31T23:59:60Z', '2026-12-31T10:00+99:00'),
    priority: fc.constantFrom(undefined, -1000, 1000),
  })
  .map(({ conditions, origin, ...rule }) => ({ rule: { ...Object.fromEntries(conditions), ...rule }, origin }));

const message = fc.record({
  type: fc.constant('policy'),
  request: fc.constant(1),
  revision: fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER),
  rules: fc.array(record, { maxLength: 4 }),
  disabled: fc.array(fc.constantFrom('a', 'constructor'), { maxLength: 1 }),
  resolvers: fc.constantFrom([], ['192.0.2.53', 'x']),
  places: fc.constant({ geo: null, lists: null }),
  where: fc.constant({}),
  runs: fc.array(
    fc.record({
      id: fc.constantFrom('k3f9', 'constructor'),
      rules: fc.array(
        record.map(({ rule }) => rule),
        { maxLength: 3 },
      ),
      ask: fc.boolean(),
      learn: fc.boolean(),
      namesPort: fc.constantFrom(null, 1, 65_535),
      strict: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  aliases: fc.dictionary(fc.constantFrom(...nasty), fc.constantFrom(...nasty), { maxKeys: 2 }),
  accounts: fc.constant({ users: { root: 0, constructor: 7 }, groups: { noinet: 7 } }),
  settings: fc.record({
    mode: fc.constantFrom(...modes),
    failMode: fc.constantFrom(...failModes),
    forward: fc.boolean(),
    holdSeconds: fc.constant(30),
  }),
});

test('no policy makes the compiler throw, and what is compiled decides', () => {
  const seen = { refused: 0, compiled: 0 };
  fc.assert(
    fc.property(message, attempt, (json, asked) => {
      const parsed = controlMessageSchema.safeParse(json);
      if (!parsed.success || parsed.data.type !== 'policy') return;
      const compiled = compile(parsed.data, noPlaces);
      if (!compiled.ok) {
        seen.refused += 1;
        assert.doesNotMatch(compiled.error, /fault of Postern/);
        return;
      }
      seen.compiled += 1;
      const { policy, kernelLines } = compiled.value;
      policy.decide(asked, 1000);
      policy.explain(asked, 1000);
      for (const line of Object.values(kernelLines).flat()) assert.match(line, /^[ -~]+$/);
    }),
    { numRuns: 3000 },
  );
  assert.ok(seen.refused > 20 && seen.compiled > 200, JSON.stringify(seen));
});

test('a policy that makes the compiler throw is refused with a sentence', () => {
  const settings = { mode: 'ask', failMode: 'known', forward: false, holdSeconds: 30 } as const;
  const compiled = compile(
    {
      ...{
        type: 'policy',
        request: 1,
        revision: 1,
        rules: [],
        disabled: [],
        aliases: {},
        resolvers: [],
        places: { geo: null, lists: null },
        where: {},
        runs: [],
        settings,
      },
      get accounts(): never {
        throw new RangeError('too deep');
      },
    },
    noPlaces,
  );
  assert.ok(!compiled.ok);
  assert.match(compiled.error, /could not be compiled.*too deep/);
});
