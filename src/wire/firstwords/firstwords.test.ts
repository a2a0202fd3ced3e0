import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildInitial, cryptoFrame, rfcInitial } from '../quic/client.testing.ts';
import { testQuicCrypto } from '../quic/crypto.testing.ts';
import { buildHello, echOuter, extension, inRecords, largeHello, serverName } from '../tls/hello.testing.ts';
import type { WordLimits } from './beginning.ts';
import { firstBytes, nodeTls, program } from './clients.testing.ts';
import { type FirstSaid, FirstWords } from './firstwords.ts';
import type { FirstPacket } from './payload.ts';

const many: WordLimits = { packets: 1000, bytes: 65_536 };
const syn: FirstPacket = { sequence: 999, begins: true, ends: false, payload: new Uint8Array(0) };
const at = (offset: number, payload: Uint8Array, ends = false): FirstPacket => ({
  sequence: 1000 + offset,
  begins: false,
  ends,
  payload,
});
const datagram = (payload: Uint8Array): FirstPacket => ({ sequence: 0, begins: false, ends: false, payload });

function written(said: FirstSaid): string {
  if (said.kind === 'name') return `${said.name} from ${said.from}${said.encryptedHello ? ', encrypted inside' : ''}`;
  if (said.kind === 'more') return 'more';
  return said.reason === 'malformed' ? `${said.kind}: malformed, ${said.detail}` : `${said.kind}: ${said.reason}`;
}

/** What is said after the SYN and these segments. */
function saidByTcp(packets: readonly FirstPacket[], limits?: WordLimits): string {
  const words = new FirstWords('tcp', testQuicCrypto, limits);
  return packets.reduce((_, packet) => written(words.handle(packet)), written(words.handle(syn)));
}

function saidByUdp(datagrams: readonly Uint8Array[], limits?: WordLimits): string {
  const words = new FirstWords('udp', testQuicCrypto, limits);
  return datagrams.reduce((_, payload) => written(words.handle(datagram(payload))), 'nothing');
}

const saidOf = (bytes: Uint8Array | string, limits?: WordLimits) =>
  saidByTcp([at(0, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)], limits);

/** Segments of at most `size` bytes. */
const segments = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    at(index * size, bytes.subarray(index * size, (index + 1) * size)),
  );

test('names from TLS, HTTP and QUIC, told by the bytes', async () => {
  assert.equal(saidOf(inRecords(buildHello([serverName('a.example')]))), 'a.example from sni');
  assert.equal(saidOf('GET / HTTP/1.1\r\nHost: b.example\r\n\r\n'), 'b.example from http');
  assert.equal(saidByUdp([await rfcInitial(1)]), 'example.com from quic');
});

test('a name over an encrypted hello is marked', async () => {
  const hello = buildHello([serverName('provider.example'), echOuter]);
  assert.equal(saidOf(inRecords(hello)), 'provider.example from sni, encrypted inside');
  const initial = await buildInitial({ frames: cryptoFrame(0, hello) });
  assert.equal(saidByUdp([initial]), 'provider.example from quic, encrypted inside');
});

test('no name, with the reason', async () => {
  assert.equal(saidOf(inRecords(buildHello([]))), 'none: unnamed');
  assert.equal(saidOf(inRecords(buildHello([serverName('192.0.2.1')]))), 'none: address');
  assert.equal(saidOf(inRecords(buildHello([serverName('a b')]))), 'none: malformed, bad-name');
  assert.equal(saidOf('GET / HTTP/1.0\r\n\r\n'), 'none: unnamed');
  assert.equal(saidOf('GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n'), 'none: address');
  assert.equal(saidOf('GET / HTTP/1.1\r\n\r\n'), 'none: malformed, no-host');
  assert.equal(saidOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 'none: h2c');
  assert.equal(saidOf('SSH-2.0-x\r\n'), 'none: other-protocol');
  assert.equal(saidByUdp([Uint8Array.of(0, 1, 1, 0)]), 'none: other-protocol');
  assert.equal(saidByUdp([Uint8Array.of(0xc0, 0xff, 0, 0, 0x1d, 0)]), 'none: unknown-version');
  assert.equal(saidByUdp([await buildInitial({ frames: [8] })]), 'none: malformed, bad-frame');
  assert.equal(saidByTcp([at(0, Buffer.from('GE'), true)]), 'none: ended');
});

test('what cannot be seen, with the reason', async () => {
  const hello = inRecords(buildHello([serverName('a.example')]));
  const late = new FirstWords('tcp', testQuicCrypto);
  assert.equal(written(late.handle(at(0, hello))), 'unseen: joined-late');
  assert.equal(saidByTcp([at(20, hello.subarray(20, 40)), at(10, new Uint8Array(15))]), 'unseen: ambiguous');
  assert.equal(saidOf(hello, { packets: 5, bytes: 40 }), 'unseen: too-long');
  assert.equal(saidByTcp(segments(hello, 10)), 'unseen: too-many-packets');
  const first = await buildInitial({ frames: cryptoFrame(0, hello.subarray(5, 20)) });
  assert.equal(saidByUdp([first, first, first, first]), 'more');
  assert.equal(saidByUdp([first, first, first, first, first]), 'unseen: too-many-packets');
});

