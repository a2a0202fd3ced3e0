// Addresses and ranges in bulk, against the thorough reader of addresses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '#model/net/address.ts';
import { parseIpv6 } from './ipv6.ts';
import { parseRange, rangeHolds } from './range.ts';

const runs = process.env.POSTERN_LONG === undefined ? 20_000 : 1_000_000;

test('IPv6 is read as the thorough reader reads it', () => {
  const piece = fc.constantFrom(
    ':',
    '::',
    '0',
    'ffff',
    '1',
    'Ab',
    '12345',
    '192.0.2.1',
    '1.2.3.04',
    '.',
    '%',
    'g',
    '2001',
    'db8',
  );
  const text = fc.oneof(
    fc.ipV6().filter((one) => !one.includes('%')),
    fc.array(piece, { maxLength: 16 }).map((parts) => parts.join('')),
  );
  let read = 0;
  fc.assert(
    fc.property(text, (one) => {
      // `::192.0.2.1` is no mapped address (RFC 4291 2.5.5); and a zero before a digit may mean octal: the library reads both.
      if (/^::\d+\.|(^|[.:])0\d*\d\.|\.0\d/.test(one)) return;
      const expected = one.includes(':') ? parseAddress(one) : undefined;
      const found = parseIpv6(one);
      assert.deepEqual(found, expected, one);
      if (found !== undefined) read += 1;
    }),
    { numRuns: runs },
  );
  assert.ok(read > runs / 4);
});

const shown = (text: string) => {
  const range = parseRange(text);
  return range && `${formatAddress(range.first)} ${formatAddress(range.last)}`;
};

test('host bits are cut off, and mapped addresses are IPv4', () => {
  assert.equal(shown('2001:db8::1/32'), '2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff');
  assert.equal(shown('::/0'), ':: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
  assert.equal(shown('2001:db8::7/128'), '2001:db8::7 2001:db8::7');
  assert.equal(shown('::ffff:192.0.2.9/120'), '192.0.2.0 192.0.2.255');
  assert.equal(shown('192.0.2.9/24'), '192.0.2.0 192.0.2.255');
  for (const wrong of [
    '::ffff:192.0.2.9/90',
    '2001:db8::/129',
    '2001:db8::/',
    '192.0.2.0/33',
    '192.0.2.9-192.0.2.1',
    '192.0.2.1-2001:db8::1',
    '1:2:3:4:5:6:7::8',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3',
  ]) {
    assert.equal(shown(wrong), undefined, wrong);
  }
});

test('a range holds its ends and what is between', () => {
  const range = parseRange('2001:db8::5-2001:db8::1:2') ?? assert.fail();
  const holds = (text: string) => rangeHolds(range, parseAddress(text) ?? assert.fail(text));
  assert.deepEqual(
    ['2001:db8::4', '2001:db8::5', '2001:db8::ffff', '2001:db8::1:2', '2001:db8::1:3', '192.0.2.1'].map(holds),
    [false, true, true, true, false, false],
  );
});
