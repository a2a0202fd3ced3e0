// A flat file in which somebody changed bytes and put the checksum right again: wrong answers perhaps, but no look-up throws or hangs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ipv6, parseAddress } from '#model/net/address.ts';
import { ListBuilder } from './build.ts';
import { type ListSet, parseLists } from './flat.ts';
import { checksum } from './layout.ts';

const runs = process.env.POSTERN_LONG === undefined ? 20_000 : 500_000;

const builder = new ListBuilder([3, 4]);
for (const [name, text] of [
  [
    'one',
    '0.0.0.0 ads.example\n||track.example^\n@@||good.track.example^\n*.below.example\n192.0.2.0/24\n2001:db8::/32\n',
  ],
  ['two', 'ads.example\n198.51.100.1-198.51.100.9\n192.0.2.7\n::/0\n'],
] as const) {
  builder.add(name, new TextEncoder().encode(text));
}
const sound = builder.finish();

const names = [
  'ads.example',
  'a.good.track.example',
  'x.below.example',
  '',
  '.',
  'a',
  `${'long.'.repeat(80)}example`,
  'ü.example',
  '\ud800',
];
const addresses = [
  ...['192.0.2.7', '0.0.0.0', '255.255.255.255', '198.51.100.3'].map((text) => parseAddress(text) ?? assert.fail(text)),
  ipv6(0x20010db8, 0, 0, 1),
  ipv6(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff),
];

function askAll(lists: ListSet): void {
  for (const name of names) {
    lists.find(name);
    for (const list of [0, 1, 255]) assert.equal(typeof lists.has(list, name), 'boolean');
  }
  for (const address of addresses) for (const list of lists.findAddress(address)) assert.ok(Number.isInteger(list));
  lists.overlaps();
}

test('changed and with its checksum put right', () => {
  let opened = 0;
  const edit = fc.tuple(fc.nat(sound.length - 1), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xc0, 0xff), fc.nat(255)));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), fc.nat(40), (edits, cut) => {
      const copy = sound.slice(0, sound.length - (cut < 36 ? 0 : (cut - 36) * 4));
      for (const [at, value] of edits) copy[at % copy.length] = value;
      const words = new Uint32Array(copy.buffer, 0, copy.length / 4);
      words[3] = checksum(words.subarray(4));
      const lists = parseLists(copy);
      if (!lists.ok) return;
      opened += 1;
      askAll(lists.value);
    }),
    { numRuns: runs },
  );
  assert.ok(opened > runs / 3, `only ${opened} could be opened`);
});

test('a table that is none', () => {
  const text = Buffer.from(sound);
  const at = text.indexOf('"addresses":');
  for (const [place, written] of [
    [at + 2, 'x'],
    [at - 2, ']'],
    [text.indexOf('"names":') + 1, 'x'],
  ] as const) {
    const copy = sound.slice();
    new TextEncoder().encodeInto(written, copy.subarray(place));
    const words = new Uint32Array(copy.buffer);
    words[3] = checksum(words.subarray(4));
    assert.deepEqual(parseLists(copy), { ok: false, error: 'it is damaged: its table cannot be read' });
  }
});

test('every single bit, and every length', () => {
  for (let bit = 0; bit < sound.length * 8; bit++) {
    const copy = sound.slice();
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.ok(!parseLists(copy).ok, `bit ${bit}`);
  }
  for (let length = 0; length < sound.length; length++) assert.ok(!parseLists(sound.slice(0, length)).ok);
});

test('bytes that begin anywhere in a larger buffer', () => {
  for (const offset of [1, 4, 7]) {
    const around = new Uint8Array(sound.length + 16).fill(0xff);
    around.set(sound, offset);
    const lists = parseLists(around.subarray(offset, offset + sound.length));
    assert.ok(lists.ok && lists.value.has(0, 'x.track.example') && !lists.value.has(0, 'good.track.example'));
  }
});