test('what is behind the hello does not matter, also beyond the limit', () => {
  const hello = inRecords(buildHello([serverName('a.example')]));
  const packet = new Uint8Array(5000);
  packet.set(hello);
  assert.equal(saidOf(packet, { packets: 1, bytes: 1000 }), 'a.example from sni');
});

test('what was said stays, whatever comes later', () => {
  const words = new FirstWords('tcp', testQuicCrypto);
  words.handle(syn);
  const said = words.handle(at(0, inRecords(buildHello([serverName('a.example')]))));
  assert.equal(words.handle(at(0, Buffer.from('GET / HTTP/1.1\r\nHost: b.example\r\n\r\n'))), said);
});

test('another SYN begins anew', () => {
  const hello = inRecords(buildHello([serverName('a.example'), extension(5, new Array(300).fill(1))]));
  const again = { ...syn, sequence: 5 };
  const rest = { ...at(0, Buffer.from('GET / HTTP/1.0\r\nHost: b.example\r\n\r\n')), sequence: 6 };
  assert.equal(saidByTcp([at(0, hello.subarray(0, 300)), again, rest]), 'b.example from http');
});

test('a hello of 17 KB: in five packets, and in segments where more are allowed', () => {
  assert.equal(saidByTcp(segments(largeHello, 4000)), 'large.example.com from sni');
  assert.equal(saidByTcp(segments(largeHello, 1448)), 'unseen: too-many-packets');
  assert.equal(
    saidByTcp(segments(largeHello, 1448).toReversed(), { packets: 12, bytes: 65_536 }),
    'large.example.com from sni',
  );
  assert.equal(saidByTcp(segments(largeHello, 20), many), 'large.example.com from sni');
});

test('a hello of 17 KB, cut in two at every third place, in both orders', () => {
  for (let cut = 1; cut < largeHello.length; cut += 3) {
    const [first, second] = [at(0, largeHello.subarray(0, cut)), at(cut, largeHello.subarray(cut))];
    assert.equal(saidByTcp([first, second]), 'large.example.com from sni', `${cut}`);
    assert.equal(saidByTcp([second, first]), 'large.example.com from sni', `${cut}`);
  }
});

test('real clients, cut in three at every place', async () => {
  const args = ['-sk', '--noproxy', '*', '--max-time', '8', '--resolve', 'www.example.com:{port}:127.0.0.1'];
  const done = (bytes: Uint8Array) => saidOf(bytes) !== 'more';
  const clients = {
    'www.example.com from sni': program('curl', ...args, 'https://www.example.com:{port}/'),
    'www.example.com from http': program('curl', ...args, 'http://www.example.com:{port}/'),
    'api.example.org from sni': nodeTls('api.example.org', ['h2']),
  };
  for (const [expected, start] of Object.entries(clients)) {
    const bytes = await firstBytes(start, done);
    for (let cut = 1; cut < bytes.length; cut++) {
      const end = Math.min(bytes.length, cut + 100);
      const [a, b, c] = [
        at(0, bytes.subarray(0, cut)),
        at(cut, bytes.subarray(cut, end)),
        at(end, bytes.subarray(end)),
      ];
      assert.equal(saidByTcp([a, b, c]), expected, `${cut}`);
      assert.equal(saidByTcp([c, b, a]), expected, `${cut}`);
    }
  }
});

test('figures', async (context) => {
  const timed = (name: string, runs: number, run: () => unknown) => {
    for (let count = 0; count < runs / 4; count++) run();
    const began = process.hrtime.bigint();
    for (let count = 0; count < runs; count++) run();
    const microseconds = Number(process.hrtime.bigint() - began) / 1000 / runs;
    context.diagnostic(`${name}: ${microseconds.toFixed(1)} µs`);
  };
  const bare = buildHello([serverName('www.example.com'), extension(21, [])]);
  const hello = inRecords(
    buildHello([serverName('www.example.com'), extension(21, new Array(512 - bare.length).fill(0))]),
  );
  assert.equal(hello.length, 517);
  const initial = await rfcInitial(1);
  const request = Buffer.from(`GET / HTTP/1.1\r\nHost: a.example\r\nX: ${'y'.repeat(400)}\r\n\r\n`);
  timed('a TLS hello of 517 bytes', 5000, () => saidOf(hello));
  timed(`a TLS hello of ${largeHello.length} bytes in one packet`, 500, () => saidOf(largeHello));
  timed('the same in 12 segments', 500, () => saidByTcp(segments(largeHello, 1448), many));
  timed('an HTTP request of 450 bytes', 5000, () => saidOf(request));
  timed('a QUIC Initial of 1200 bytes', 2000, () => saidByUdp([initial]));
});
