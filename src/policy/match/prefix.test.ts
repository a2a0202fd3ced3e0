// Prefix tests and tables against the model's plain ones.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Address, formatPrefix, ipv4, ipv6, parsePrefix, prefixHolds, prefixOf } from '#model/net/address.ts';
import { scopeOf, scopePrefixes, scopes } from '#model/net/scope.ts';
import { formatDestination, parseDestination } from './destination.ts';
import { holds, PrefixTable, scopeIndex } from './prefix.ts';

/** Words near the edges of prefixes, so that addresses fall in and beside them. */
const word = fc.oneof(
  fc.constantFrom(0, 1, 0x0a000000, 0x0affffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfe800000, 0x20010db8),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const address: fc.Arbitrary<Address> = fc.oneof(
  word.map(ipv4),
  fc.tuple(word, fc.constantFrom(0, 1), fc.constantFrom(0, 0xffff), word).map(([a, b, c, d]) => ipv6(a, b, c, d)),
);
const prefix = fc
  .tuple(address, fc.nat(128))
  .map(([base, length]) => prefixOf(base, base.family === 4 ? length % 33 : length));

test('a prefix holds what the model says it holds', () => {
  fc.assert(
    fc.property(prefix, address, (p, a) => assert.equal(holds(p, a), prefixHolds(p, a))),
    { numRuns: 2000 },
  );
});

test('a table finds all prefixes that hold an address, the longest first', () => {
  fc.assert(
    fc.property(fc.uniqueArray(prefix, { selector: formatPrefix, size: '+1' }), fc.array(address), (prefixes, list) => {
      const table = new PrefixTable(prefixes.map((p) => [p, formatPrefix(p)] as const));
      for (const a of [...list, ...prefixes.map((p) => p.address)]) {
        const found: string[] = [];
        for (let entry = table.find(a); entry !== undefined; entry = entry.wider) found.push(entry.value);
        const all = prefixes.filter((p) => prefixHolds(p, a)).sort((p, q) => q.length - p.length);
        assert.deepEqual(found, all.map(formatPrefix));
      }
    }),
    { numRuns: 300 },
  );
});

test('an address has the scope that the model gives it, also at the edges', () => {
  const edges = Object.values(scopePrefixes)
    .flat()
    .flatMap(({ address: base }) => (base.family === 4 ? [base, ipv4(base.w3 - 1), ipv4(base.w3 + 0x10000)] : [base]));
  for (const a of edges) assert.equal(scopes[scopeIndex(a)], scopeOf(a));
  fc.assert(fc.property(address, (a) => assert.equal(scopes[scopeIndex(a)], scopeOf(a))));
});

test('destinations read back what they are written as', () => {
  for (const text of [
    '10.0.0.0/8',
    '192.0.2.1:443',
    '[2001:db8::1]:80-90',
    '[2001:db8::/32]:443',
    'lan',
    'any:53',
    'internet:80',
  ]) {
    const parsed = parseDestination(text);
    assert.ok(parsed.ok, text);
    assert.equal(formatDestination(parsed.value), text);
  }
  const known = parseDestination('any');
  assert.ok(known.ok && known.value.place.type === 'any' && known.value.ports === undefined);
  fc.assert(
    fc.property(
      prefix,
      fc.option(fc.constantFrom<[number, number]>([1, 65535], [53, 53]), { nil: undefined }),
      (p, ports) => {
        const text = formatDestination({ place: { type: 'prefix', prefix: p }, ports });
        assert.deepEqual(parseDestination(text), { ok: true, value: { place: { type: 'prefix', prefix: p }, ports } });
      },
    ),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseDestination(text);
      assert.ok(parsed.ok || parsed.error.length > 5);
    }),
  );
  assert.ok('error' in parsePrefix('10.0.0.1/8'));
});
