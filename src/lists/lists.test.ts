// The flat file against plain maps and scans, formats as they are found in the world, and damage.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '#model/net/address.ts';
import { ListBuilder } from './build.ts';
import { type ListSet, parseLists } from './flat.ts';
import { parseLine } from './line.ts';

const long = process.env.POSTERN_LONG !== undefined;
const encoder = new TextEncoder();

function listsOf(texts: Readonly<Record<string, string>>, seed = 7) {
  const builder = new ListBuilder([seed, 1]);
  const reports = Object.entries(texts).map(([name, text]) => builder.add(name, encoder.encode(text)));
  const bytes = builder.finish();
  const parsed = parseLists(bytes);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return { lists: parsed.value, reports, bytes };
}

const has = (lists: ListSet, name: string) => lists.has(0, name);

test('formats are known by their lines', () => {
  const samples: [format: string, text: string, has: string[], hasNot: string[], skipped: number][] = [
    [
      'hosts',
      '\ufeff# Title\r\n127.0.0.1 localhost\r\n0.0.0.0 0.0.0.0\r\n0.0.0.0 Ads.Example.COM # why\r\n::1 v6.example.com two.example.com\r\nnonsense here\r\n',
      ['ads.example.com', 'v6.example.com', 'two.example.com'],
      ['www.ads.example.com', 'localhost', 'example.com'],
      1,
    ],
    [
      'domains',
      'a.example\n; comment\nb.example.\nnot_a_name\nbücher.example\n',
      ['a.example', 'b.example', 'xn--bcher-kva.example'],
      ['x.a.example'],
      1,
    ],
    [
      'wildcards',
      '*.below.example\n.both.example\n',
      ['x.below.example', 'both.example', 'x.both.example'],
      ['below.example', 'notboth.example'],
      0,
    ],
    [
      'adblock',
      '[Adblock Plus 2.0]\n! Title: x\n||ads.example^\n@@||good.ads.example^\n||limited.example^$third-party\n||sure.example^$important\nexample.com##.ad\n/banner/*\n||part.example/path\n',
      ['ads.example', 'x.ads.example', 'sure.example'],
      ['good.ads.example', 'x.good.ads.example', 'limited.example', 'part.example', 'example.com'],
      4,
    ],
    [
      'dnsmasq',
      'address=/one.example/0.0.0.0\nserver=/two.example/three.example/\nlocal=/four.example/\nserver=/corp.example/10.0.0.1\n',
      ['one.example', 'x.two.example', 'three.example', 'four.example'],
      ['corp.example'],
      1,
    ],
  ];
  for (const [format, text, yes, no, skipped] of samples) {
    const { lists, reports } = listsOf({ sample: text });
    assert.equal(reports[0]?.format, format);
    assert.equal(reports[0]?.skipped, skipped, `${format}: ${JSON.stringify(reports[0]?.examples)}`);
    for (const name of yes) assert.ok(has(lists, name), `${format} has ${name}`);
    for (const name of no) assert.ok(!has(lists, name), `${format} has not ${name}`);
  }
});

