import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfcInitial } from '#wire/quic/client.testing.ts';
import { QuicFlow } from '#wire/quic/flow.ts';
import { nodeQuicCrypto } from './quiccrypto.ts';

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

test('HMAC as in RFC 4231 4.3', () => {
  const mac = nodeQuicCrypto.hmac(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?'));
  assert.equal(hex(mac), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});

test('AES as in FIPS 197 C.1', () => {
  const block = nodeQuicCrypto.encryptBlock(
    bytes('000102030405060708090a0b0c0d0e0f'),
    bytes('00112233445566778899aabbccddeeff'),
  );
  assert.equal(hex(block), '69c4e0d86a7b0430d8cdb78070b4c55a');
});

test('GCM opens what is authentic, and nothing else, without an exception', () => {
  // "The Galois/Counter Mode of Operation", test case 2.
  const sealed = bytes('0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf');
  const [key, nonce, nothing] = [new Uint8Array(16), new Uint8Array(12), new Uint8Array(0)];
  assert.equal(hex(nodeQuicCrypto.open(key, nonce, nothing, sealed)), '00'.repeat(16));
  assert.equal(nodeQuicCrypto.open(key, nonce, Uint8Array.of(1), sealed), undefined);
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(nodeQuicCrypto.open(key, nonce, nothing, sealed.subarray(0, length)), undefined);
  }
});

test('the Initial packets of RFC 9001 A.2 and RFC 9369 A.2 open', async () => {
  for (const version of [1, 2] as const) {
    const known = new QuicFlow(nodeQuicCrypto, { packets: 1, bytes: 65_536 }).handle(await rfcInitial(version));
    assert.equal(known.kind, 'hello');
    assert.equal(known.hello.sni, 'example.com');
  }
});
