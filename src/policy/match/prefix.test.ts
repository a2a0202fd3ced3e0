// Prefix tests and tables against the model's plain ones.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Address, formatPrefix, ipv4, ipv6, parsePrefix, prefixHolds, prefixOf } from '#model/net/address.ts';
import { scopeOf, scopePrefixes, scopes } from '#model/net/scope.ts';
import { formatDestination, parseDestination } from './destination.ts';
import { holds, PrefixTable, prefixBits } from './prefix.ts';
import { scopeBits, scopeIndex } from './scope.ts';

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

/** The address with all bits behind the first ones taken from another of its family. */
function sharing(bits: number, one: Address, other: Address): Address {
  const keep = prefixOf(one, bits).address;
  const cut = prefixOf(other, bits).address;
  const word = (key: 'w0' | 'w1' | 'w2' | 'w3') => ((other[key] ^ cut[key]) | keep[key]) >>> 0;
  return { family: one.family, w0: word('w0'), w1: word('w1'), w2: word('w2'), w3: word('w3') };
}

/** All bits behind the first ones are 0, or all are 1. */
function edges(bits: number, one: Address): Address[] {
  const ones: Address =
    one.family === 4 ? ipv4(0xffffffff) : { family: 6, w0: ~0 >>> 0, w1: ~0 >>> 0, w2: ~0 >>> 0, w3: ~0 >>> 0 };
  return [prefixOf(one, bits).address, sharing(bits, one, ones)];
}

test('the bits that settle a prefix are enough, and one less would not be', () => {
  fc.assert(
    fc.property(prefix, address, address, (p, a, b) => {
      const bits = prefixBits(p, a);
      if (a.family !== p.address.family) assert.equal(bits, 0);
      else if (bits > 0) {
        assert.ok(
          edges(bits - 1, a)
            .concat(sharing(bits - 1, a, p.address))
            .some((c) => holds(p, c) !== holds(p, a)),
        );
      }
      for (const c of [...edges(bits, a), ...(a.family === b.family ? [sharing(bits, a, b)] : [])]) {
        assert.equal(holds(p, c), holds(p, a));
      }
    }),
    { numRuns: 2000 },
  );
});

test('the bits that settle a look-up in a table are enough, and one less would not be', () => {
  fc.assert(
    fc.property(fc.uniqueArray(prefix, { selector: formatPrefix, size: '+1' }), fc.array(address), (prefixes, list) => {
      const table = new PrefixTable(prefixes.map((p) => [p, formatPrefix(p)] as const));
      const all = [...list, ...prefixes.flatMap((p) => edges(p.length, p.address))];
      for (const a of all) {
        const bits = table.bits(a);
        const same = all.filter((b) => b.family === a.family);
        for (const b of same) assert.equal(table.find(sharing(bits, a, b)), table.find(a));
        if (bits === 0) continue;
        const wider = same.map((b) => sharing(bits - 1, a, b)).concat(edges(bits - 1, a));
        assert.ok(wider.some((b) => table.find(b) !== table.find(a)));
      }
    }),
    { numRuns: 200 },
  );
});

test('the bits that settle a question about a scope are enough', () => {
  const ends = Object.values(scopePrefixes)
    .flat()
    .flatMap((p) => edges(p.length, p.address));
  fc.assert(
    fc.property(fc.oneof(address, fc.constantFrom(...ends)), address, fc.nat(scopes.length - 1), (a, b, scope) => {
      const bits = scopeBits(scope, a);
      for (const c of [b, ...ends].filter(({ family }) => family === a.family)) {
        assert.equal(scopeIndex(sharing(bits, a, c)) === scope, scopeIndex(a) === scope);
      }
    }),
    { numRuns: 1000 },
  );
  const bitsOf = (text: string, scope: (typeof scopes)[number]) => {
    const p = parsePrefix(text);
    assert.ok(!('error' in p));
    return scopeBits(scopes.indexOf(scope), p.address);
  };
  assert.equal(bitsOf('10.1.2.3', 'lan'), 8);
  assert.equal(bitsOf('198.51.100.7', 'loopback'), 1);
  assert.equal(bitsOf('198.51.100.7', 'internet'), 6);
  assert.equal(bitsOf('2001:db8::1', 'loopback'), 3);
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
