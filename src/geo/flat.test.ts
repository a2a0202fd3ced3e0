// A table against a list that is walked from end to end, and what damage does to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, formatAddress, ipv4, parseAddress, parsePrefix } from '#model/net/address.ts';
import { compileGeo, type GeoHalf } from './build.ts';
import { type GeoTable, noGeo, parseGeo, parseHalves } from './flat.ts';
import { checksum, packCountry } from './layout.ts';
import { Ranges } from './ranges.ts';
import { formatSource, type GeoSource } from './source.ts';
import { lastOf, wordsOf } from './special.ts';
import { compareWords } from './words.ts';

const source: GeoSource = { name: 'Somebody’s data', date: '2026-10-28', licence: 'CC BY-SA 4.0', file: 'geoip' };

type Row = readonly [start: string, end: string, value: string | number];

/** A half from rows of addresses, or prefixes where the end is empty. */
function half(rows: readonly Row[]): GeoHalf {
  const made = { source, v4: new Ranges(1), v6: new Ranges(4) };
  for (const [start, end, value] of rows) {
    const prefix = parsePrefix(start);
    assert.ok(!('error' in prefix), start);
    const ranges = prefix.address.family === 4 ? made.v4 : made.v6;
    const last = end === '' ? lastOf(prefix) : wordsOf(at(end));
    ranges.add(wordsOf(prefix.address), last, typeof value === 'string' ? packCountry(value) : value);
  }
  assert.equal(made.v4.refused + made.v6.refused, 0);
  return made;
}

function at(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address, text);
  return address;
}

