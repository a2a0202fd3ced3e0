// IPFire's location database: a small one made here, and ones made to do harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGeo } from '#geo/build.ts';
import { parseGeo } from '#geo/flat.ts';
import { addressToBytes, parseAddress } from '#model/net/address.ts';
import { isLibloc, parseLibloc } from './libloc.ts';

type Network = readonly [prefix: string, country: string, number: number];

/** Layout of libloc's format.h, version 1. */
function formatLibloc(networks: readonly Network[], names: Readonly<Record<number, string>>): Uint8Array {
  const pool: number[] = [0];
  const text = (value: string) => pool.push(...Buffer.from(value), 0) - Buffer.byteLength(value) - 1;
  const tree: [zero: number, one: number, network: number][] = [[0, 0, 0xffffffff]];
  networks.forEach(([prefix], index) => {
    const [address = '', length = ''] = prefix.split('/');
    const parsed = parseAddress(address);
    assert.ok(parsed);
    const bits = [...addressToBytes(parsed)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    const mapped = parsed.family === 4 ? '0'.repeat(80) + '1'.repeat(16) : '';
    let node = 0;
    for (const bit of mapped + bits.slice(0, Number(length))) {
      const here = tree[node] as [number, number, number];
      if (here[Number(bit)] === 0) here[Number(bit)] = tree.push([0, 0, 0xffffffff]) - 1;
      node = here[Number(bit)] as number;
    }
    (tree[node] as [number, number, number])[2] = index;
  });
  const words = (values: readonly number[]) =>
    values.flatMap((value) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
  const parts = [
    Object.entries(names).flatMap(([number, name]) => words([Number(number), text(name)])),
    networks.flatMap(([, country, number]) => [
      country.charCodeAt(0),
      country.charCodeAt(1),
      0,
      0,
      ...words([number, 0]),
    ]),
    words(tree.flat()),
    [],
  ];
  const [vendor, licence] = [text('Test Project'), text('CC BY-SA 4.0')];
  parts.push(pool);
  const places: number[] = [];
  let at = 68;
  for (const part of parts) {
    places.push(at, part.length);
    at += part.length;
  }
  return Uint8Array.from([
    ...Buffer.from('LOCDBXX'),
    1,
    ...words([0, 1793145600, vendor, 0, licence, ...places]),
    ...parts.flat(),
  ]);
}

const sample = formatLibloc(
  [
    ['20.0.0.0/8', 'DE', 64496],
    ['20.1.0.0/16', 'FR', 0],
    ['20.1.2.0/24', 'XX', 64497],
    ['20.2.0.0/16', '\0\0', 0],
    ['2a00::/16', 'SE', 64498],
    ['2a00:1:2:3:4::/80', 'NO', 4294967295],
  ],
  { 64496: 'one', 64497: 'two', 1: 'none of these' },
);

test('countries and networks are read, with networks within networks', () => {
  const parsed = parseLibloc(sample, 'location.db');
  assert.ok(parsed.ok);
  const { countries, networks } = parsed.value;
  assert.deepEqual(countries?.source, {
    name: 'Test Project location database',
    date: '2026-10-28',
    licence: 'CC BY-SA 4.0',
    file: 'location.db',
  });
  const table = parseGeo(compileGeo(countries, networks));
  assert.ok(table.ok);
  const found = (text: string) => {
    const address = parseAddress(text);
    assert.ok(address);
    const number = table.value.network(address);
    return [table.value.country(address), number, number === undefined ? undefined : table.value.networkName(number)];
  };
  assert.deepEqual(found('20.9.9.9'), ['DE', 64496, 'one']);
  assert.deepEqual(found('20.1.9.9'), ['FR', 64496, 'one']);
  assert.deepEqual(found('20.1.2.9'), [undefined, 64497, 'two']);
  assert.deepEqual(found('20.2.9.9'), ['DE', 64496, 'one']);
  assert.deepEqual(found('2a00:1::1'), ['SE', 64498, undefined]);
  assert.deepEqual(found('2a00:1:2:3:4::1'), ['NO', 64498, undefined]);
  assert.deepEqual(found('19.0.0.1'), [undefined, undefined, undefined]);
});

test('what is wrong with a file is told', () => {
  const error = (bytes: Uint8Array) => {
    const parsed = parseLibloc(bytes, 'x');
    return parsed.ok ? 'none' : parsed.error;
  };
  const changed = (at: number, ...values: number[]) => {
    const bytes = sample.slice();
    bytes.set(values, at);
    return bytes;
  };
  const tree = new DataView(sample.buffer).getUint32(44);
  assert.equal(error(sample), 'none');
  assert.equal(isLibloc(new Uint8Array(3)), false);
  assert.equal(error(sample.subarray(0, 20)), 'it is no location database of IPFire');
  assert.match(error(changed(7, 2)), /^it has version 2 /);
  assert.equal(error(changed(48, 0xff)), 'it is damaged: a part of it goes beyond its end');
  assert.equal(error(changed(48, 0, 0, 0, 0)), 'it is damaged: its tree is empty');
  assert.equal(
    error(changed(tree + 12, 0, 0, 0, 1)),
    'it is damaged: its tree has a loop, or a branch that two places share',
  );
  assert.equal(error(changed(tree, 0, 1, 0, 0)), 'it is damaged: its tree leads beyond its end');
  assert.equal(error(changed(tree + 8, 0, 0, 0, 99)), 'it is damaged: its tree names a network that is not there');
});

test('whatever bytes come, nothing throws', () => {
  const edits = fc.array(fc.tuple(fc.nat(sample.length - 1), fc.oneof(fc.constantFrom(0, 1, 0xff), fc.nat(255))), {
    minLength: 1,
    maxLength: 4,
  });
  const property = fc.property(edits, fc.boolean(), (changes, cut) => {
    const bytes = sample.slice(0, cut ? (changes[0]?.[0] ?? 0) : sample.length);
    for (const [index, value] of changes) if (index < bytes.length) bytes[index] = value;
    const parsed = parseLibloc(bytes, 'x');
    if (!parsed.ok) assert.match(parsed.error, /^it (is|has) /);
  });
  fc.assert(property, { numRuns: process.env.POSTERN_LONG === '1' ? 1_000_000 : 100_000 });
});
