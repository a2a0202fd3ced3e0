// The country files of tor-geoipdb: lines as Debian's package has them, and lines made to do harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGeo } from '#geo/build.ts';
import { parseGeo } from '#geo/flat.ts';
import { wordsOf } from '#geo/special.ts';
import { parseAddress } from '#model/net/address.ts';
import { parseTorCsv, writtenAddress } from './torcsv.ts';

const head = `# This file has been converted from the IPFire Location database
# using Tor's geoip-db-tool, which is available in the
#
# Location Database Export
#
# Generated: Wed, 28 Oct 2026 04:40:23 GMT
# Vendor:    IPFire Project
# License:   CC BY-SA 4.0
#
`;
const geoip = `${head}15726992,15726999,??
16777216,16777471,AU
16777472,16778239,CN
16778240,16779263,AU
33996344,33996351,EU
`;
const geoip6 = `${head}2001::,2001:0:ffff:ffff:ffff:ffff:ffff:ffff,??
2001:4:112::,2001:4:112:ffff:ffff:ffff:ffff:ffff,US
2001:506:9::3,2001:506:9::3,CA
2001:506:9::5,2001:506:9::5,US
`;

const bytes = (text: string) => Buffer.from(text, 'latin1');

test('an excerpt is read, with its source', () => {
  const parsed = parseTorCsv(bytes(geoip), bytes(geoip6));
  assert.ok(parsed.ok);
  assert.equal(parsed.value.networks, undefined);
  const table = parseGeo(compileGeo(parsed.value.countries, undefined));
  assert.ok(table.ok);
  const source = {
    name: 'IPFire Project location database',
    date: '2026-10-28',
    licence: 'CC BY-SA 4.0',
    file: 'geoip, geoip6',
  };
  assert.deepEqual(table.value.countrySource, source);
  const country = (text: string) => {
    const address = parseAddress(text);
    assert.ok(address);
    return table.value.country(address);
  };
  assert.deepEqual(['0.240.0.0', '1.0.0.0', '1.0.0.255', '1.0.1.0', '1.0.4.0', '1.0.8.0'].map(country), [
    undefined,
    'AU',
    'AU',
    'CN',
    'AU',
    undefined,
  ]);
  assert.equal(country('2.6.190.57'), undefined, 'EU is no country');
  assert.deepEqual(
    ['2001:4:112::1', '2001:506:9::2', '2001:506:9::3', '2001:506:9::4', '2001:506:9::5', '2001:506:9::6'].map(country),
    ['US', undefined, 'CA', undefined, 'US', undefined],
  );
});

test('a line that is wrong is named', () => {
  const error = (four: string, six = '') => {
    const parsed = parseTorCsv(bytes(four), bytes(six));
    return parsed.ok ? 'none' : parsed.error;
  };
  assert.equal(error('1,2,DE'), 'none');
  assert.equal(error(''), 'none');
  for (const wrong of ['1,4294967296,DE', '1', 'x', '1,2,DE,', '-1,2,DE', '1.0.0.0,1.0.0.1,DE', '1,2,DE\r,'])
    assert.equal(error(`1,2,DE\n${wrong}\n`), 'line 2 of geoip is not made of two addresses and a country', wrong);
  assert.equal(error('', '2a00::,1.2.3.4,DE'), 'line 1 of geoip6 is not made of two addresses and a country');
  assert.equal(error('2,1,DE'), 'its ranges are backwards, or more than anyone needs');
  assert.equal(error(`\n\n${'1'.repeat(257)}`), 'line 3 of geoip is too long');
});

test('an address is read as everywhere else', () => {
  const group = fc.oneof(
    fc.constantFrom('0', 'ffff', '00000', 'g', '', 'A'),
    fc.nat(0xffff).map((value) => value.toString(16)),
  );
  const text = fc
    .array(group, { maxLength: 9 })
    .chain((groups) =>
      fc.constantFrom(
        groups.join(':'),
        groups.join(':').replace(':', '::'),
        `::${groups.join(':')}`,
        `${groups.join(':')}::`,
      ),
    );
  const property = fc.property(text, (written) => {
    const address = parseAddress(written);
    // A v4-mapped address is an IPv4 one elsewhere, and none of these.
    if (address?.family !== 4) assert.deepEqual(writtenAddress(written), address && wordsOf(address), written);
  });
  fc.assert(property, { numRuns: 3000 });
});

test('whatever text comes, nothing throws', () => {
  const edits = fc.array(
    fc.tuple(
      fc.nat(),
      fc.nat(3),
      fc.oneof(fc.constantFrom('\n', ',', ':', '#', '4294967295', '::', '\0', '\xff'), fc.string({ maxLength: 6 })),
    ),
    { minLength: 1, maxLength: 5 },
  );
  let told = 0;
  const cuts = 10;
  const none = new Uint8Array(0);
  const property = fc.property(edits, fc.boolean(), (changes, four) => {
    let text = (four ? geoip : geoip6).slice(head.length);
    for (const [place, length, inserted] of changes) {
      const at = place % (text.length + 1);
      text = text.slice(0, at) + inserted + text.slice(at + length);
    }
    // Each ends at several places.
    for (let cut = 0; cut < cuts; cut++) {
      const input = bytes(text.slice(0, text.length - ((cut * 23) % (text.length + 1))));
      const parsed = parseTorCsv(four ? input : none, four ? none : input);
      if (parsed.ok) continue;
      told += 1;
      assert.match(parsed.error, /^(line \d+ of geoip6? is |its ranges are )/);
    }
  });
  const runs = process.env.POSTERN_LONG === '1' ? 1_000_000 : 100_000;
  fc.assert(property, { numRuns: runs / cuts });
  assert.ok(told > runs / 4, `${told} of ${runs}`);
});