function open(bytes: Uint8Array): GeoTable {
  const parsed = parseGeo(bytes);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

const countries = (...rows: Row[]): GeoTable => open(compileGeo(half(rows), undefined));

test('of prefixes within one another the longest wins, in whatever order they came', () => {
  const rows: Row[] = [
    ['20.0.0.0/8', '', 'US'],
    ['20.1.0.0/16', '', 'DE'],
    ['20.1.2.0/24', '', 'FR'],
    ['20.1.2.128', '20.1.2.128', 'NL'],
    ['2a00::/16', '', 'SE'],
    ['2a00:1::/32', '', 'NO'],
    ['2a00:1:2:3:4::/80', '', 'FI'],
  ];
  for (const order of [rows, [...rows].reverse()]) {
    const table = countries(...order);
    const found = (text: string) => table.country(at(text));
    assert.deepEqual(['19.255.255.255', '20.0.0.0', '20.0.255.255', '21.0.0.0'].map(found), [
      undefined,
      'US',
      'US',
      undefined,
    ]);
    assert.deepEqual(['20.1.0.0', '20.1.1.255', '20.1.2.0', '20.1.2.127'].map(found), ['DE', 'DE', 'FR', 'FR']);
    assert.deepEqual(['20.1.2.128', '20.1.2.129', '20.1.3.0', '20.2.0.0'].map(found), ['NL', 'FR', 'DE', 'US']);
    assert.deepEqual(['2a00::', '2a00:1::', '2a00:1:2:3::', '2a00:1:2:3:4::'].map(found), ['SE', 'NO', 'NO', 'FI']);
    assert.deepEqual(
      ['2a00:1:2:3:4:ffff:ffff:ffff', '2a00:1:2:3:5::', '2a00:1:2:4::', '2a00:2::', '2a01::'].map(found),
      ['FI', 'NO', 'NO', 'SE', undefined],
    );
  }
});

test('of equal ranges the later wins, also over what says nothing, and neighbours of one value are one', () => {
  const table = countries(['20.0.0.0/8', '', 'US'], ['20.0.0.0/8', '', 'DE']);
  assert.equal(table.country(at('20.1.1.1')), 'DE');
  const split = compileGeo(
    half([
      ['20.0.0.0/9', '', 'US'],
      ['20.128.0.0/9', '', 'US'],
    ]),
    undefined,
  );
  const whole = compileGeo(half([['20.0.0.0/8', '', 'US']]), undefined);
  assert.deepEqual(split, whole);
});

test('the last address of each family is no end to fall from', () => {
  const table = countries(
    ['2a00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'SE'],
    ['223.0.0.0', '255.255.255.255', 'JP'],
  );
  assert.equal(table.country(at('3000::1')), 'SE');
  assert.equal(table.country(at('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')), undefined, 'multicast');
  assert.deepEqual([table.country(at('223.255.255.255')), table.country(at('255.255.255.255'))], ['JP', undefined]);
});

test('special addresses have no country whatever the source says, and carriers have that of the IPv4 address within', () => {
  const everywhere = countries(
    ['0.0.0.0', '255.255.255.255', 'DE'],
    ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'FR'],
    ['8.0.0.0/8', '', 'US'],
    // As specific as it gets.
    ['10.1.2.3', '10.1.2.3', 'NL'],
    ['fd00::1', 'fd00::1', 'NL'],
  );
  const none = `0.1.2.3 10.1.2.3 100.64.0.1 127.0.0.1 169.254.1.1 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.168.1.1
    198.18.0.1 198.51.100.1 203.0.113.255 224.0.0.251 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 fe80::1 fc00::1 fd00::1 ff02::fb 2001:db8::1 3fff::1 2001::1 100::1 fec0::1 64:ff9b:1::1 64:ff9b::a01:203 2002:a01:203::1`;
  for (const text of none.split(/\s+/)) assert.equal(everywhere.country(at(text)), undefined, text);
  const some: Record<string, string> = {
    '9.255.255.255': 'DE',
    '11.0.0.0': 'DE',
    '172.15.255.255': 'DE',
    '172.32.0.0': 'DE',
    '223.255.255.255': 'DE',
    '2001:4860:4860::8888': 'FR',
    '2001:db7:ffff::': 'FR',
    '2001:db9::': 'FR',
    '64:ff9b::808:808': 'US',
    '2002:808:808::1': 'US',
    '2002:909:909::1': 'DE',
  };
  for (const [text, code] of Object.entries(some)) assert.equal(everywhere.country(at(text)), code, text);
  assert.equal(everywhere.country({ family: 6, w0: 0, w1: 0, w2: 0xffff, w3: 0x08080808 }), 'US', 'v4-mapped');
});

test('networks have their numbers and names, and each half its own source', () => {
  const networks = {
    ...half([
      ['1.1.1.0/24', '', 13335],
      ['8.8.8.0/24', '', 15169],
      ['9.9.9.9', '9.9.9.9', 4294967294],
    ]),
    source: { ...source, name: 'other' },
    names: new Map([
      [13335, 'CLOUDFLARENET'],
      [15169, 'GOO\u001b[1mGLE'],
      [7, 'not there'],
    ]),
  };
  const table = open(compileGeo(half([['1.0.0.0/8', '', 'AU']]), networks));
  assert.deepEqual(
    ['1.1.1.1', '8.8.8.8', '9.9.9.9', '1.1.2.1'].map((text) => table.network(at(text))),
    [13335, 15169, 4294967294, undefined],
  );
  assert.deepEqual(
    [13335, 15169, 4294967294, 7, 0].map((number) => table.networkName(number)),
    ['CLOUDFLARENET', 'GOO\\x1b[1mGLE', undefined, undefined, undefined],
  );
  assert.deepEqual([table.country(at('1.1.1.1')), table.country(at('8.8.8.8'))], ['AU', undefined]);
  assert.deepEqual(table.countrySource, source);
  assert.equal(table.networkSource?.name, 'other');
  assert.equal(formatSource(source), 'Somebody’s data of 2026-10-28 (geoip, CC BY-SA 4.0)');
  assert.equal(formatSource({ name: 'x', date: '', licence: '', file: '' }), 'x');
});

test('a half goes from one file into another as it is', () => {
  const first = compileGeo(
    half([
      ['1.0.0.0/8', '', 'AU'],
      ['2a00:1:2:3:4::/80', '', 'FI'],
    ]),
    { ...half([['1.0.0.0/8', '', 5]]), names: new Map() },
  );
  const second = compileGeo(undefined, { ...half([['1.0.0.0/8', '', 70000]]), names: new Map([[70000, 'seventy']]) });
  const [a, b] = [parseHalves(first), parseHalves(second)];
  assert.ok(a.ok && b.ok);
  assert.equal(b.value.countries, undefined);
  const table = open(compileGeo(a.value.countries, b.value.networks));
  assert.deepEqual(
    [table.country(at('1.1.1.1')), table.network(at('1.1.1.1')), table.networkName(70000)],
    ['AU', 70000, 'seventy'],
  );
  assert.equal(table.country(at('2a00:1:2:3:4::1')), 'FI');
});

test('without a table nothing is known', () => {
  for (const table of [noGeo, open(compileGeo(undefined, undefined))]) {
    assert.deepEqual(
      [table.country(at('8.8.8.8')), table.network(at('8.8.8.8')), table.networkName(1), table.countrySource],
      [undefined, undefined, undefined, undefined],
    );
  }
});

// Few addresses, so that ranges meet, nest and cross; the fine ones are within one or two blocks of /64.
const word = fc.constantFrom(0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff);
const v4 = fc.oneof(
  fc.nat(40).map((n) => ipv4(0x14000000 + n)),
  word.map((w) => ipv4(w)),
);
const v6 = fc
  .tuple(fc.constantFrom(0x2a000000, 0x2a000001, 0xfeffffff), fc.constantFrom(0, 1, 0xffffffff), word, word)
  .map(([w0, w1, w2, w3]): Address => ({ family: 6, w0, w1, w2, w3 }));
const pair = (address: fc.Arbitrary<Address>) =>
  fc.tuple(address, address).map(([a, b]) => {
    const backwards = compareWords(wordsOf(a), 0, wordsOf(b), 0, a.family === 4 ? 1 : 4) > 0;
    return backwards ? ([b, a] as const) : ([a, b] as const);
  });
const few = fc.array(fc.tuple(fc.oneof(pair(v4), pair(v6)), fc.nat(3)), { maxLength: 12 });

// So many, and so short, that the search has to go by its marks.
const near = (address: fc.Arbitrary<Address>) =>
  fc.tuple(address, fc.nat(3)).map(([start, more]) => [start, { ...start, w3: (start.w3 | more) >>> 0 }] as const);
const spread4 = fc.nat(3000).map((n) => ipv4(0x14000000 + n));
const spread6 = fc
  .nat(3000)
  .map((n): Address => ({ family: 6, w0: 0x2a000000, w1: n >> 3, w2: n & 4 ? 1 : 0, w3: n & 3 }));
const many = fc.array(fc.tuple(fc.oneof(near(spread4), near(spread6)), fc.nat(3)), { minLength: 400, maxLength: 500 });
const ranges = fc.oneof({ weight: 150, arbitrary: few }, { weight: 1, arbitrary: many });

/** The plain way: of all ranges that hold the address the one that wins, by looking at each. */
function reference(
  all: readonly (readonly [readonly [Address, Address], number])[],
  address: Address,
): number | undefined {
  let best: readonly [readonly [Address, Address], number] | undefined;
  const compare = (a: Address, b: Address) => compareWords(wordsOf(a), 0, wordsOf(b), 0, a.family === 4 ? 1 : 4);
  for (const range of all) {
    const [[start, end]] = range;
    if (start.family !== address.family || compare(start, address) > 0 || compare(end, address) < 0) continue;
    const order = best === undefined ? 1 : compare(start, best[0][0]) || compare(best[0][1], end);
    if (order >= 0) best = range;
  }
  return best === undefined || best[1] === 0 ? undefined : best[1];
}

const special = open(
  compileGeo(
    half([
      ['0.0.0.0', '255.255.255.255', 'DE'],
      ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'DE'],
    ]),
    undefined,
  ),
);