test('addresses, prefixes and ranges of both families', () => {
  const { lists, reports } = listsOf({
    one: '192.0.2.0/24\n198.51.100.7\n203.0.113.5-203.0.113.9\n2001:db8::/32\n',
    two: '192.0.2.128/25\n0.0.0.0/0\n::/0\n10.0.0.300\n',
  });
  assert.deepEqual([reports[0]?.format, reports[1]?.skipped], ['addresses', 1]);
  const of = (text: string) => lists.findAddress(parseAddress(text) ?? assert.fail(text));
  assert.deepEqual(of('192.0.2.1'), [0, 1]);
  assert.deepEqual(of('192.0.3.1'), [1]);
  assert.deepEqual(of('203.0.113.9'), [0, 1]);
  assert.deepEqual(of('203.0.113.10'), [1]);
  assert.deepEqual(of('255.255.255.255'), [1]);
  assert.deepEqual(of('2001:db8:ffff::1'), [0, 1]);
  assert.deepEqual(of('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), [1]);
});

test('a skipped line is shown with its number and the reason', () => {
  const { reports } = listsOf({ one: 'a.example\n^(ad|track)s?\\.\nhalf a line\n' });
  assert.deepEqual(reports[0]?.examples, [
    { line: 2, text: '^(ad|track)s?\\.', why: 'a regular expression or pattern' },
    { line: 3, text: 'half a line', why: 'no line of a hosts file, which begins with an address' },
  ]);
});

const label = fc.constantFrom('a', 'b', 'c', 'xy', 'com');
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
const entry = fc.tuple(fc.constantFrom('', '*.', '.', '||', '@@||'), name);
const lineOf = ([front, domain]: readonly [string, string]) =>
  front.includes('|') ? `${front}${domain}^` : front + domain;

/** In plain words. */
function covers([front, domain]: readonly [string, string], asked: string): boolean {
  if (asked === domain) return front !== '*.';
  return front !== '' && asked.endsWith(`.${domain}`);
}

test('names are found as a plain scan finds them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(entry, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
      fc.array(name),
      fc.integer(),
      (all, asked, seed) => {
        const { lists } = listsOf(
          Object.fromEntries(all.map((entries, index) => [`l${index}`, entries.map(lineOf).join('\n')])),
          seed,
        );
        for (const one of asked) {
          all.forEach((entries, list) => {
            const covering = entries.filter((item) => covers(item, one));
            const expected = covering.length > 0 && !covering.some(([front]) => front === '@@||');
            assert.equal(lists.has(list, one), expected, `${one} in ${entries.map(lineOf)}`);
          });
          const found = new Set(lists.find(one).map(({ list, kind, entry: text }) => `${list} ${kind} ${text}`));
          const kinds = { '': 'exact', '*.': 'below', '.': 'both', '||': 'both', '@@||': 'except' } as const;
          const expected = all.flatMap((entries, list) =>
            entries
              .filter((item) => covers(item, one))
              .map(([front, domain]) => `${list} ${kinds[front as '']} ${domain}`),
          );
          assert.deepEqual([...found].sort(), [...new Set(expected)].sort());
        }
      },
    ),
  );
});

const address = fc.tuple(fc.constantFrom(10, 192), fc.nat(3), fc.nat(3), fc.nat(255)).map((parts) => parts.join('.'));

test('addresses are found as a plain scan finds them', () => {
  const range = fc.tuple(address, fc.constantFrom(8, 16, 23, 24, 30, 32)).map(([at, bits]) => ({ at, bits }));
  const wordOf = (text: string) => parseAddress(text)?.w3 ?? assert.fail(text);
  fc.assert(
    fc.property(
      fc.array(fc.array(range, { maxLength: 8 }), { minLength: 1, maxLength: 3 }),
      fc.array(address),
      (all, asked) => {
        const { lists } = listsOf(
          Object.fromEntries(
            all.map((ranges, index) => [`l${index}`, ranges.map(({ at, bits }) => `${at}/${bits}`).join('\n')]),
          ),
        );
        for (const one of asked) {
          const expected = all.flatMap((ranges, list) =>
            ranges.some(({ at, bits }) => wordOf(at) >>> (32 - bits) === wordOf(one) >>> (32 - bits)) ? [list] : [],
          );
          assert.deepEqual(
            lists.findAddress(parseAddress(one) ?? assert.fail()),
            expected,
            formatAddress(parseAddress(one) ?? assert.fail()),
          );
        }
      },
    ),
  );
});

test('a damaged file is refused or harmless', () => {
  const { bytes } = listsOf({ one: 'a.example\n||b.example^\n192.0.2.0/24\n2001:db8::/32\n', two: 'a.example\n' });
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 128]) {
      const copy = bytes.slice();
      copy[at] = (copy[at] as number) ^ bit;
      assert.ok(!parseLists(copy).ok, `byte ${at}`);
    }
    assert.ok(!parseLists(bytes.slice(0, at)).ok);
  }
});

test('no line throws, and what it says are names is fit to be one', () => {
  const nasty = fc.constantFrom(
    '||',
    '@@',
    '^',
    '$',
    '/',
    '*',
    '.',
    '#',
    '0.0.0.0 ',
    ' ',
    'a',
    '-',
    ':',
    '\u0000',
    '\u202e',
    'ü',
    'xn--',
    '[',
    '=/',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(nasty, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (line) => {
      const parsed = parseLine(line);
      if (parsed.type !== 'names') return;
      for (const one of parsed.names) assert.match(one, /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+$/);
    }),
    { numRuns: long ? 1_000_000 : 100_000 },
  );
});

test('lists overlap by their names', () => {
  const { lists } = listsOf({ one: 'a.b\nb.b\nc.c\n', two: 'b.b\n*.c.c\n' });
  assert.equal(lists.overlaps()[1], 2);
});
