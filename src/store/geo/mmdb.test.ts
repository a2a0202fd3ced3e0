// MaxMind DB files: the shapes that their makers use, another library as a witness, and files made to do harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { compileGeo } from '#geo/build.ts';
import { type GeoTable, parseGeo } from '#geo/flat.ts';
import { type Address, addressToBytes, formatAddress, ipv4, parseAddress } from '#model/net/address.ts';
import type { SourceHalves } from './halves.ts';
import {
  DataWriter,
  formatMetadata,
  formatMmdb,
  formatNode,
  type Network,
  Pointer,
  type Value,
} from './mmdb.testing.ts';
import { parseMmdb } from './mmdb.ts';
import { MmdbData } from './mmdbdata.ts';

const sizes = [24, 28, 32] as const;

function at(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address, text);
  return address;
}

/** `1.0.0.0/8` to its bits. */
function network(prefix: string, record: Value): Network {
  const [text = '', length] = prefix.split('/');
  const address = at(text);
  const bits = [...addressToBytes(address)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return { bits: bits.slice(0, Number(length)), family: address.family, record };
}

function halves(bytes: Uint8Array): SourceHalves {
  const parsed = parseMmdb(bytes, 'test.mmdb');
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

function tableOf({ countries, networks }: SourceHalves): GeoTable {
  const table = parseGeo(compileGeo(countries, networks));
  assert.ok(table.ok);
  return table.value;
}

const error = (bytes: Uint8Array): string => {
  const parsed = parseMmdb(bytes, 'test.mmdb');
  return parsed.ok ? 'none' : parsed.error;
};

test('countries are read in the shapes of their makers', () => {
  const shapes: readonly (readonly [Value, string | undefined])[] = [
    [
      { country: { geoname_id: 1, iso_code: 'DE', names: { en: 'Germany' } }, registered_country: { iso_code: 'FR' } },
      'DE',
    ],
    [{ continent: { code: 'EU' }, registered_country: { iso_code: 'FR' } }, 'FR'],
    [{ country: 'NL', country_name: 'Netherlands', continent: 'EU' }, 'NL'],
    [{ country: 'Netherlands', country_code: 'NL', asn: 'AS1' }, 'NL'],
    [{ country: 'nl' }, 'NL'],
    [{ country: { iso_code: 'EU' }, registered_country: { iso_code: 'FR' } }, undefined],
    [{ country: { iso_code: 'A1' } }, undefined],
    [{ country: { iso_code: 1 } }, undefined],
    [{ country: [{ iso_code: 'DE' }] }, undefined],
    [{ city: { names: { en: 'DE' } }, is_in_european_union: true, location: [1, 2, { country: 'DE' }] }, undefined],
    ['DE', undefined],
    [{}, undefined],
    [{ country: new Pointer({ iso_code: new Pointer('DE') }) }, 'DE'],
    [{ '': 'x', ['k'.repeat(400)]: 'v'.repeat(70_000), country: 'DE' }, 'DE'],
  ];
  for (const [record, expected] of shapes) {
    const table = tableOf(halves(formatMmdb([network('20.0.0.0/8', record)], { recordSize: 24, ipVersion: 4 })));
    assert.equal(table.country(at('20.1.2.3')), expected, JSON.stringify(record).slice(0, 100));
    assert.equal(table.country(at('21.0.0.0')), undefined);
  }
});

test('network numbers are read in the shapes of their makers', () => {
  const shapes: readonly (readonly [Value, number | undefined, string | undefined])[] = [
    [{ autonomous_system_number: 13335, autonomous_system_organization: 'CLOUDFLARENET' }, 13335, 'CLOUDFLARENET'],
    [{ asn: 'AS15169', as_name: 'Google LLC', as_domain: 'google.com' }, 15169, 'Google LLC'],
    [{ asn: 'AS15169', name: 'Google' }, 15169, 'Google'],
    [{ asn: 64496 }, 64496, undefined],
    [{ asn: '4294967294' }, 4294967294, undefined],
    [{ asn: '' }, undefined, undefined],
    [{ asn: 'AS99999999999' }, undefined, undefined],
    [{ asn: 0 }, undefined, undefined],
    [{ autonomous_system_number: 4294967295 }, undefined, undefined],
    [{ traits: { autonomous_system_number: 5, autonomous_system_organization: 'five' } }, 5, 'five'],
    [{ traits: { traits: { autonomous_system_number: 5 } } }, undefined, undefined],
  ];
  for (const [record, number, name] of shapes) {
    const table = tableOf(halves(formatMmdb([network('20.0.0.0/8', record)], { recordSize: 32, ipVersion: 4 })));
    assert.equal(table.network(at('20.1.2.3')), number, JSON.stringify(record));
    assert.equal(table.networkName(number ?? 1), name);
  }
});

test('the source has the type, the day and the name of the file', () => {
  const bytes = formatMmdb([network('20.0.0.0/8', { country: 'DE' })], {
    recordSize: 24,
    ipVersion: 4,
    type: 'GeoLite2-Country',
    epoch: 1793145600,
  });
  const found = halves(bytes);
  assert.deepEqual(found.countries?.source, {
    name: 'GeoLite2-Country',
    date: '2026-10-28',
    licence: '',
    file: 'test.mmdb',
  });
  assert.equal(found.networks, undefined);
});

test('both families are found, and the places that stand for IPv4 are walked once', () => {
  for (const recordSize of sizes) {
    const networks = [
      network('20.0.0.0/8', { country: 'DE' }),
      network('21.128.0.0/9', { country: 'DE' }),
      network('2a00::/16', { country: 'FR' }),
      network('2b00:1:2:3:4::/80', { country: 'SE' }),
      network('2b00:1:2:3:5::1/128', { country: 'NO' }),
    ];
    const found = halves(formatMmdb(networks, { recordSize, ipVersion: 6, aliases: true }));
    assert.equal(found.countries?.v4.length, 2);
    assert.equal(found.countries?.v6.length, 3);
    const table = tableOf(found);
    const answers = [
      '20.1.1.1',
      '21.1.1.1',
      '21.128.0.0',
      '2a00::1',
      '2b00:1:2:3:4::9',
      '2b00:1:2:3:5::1',
      '2b00:1:2:3:5::2',
    ];
    assert.deepEqual(
      answers.map((text) => table.country(at(text))),
      ['DE', undefined, 'DE', 'FR', 'SE', 'NO', undefined],
    );
    assert.equal(table.country(at('2002:1400:1::1')), 'DE');
  }
});

test('another library finds the same at every address', () => {
  const bits = (family: 4 | 6) =>
    fc
      .tuple(
        family === 4 ? fc.constant('00010100') : fc.constant('0010101000000000'),
        fc.array(fc.boolean(), { maxLength: family === 4 ? 12 : 60 }),
      )
      .map(([base, more]) => base + more.map((bit) => (bit ? '1' : '0')).join(''));
  const code = fc.constantFrom('DE', 'FR', 'US');
  const entry = fc.oneof(
    fc.tuple(fc.constant(4 as const), bits(4), code),
    fc.tuple(fc.constant(6 as const), bits(6), code),
  );
  const property = fc.property(
    fc.array(entry, { minLength: 1, maxLength: 12 }),
    fc.constantFrom(...sizes),
    (entries, recordSize) => {
      // None within another: the writer does not split.
      const networks: Network[] = [];
      for (const [family, prefix, iso_code] of entries) {
        const apart = networks.every(
          (other) => other.family !== family || (!other.bits.startsWith(prefix) && !prefix.startsWith(other.bits)),
        );
        if (apart) networks.push({ family, bits: prefix, record: { country: { iso_code } } });
      }
      const bytes = formatMmdb(networks, { recordSize, ipVersion: 6 });
      const table = tableOf(halves(bytes));
      const witness = new Reader<CountryResponse>(Buffer.from(bytes));
      for (const { family, bits: prefix } of networks) {
        const first = BigInt(`0b${prefix.padEnd(family === 4 ? 32 : 128, '0')}`);
        const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix.length);
        for (const value of [first - 1n, first, first + size / 2n, first + size - 1n, first + size]) {
          const word = (index: bigint) => Number((value >> (32n * index)) & 0xffffffffn);
          const address: Address =
            family === 4 ? ipv4(Number(value)) : { family, w0: word(3n), w1: word(2n), w2: word(1n), w3: word(0n) };
          assert.equal(
            table.country(address),
            witness.get(formatAddress(address))?.country?.iso_code,
            formatAddress(address),
          );
        }
      }
    },
  );
  fc.assert(property, { numRuns: 400 });
});

/** One node, whose two records are as given, and data. */
const oneNode = (zero: number, one: number, data: readonly number[], nodes = 1): Uint8Array =>
  Uint8Array.from([
    ...formatNode(zero, one, 24),
    ...new Array<number>(16).fill(0),
    ...data,
    ...formatMetadata({ nodes, recordSize: 24, ipVersion: 4 }),
  ]);

test('what is wrong with a file is told', () => {
  const good = formatMmdb([network('20.0.0.0/8', { country: 'DE' })], { recordSize: 24, ipVersion: 4 });
  assert.equal(error(good), 'none');
  assert.equal(error(new Uint8Array(0)), 'it is no MaxMind DB file');
  assert.equal(error(good.subarray(0, good.length - 200)), 'it is no MaxMind DB file');
  assert.match(error(good.subarray(0, good.length - 3)), /^its metadata are damaged: /);
  assert.equal(
    error(oneNode(0, 1, [])),
    'it is damaged: its search tree has a loop, or a branch that two places share',
  );
  assert.equal(error(oneNode(1, 1, [0xe0], 100_000)), 'it is damaged: its search tree does not fit into it');
  assert.equal(error(oneNode(5, 1, [0xe0])), 'it is damaged: a value in it is beyond its end');
  assert.equal(error(oneNode(1000, 1, [0xe0])), 'it is damaged: a value in it is beyond its end');
  // Maps whose members are not there, a pointer to itself, a type that there is not, a key that is a number.
  assert.equal(error(oneNode(17, 1, [0xff, 0xff, 0xff, 0xff])), 'it is damaged: a value in it is beyond its end');
  assert.equal(error(oneNode(17, 1, [0x20, 0])), 'it is damaged: a pointer in it leads to another pointer');
  assert.equal(
    error(oneNode(17, 1, [0xe1, 0x41, 0x61, 0x00, 0x20])),
    'it is damaged: a value in it has the type 39, which there is not',
  );
  assert.equal(error(oneNode(17, 1, [0xe1, 0xc1, 1, 0x41, 0x61])), 'it is damaged: a key in it is no text');
  const other = formatMmdb([network('20.0.0.0/8', {})], { recordSize: 24, ipVersion: 4, version: 3 });
  assert.equal(error(other), 'it has version 3 of the MaxMind DB format, and 2 is wanted');
});

test('all bits of a record count, of either side and each size', () => {
  for (const recordSize of sizes) {
    const high = recordSize === 24 ? 0xff0001 : 0x5000001;
    const file = (zero: number, one: number) =>
      Uint8Array.from([
        ...formatNode(zero, one, recordSize),
        ...new Array<number>(16).fill(0),
        ...formatMetadata({ nodes: 1, recordSize, ipVersion: 4 }),
      ]);
    assert.equal(error(file(1, 1)), 'none');
    assert.equal(error(file(high, 1)), 'it is damaged: a value in it is beyond its end');
    assert.equal(error(file(1, high)), 'it is damaged: a value in it is beyond its end');
  }
});

test('the work is bounded by the values that may be looked at', () => {
  const data = new DataWriter();
  data.add({ a: 1, b: [1, 2, 3], country: 'DE' });
  const look = (steps: number) => {
    const reader = new MmdbData(Uint8Array.from(data.bytes), 0, data.bytes.length, steps);
    const [place = -1] = reader.members(0, ['country']);
    return [reader.text(place), reader.problem];
  };
  assert.deepEqual(look(1000), ['DE', undefined]);
  assert.deepEqual(look(10), [undefined, 'there is more in it than anyone needs']);
});

test('a tree deeper than an address, and maps within maps without end, are told', () => {
  // 33 nodes, each leading to the next.
  const nodes = Array.from({ length: 40 }, (_, index) => formatNode(index + 1, 40, 24)).flat();
  const deep = Uint8Array.from([
    ...nodes,
    ...new Array<number>(16).fill(0),
    0xe0,
    ...formatMetadata({ nodes: 40, recordSize: 24, ipVersion: 4 }),
  ]);
  assert.equal(error(deep), 'it is damaged: its search tree is deeper than an address is long');
  // A million maps, each within the one before: nothing recurses into what nobody wants.
  const nested = oneNode(17, 1, [
    0xe1,
    0x41,
    0x61,
    ...new Array<number>(300_000).fill(0).flatMap(() => [0xe1, 0x41, 0x61]),
    0xe0,
  ]);
  assert.equal(error(nested), 'none');
});

test('whatever bytes come, nothing throws and every answer is one', () => {
  const sample = formatMmdb(
    [
      network('20.0.0.0/8', {
        country: { iso_code: 'DE', names: { en: new Pointer('Germany') } },
        asn: 'AS13335',
        as_name: 'x',
      }),
      network('21.0.0.0/12', new Pointer({ country: 'FR', autonomous_system_number: 5 })),
      network('2a00:1::/32', {
        registered_country: new Pointer({ iso_code: 'SE' }),
        list: [1, true, { a: 2n ** 60n }],
      }),
    ],
    { recordSize: 28, ipVersion: 6, aliases: true },
  );
  const interesting = fc.oneof(fc.constantFrom(0, 1, 0x20, 0x41, 0xe1, 0xff, 0x1f, 0x3f), fc.nat(255));
  const edits = fc.array(fc.tuple(fc.nat(sample.length - 1), interesting), { minLength: 1, maxLength: 5 });
  let told = 0;
  const property = fc.property(edits, fc.nat(20), (changes, cut) => {
    const bytes = sample.slice(0, cut === 0 ? sample.length - ((changes.length * 37) % sample.length) : sample.length);
    for (const [index, value] of changes) bytes[index % bytes.length] = value;
    const parsed = parseMmdb(bytes, 'x');
    if (!parsed.ok) {
      told += 1;
      assert.match(parsed.error, /^(it is|its|it has) /);
      return;
    }
    for (const half of [parsed.value.countries, parsed.value.networks]) {
      assert.ok(half === undefined || half.v4.length + half.v6.length <= 600);
    }
  });
  const runs = process.env.POSTERN_LONG === '1' ? 1_000_000 : 100_000;
  fc.assert(property, { numRuns: runs });
  assert.ok(told > runs / 10, `${told} of ${runs} were told to be damaged`);
});