test('a table answers as the list does, at each address where anything begins or ends', () => {
  const property = fc.property(ranges, fc.array(fc.oneof(v4, v6), { maxLength: 20 }), (all, more) => {
    const made = { source, v4: new Ranges(1), v6: new Ranges(4), names: new Map<number, string>() };
    for (const [[start, end], value] of all)
      (start.family === 4 ? made.v4 : made.v6).add(wordsOf(start), wordsOf(end), value);
    const table = open(compileGeo(undefined, made));
    const beside = ({ family, w0, w1, w2, w3 }: Address): Address[] =>
      family === 4
        ? [ipv4(w3 - 1), ipv4(w3 + 1)]
        : [
            { family, w0, w1, w2, w3: (w3 + 1) >>> 0 },
            { family, w0, w1, w2: (w2 - 1) >>> 0, w3: 0xffffffff },
            { family, w0, w1: (w1 + 1) >>> 0, w2: 0, w3: 0 },
          ];
    for (const address of [...all.flatMap(([edges]) => edges.flatMap((edge) => [edge, ...beside(edge)])), ...more]) {
      const wanted = special.country(address) === undefined ? undefined : reference(all, address);
      assert.equal(table.network(address), wanted, formatAddress(address));
    }
  });
  fc.assert(property, { numRuns: 2000 });
});

