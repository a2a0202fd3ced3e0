// The hash of names: right by the kernel's own vectors, and of no use to who does not know the key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ListBuilder } from './build.ts';
import { parseLists } from './flat.ts';
import { DomainHashes, type HashKey } from './hash.ts';
import { slotOf } from './layout.ts';

const encoder = new TextEncoder();
const domains = new DomainHashes();

function hashOf(bytes: Uint8Array, key: HashKey): number {
  domains.fill(bytes, bytes.length, key, true);
  return domains.hashes[0] ?? assert.fail('there is no domain');
}

test('it is the kernel’s hsiphash of 32-bit machines, over the bytes from the end', () => {
  // test_vectors_hsiphash[47 to 50] of lib/tests/siphash_kunit.c: from 47 bytes on, byte 46 is the dot without which there is no domain.
  const found = [47, 48, 49, 50].map((length) =>
    hashOf(
      Uint8Array.from({ length }, (_, at) => length - 1 - at),
      [0x03020100, 0x07060504],
    ),
  );
  assert.deepEqual(found, [0xd89c5267, 0x007783eb, 0x95766243, 0xab639262]);
});

const label = fc.stringMatching(/^[a-z0-9]{1,9}$/);
const name = fc.array(label, { minLength: 2, maxLength: 6 }).map((labels) => labels.join('.'));
const key = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff));

test('each domain of a name has the hash that it has alone', () => {
  fc.assert(
    fc.property(name, key, (text, one) => {
      const bytes = encoder.encode(text);
      domains.fill(bytes, bytes.length, one);
      const found = Array.from({ length: domains.count }, (_, at) => [domains.starts[at] ?? 0, domains.hashes[at]]);
      const starts = [...text.matchAll(/(^|(?<=\.))./g)].map(({ index }) => index).slice(0, -1);
      assert.deepEqual(
        found.map(([start]) => start),
        starts.reverse(),
      );
      for (const [start, hash] of found) assert.equal(hash, hashOf(bytes.subarray(start), one));
    }),
  );
});

test('names that share a hash under one key are refused under it, and all found under another', () => {
  const known: HashKey = [1, 2];
  const names: string[] = [];
  for (let number = 0; names.length < 520; number++) {
    const text = `${number.toString(36)}.example`;
    if (slotOf(hashOf(encoder.encode(text), known), 728) === 0) names.push(text);
  }
  const list = encoder.encode(names.join('\n'));
  const build = (one: HashKey) => {
    const builder = new ListBuilder(one);
    builder.add('hostile', list);
    return parseLists(builder.finish());
  };
  assert.throws(() => build(known), /names of the lists share a hash/);
  for (const other of [
    [1, 3],
    [0, 0],
    [0xffffffff, 2],
  ] as const) {
    const lists = build(other);
    assert.ok(lists.ok);
    assert.equal(names.filter((one) => lists.value.has(0, one)).length, names.length);
  }
});
