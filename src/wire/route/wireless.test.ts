// nl80211, from messages that this test builds as the kernel does: no machine of ours has a radio.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageReader } from '../netlink.ts';
import { Writer } from '../writer.ts';
import { appendFamilyLookup, appendInterfaceLookup, parseFamily, parseSsid, ssidText } from './wireless.ts';

/** nl80211_send_iface: the interface as GET_INTERFACE answers, with an SSID or in no network. */
function answer(ssid: Uint8Array | undefined): MessageReader {
  const writer = Writer.growing(256);
  const start = writer.beginMessage(28, 0, 9);
  for (const byte of [7, 1, 0, 0]) writer.u8(byte);
  const index = writer.beginAttribute(3);
  writer.u32(3);
  writer.endAttribute(index);
  writer.attributeText(4, 'wlan0');
  writer.attributeBytes(6, [2, 0, 0, 0, 0, 9]);
  if (ssid !== undefined) writer.attributeBytes(52, ssid);
  writer.endMessage(start);
  const reader = new MessageReader(writer.finished());
  assert.ok(reader.next());
  return reader;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test('the name of the network, and none while the interface is in none', () => {
  assert.equal(parseSsid(answer(bytes('Café Blue'))), 'Café Blue');
  assert.equal(parseSsid(answer(undefined)), undefined);
  assert.equal(parseSsid(answer(new Uint8Array(0))), undefined);
});

test('names that differ stand as texts that differ, and none of them moves a terminal', () => {
  assert.equal(ssidText(Uint8Array.from([0x41, 0x1b, 0x5b])), 'A\\x1b[');
  assert.equal(ssidText(Uint8Array.from([0xff])), '\\xff');
  assert.notEqual(ssidText(bytes('\\xff')), ssidText(Uint8Array.from([0xff])));
  const name = fc.uint8Array({ minLength: 1, maxLength: 32 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      const same = Buffer.compare(a, b) === 0;
      assert.equal(ssidText(a) === ssidText(b), same);
      assert.doesNotMatch(ssidText(a), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.equal(parseSsid(answer(a)), ssidText(a));
    }),
    { numRuns: 2000 },
  );
});

test('the family is looked up by its name, and the interface by its index', () => {
  const writer = Writer.growing(64);
  appendFamilyLookup(writer, 1);
  appendInterfaceLookup(writer, 2, { family: 28, interfaceIndex: 3 });
  // As `iw` sends them: struct nlmsghdr, struct genlmsghdr, one attribute.
  assert.equal(
    Buffer.from(writer.finished()).toString('hex'),
    '20000000' +
      '1000' +
      '0100' +
      '01000000' +
      '00000000' +
      '03010000' +
      '0c000200' +
      '6e6c383032313100' +
      '1c000000' +
      '1c00' +
      '0100' +
      '02000000' +
      '00000000' +
      '05010000' +
      '08000300' +
      '03000000',
  );
  const reply = Writer.growing(64);
  const start = reply.beginMessage(16, 0, 1);
  for (const byte of [1, 2, 0, 0]) reply.u8(byte);
  reply.attributeText(2, 'nl80211');
  reply.attributeBytes(1, [28, 0]);
  reply.endMessage(start);
  const reader = new MessageReader(reply.finished());
  assert.ok(reader.next());
  assert.equal(parseFamily(reader), 28);
});