const sample = compileGeo(
  half([
    ['20.0.0.0/8', '', 'US'],
    ['20.1.0.0/16', '', 'DE'],
    ['2a00:1::/32', '', 'NO'],
    ['2a00:1:2:3:4::/80', '', 'FI'],
  ]),
  {
    ...half([
      ['20.0.0.0/8', '', 64496],
      ['2a00:1:2:3:4::/80', '', 13335],
    ]),
    names: new Map([
      [64496, 'one'],
      [13335, 'two'],
    ]),
  },
);
const asked = ['20.1.1.1', '20.2.2.2', '2a00:1:2:3:4::', '2a00:1::', '255.255.255.255', '::'].map(at);

/** Damage is told, or is none: nothing throws. */
function tryDamaged(bytes: Uint8Array): boolean {
  const parsed = parseGeo(bytes);
  if (!parsed.ok) {
    assert.match(parsed.error, /^it (is|has) /);
    return false;
  }
  for (const address of asked) {
    assert.match(parsed.value.country(address) ?? 'DE', /^[A-Z]{2}$/);
    parsed.value.networkName(parsed.value.network(address) ?? 0);
  }
  return true;
}

test('each flipped bit and each cut of a file is found', () => {
  for (let bit = 0; bit < sample.length * 8; bit++) {
    const damaged = sample.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(tryDamaged(damaged), false, `bit ${bit}`);
  }
  for (let end = 0; end < sample.length; end++)
    assert.equal(tryDamaged(sample.subarray(0, end)), false, `cut at ${end}`);
  assert.equal(tryDamaged(sample), true);
});

test('a file that somebody changed, with a checksum that fits, is refused or harmless', () => {
  let refused = 0;
  const runs = process.env.POSTERN_LONG === '1' ? 1_000_000 : 100_000;
  const values = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0x7fffffff));
  const edits = fc.array(fc.tuple(fc.nat(sample.length / 4 - 1), values), { minLength: 1, maxLength: 3 });
  const property = fc.property(edits, fc.nat(3), (changes, lead) => {
    // At an odd place in its memory too.
    const memory = new Uint8Array(sample.length + lead);
    const words = new Uint32Array(sample.slice().buffer);
    for (const [index, value] of changes) if (index > 3) words[index] = value;
    words[3] = checksum(words.subarray(4));
    memory.set(new Uint8Array(words.buffer), lead);
    if (!tryDamaged(memory.subarray(lead))) refused += 1;
  });
  fc.assert(property, { numRuns: runs });
  assert.ok(refused > runs / 4, `${refused} of ${runs} were refused`);
});
