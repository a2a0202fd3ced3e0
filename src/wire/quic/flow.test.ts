import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alpn, buildHello, keyShare, serverName } from '../tls/hello.testing.ts';
import { buildInitial, cryptoFrame, type InitialParts, rfcId, rfcInitial, varint } from './client.testing.ts';
import { testQuicCrypto } from './crypto.testing.ts';
import { QuicFlow } from './flow.ts';
import { clientInitialKeys } from './keys.ts';
import { quicVersion } from './numbers.ts';

const limits = { packets: 5, bytes: 65_536 };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The name, or what is said instead of one, after these datagrams. */
function said(flow: QuicFlow, ...datagrams: Uint8Array[]): string {
  let last = '(nothing)';
  for (const datagram of datagrams) {
    const known = flow.handle(datagram);
    if (known.kind === 'hello') return known.hello.sni ?? '(no name)';
    last = known.kind === 'malformed' ? `(${known.reason})` : `(${known.kind})`;
  }
  return last;
}

const newFlow = (given = limits) => new QuicFlow(testQuicCrypto, given);
const saidOf = (...datagrams: Uint8Array[]) => said(newFlow(), ...datagrams);
const hello = buildHello([serverName('www.example.com'), alpn('h3')]);
const initial = (parts: Partial<InitialParts> = {}) => buildInitial({ frames: cryptoFrame(0, hello), ...parts });
const framed = async (...frames: number[]) => saidOf(await initial({ frames }));

/** A packet without padding, behind which the datagram is filled. */
const inDatagram = async (frames: number[]) => {
  const datagram = new Uint8Array(1200);
  datagram.set(await initial({ frames, size: 0, numberLength: 4 }));
  return datagram;
};

test('the keys of RFC 9001 A.1 and RFC 9369 A.1', () => {
  const keysOf = (number: number) => {
    const version = quicVersion(number);
    assert.ok(version !== undefined);
    const { key, iv, hp } = clientInitialKeys(testQuicCrypto, version, rfcId);
    return [hex(key), hex(iv), hex(hp)];
  };
  assert.deepEqual(keysOf(1), [
    '1f369613dd76d5467730efcbe3b1a22d',
    'fa044b2f42a3fd3b46fb255c',
    '9f50449e04a0e810283a1e9933adedd2',
  ]);
  assert.deepEqual(keysOf(0x6b3343cf), [
    '8b1a0bc121284290a29e0971b5cd045d',
    '91f73e2351d8fa91660e909f',
    '45b95e15235d6f45a6b19cbcb0294ba9',
  ]);
});

test('the packets of RFC 9001 A.2 and RFC 9369 A.2 say example.com', async () => {
  const ends = {
    1: [
      'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8ba',
      '7e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241e221af44860018ab0856972e194cd934',
    ],
    2: [
      'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03',
      '9a37ddec600545473cfb5a05e08d0b209973b2172b4d21fb69745a262ccde96ba18b2faa745b6fe189cf772a9f84cbfc',
    ],
  } as const;
  for (const version of [1, 2] as const) {
    const packet = await rfcInitial(version);
    const [first, last] = ends[version];
    assert.equal(packet.length, 1200);
    // The last 16 bytes are the tag of all of it: no other packet has it.
    assert.ok(hex(packet).startsWith(first) && hex(packet).endsWith(last), `version ${version}`);
    const known = newFlow().handle(packet);
    assert.equal(known.kind, 'hello');
    assert.deepEqual([known.hello.sni, known.hello.alpn, known.hello.versions], ['example.com', ['alpn'], [0x0304]]);
  }
});

test('both versions, numbers of any length, tokens and ids', async () => {
  for (const version of [1, 2] as const) {
    for (const numberLength of [1, 2, 3, 4]) {
      assert.equal(saidOf(await initial({ version, numberLength, number: 5 })), 'www.example.com');
    }
    assert.equal(
      saidOf(await initial({ version, token: new Array(100).fill(7), sourceId: [1, 2, 3] })),
      'www.example.com',
    );
    assert.equal(saidOf(await initial({ version, id: new Uint8Array(20).fill(9) })), 'www.example.com');
    assert.equal(saidOf(await initial({ version, id: new Uint8Array(0) })), 'www.example.com');
  }
});

test('a hello of three datagrams comes together in any order', async () => {
  const large = buildHello([keyShare(0x11ec, 2600), serverName('pq.example.com')]);
  const cuts = [0, 1000, 2000, large.length];
  const parts = await Promise.all(
    [0, 1, 2].map((at) =>
      initial({ number: at, frames: cryptoFrame(cuts[at] as number, large.subarray(cuts[at], cuts[at + 1])) }),
    ),
  );
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const order of orders) {
    assert.equal(saidOf(...order.slice(0, 2).map((at) => parts[at] as Uint8Array)), '(more)', `${order}`);
    assert.equal(saidOf(...order.map((at) => parts[at] as Uint8Array)), 'pq.example.com', `${order}`);
  }
});

test('frames in pieces, out of order and overlapping, between others', async () => {
  const ack = [2, 0, 0, 1, 0, 0, 0];
  const ackEcn = [3, 0, 0, 0, 0, 1, 2, 3];
  const pieces = [60, 20, 40, 0].flatMap((at) => [
    ...cryptoFrame(at, hello.subarray(at, at === 60 ? undefined : at + 25)),
    1,
    0,
  ]);
  assert.equal(await framed(...ack, ...pieces, ...ackEcn), 'www.example.com');
  assert.equal(await framed(...cryptoFrame(0, hello), 0x1c, 0, 0, 2, 97, 98), 'www.example.com');
});

test('pieces that differ are ambiguous, in one datagram and over two', async () => {
  const other = buildHello([serverName('xxx.example.com'), alpn('h3')]);
  assert.equal(await framed(...cryptoFrame(0, hello.subarray(0, 70)), ...cryptoFrame(0, other)), '(ambiguous)');
  const [first, second] = [
    await initial({ frames: cryptoFrame(0, hello.subarray(0, 70)) }),
    await initial({ frames: cryptoFrame(0, other) }),
  ];
  assert.equal(saidOf(first, second), '(ambiguous)');
});

test('frames that an Initial cannot hold', async () => {
  for (const frame of [
    [0x1d, 0, 0],
    [8, 0, 1, 1],
    [0x1e],
    [0x40, 6],
    [0xff],
    [6, 0, 200, 1],
    [6, 0, 0x7f, 0xff],
    [2, 0, 0, 0x7f, 0xff],
    [6, 0xff],
  ]) {
    assert.equal(await framed(...frame), '(bad-frame)', `${frame}`);
  }
  assert.equal(await framed(6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0), '(bad-frame)');
  assert.equal(saidOf(await inDatagram([])), '(bad-frame)');
  assert.equal(saidOf(await inDatagram([1])), '(more)');
  assert.equal(await framed(...cryptoFrame(65_530, hello)), '(too-long)');
  assert.equal(await framed(...cryptoFrame(0, Uint8Array.of(2))), '(not-client-hello)');
});

test('after a Retry the keys are of the id that the server chose, and the handshake goes on', async () => {
  const id = Uint8Array.of(0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5);
  const half = await initial({ frames: cryptoFrame(0, hello.subarray(0, 50)) });
  assert.equal(saidOf(half, await initial({ id, token: [1, 2, 3], number: 1 })), 'www.example.com');
  const changed = await initial({ id, frames: cryptoFrame(0, buildHello([serverName('b.example')])) });
  assert.equal(saidOf(half, changed), '(ambiguous)');
});

test('after an answer the id is another and the keys are the same', async () => {
  const id = Uint8Array.of(1, 2, 3, 4);
  const half = await initial({ frames: cryptoFrame(0, hello.subarray(0, 50)) });
  const rest = await initial({ id, keysId: rfcId, number: 1, frames: cryptoFrame(50, hello.subarray(50)) });
  assert.equal(saidOf(half, rest), 'www.example.com');
  assert.equal(saidOf(rest), '(not-opened)');
});

test('packets that share a datagram', async () => {
  const id = [...rfcId];
  const other = (type: number, length = 30) => [
    0xc0 | (type << 4),
    0,
    0,
    0,
    1,
    8,
    ...id,
    0,
    ...varint(length),
    ...new Array(length).fill(7),
  ];
  const whole = [...(await initial({ size: 0 }))];
  const join = (...parts: number[][]) => {
    const bytes = parts.flat();
    return Uint8Array.from([...bytes, ...new Array(Math.max(0, 1200 - bytes.length)).fill(0)]);
  };
  assert.equal(saidOf(join(whole)), 'www.example.com');
  assert.equal(saidOf(join(other(1), whole)), 'www.example.com');
  assert.equal(saidOf(join(whole, other(2), [0x40, 1, 2])), 'www.example.com');
  assert.equal(saidOf(join(whole, [0xff, 0, 0])), 'www.example.com');
  const half = (from: number, to: number) =>
    initial({ size: 0, frames: cryptoFrame(from, hello.subarray(from, to)), number: from });
  assert.equal(saidOf(join([...(await half(50, 200))], [...(await half(0, 50))])), 'www.example.com');
  // RFC 9000 12.2: a packet for another destination in the same datagram is ignored.
  const foreign = await initial({ size: 0, id: Uint8Array.of(1, 2, 3) });
  assert.equal(saidOf(join(other(1), [...foreign])), '(more)');
});

test('versions: one that nobody knows, and another attempt after a negotiation', async () => {
  const unknown = (await initial()).slice();
  unknown.set([0xff, 0, 0, 0x1d], 1);
  assert.equal(saidOf(unknown), '(unknown-version)');
  unknown.set([0, 0, 0, 0], 1);
  assert.equal(saidOf(unknown), '(unknown-version)');
  const half = await initial({
    version: 2,
    frames: cryptoFrame(0, buildHello([serverName('b.example')]).subarray(0, 60)),
  });
  assert.equal(saidOf(half, await initial({ version: 1 })), 'www.example.com');
});

test('what is no Initial of a client', async () => {
  const packet = await initial();
  for (const at of [0, 6, 30, 200, 1199]) {
    const changed = packet.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(saidOf(changed), '(not-opened)', `${at}`);
  }
  assert.equal(saidOf(await initial({ flip: 4 })), '(not-opened)');
  assert.equal(saidOf(await initial({ flip: 0x40 })), '(bad-packet)');
  assert.equal(saidOf(await initial({ size: 1199 })), '(small-datagram)');
  assert.equal(saidOf(packet.subarray(0, 1199)), '(bad-packet)');
  assert.equal(saidOf(Uint8Array.of(0xc0, 0, 0, 0)), '(bad-packet)');
  // A Retry, and an id that is too long.
  assert.equal(saidOf(Uint8Array.from([0xf0, ...packet.subarray(1)])), '(bad-packet)');
  assert.equal(saidOf(Uint8Array.from([...packet.subarray(0, 5), 21, ...packet.subarray(6)])), '(bad-packet)');
  assert.equal(saidOf(await initial({ id: new Uint8Array(21) })), '(bad-packet)');
  assert.equal(saidOf(Uint8Array.from(Buffer.from('\0\x01\x21\x12 a DNS or STUN message'))), '(not-quic)');
});

test('no more datagrams than allowed', async () => {
  const half = await initial({ frames: cryptoFrame(0, hello.subarray(0, 50)) });
  assert.equal(said(newFlow({ ...limits, packets: 2 }), half, half), '(too-many-packets)');
  const rest = await initial({ frames: cryptoFrame(50, hello.subarray(50)) });
  assert.equal(said(newFlow({ ...limits, packets: 2 }), half, rest), 'www.example.com');
  assert.equal(said(newFlow({ ...limits, packets: 1 }), half), '(too-many-packets)');
  assert.equal(said(newFlow(), half, Uint8Array.of(0x40, 1), half), '(more)');
});

test('a datagram in a Buffer stays as it is', async () => {
  const packet = Buffer.from(await initial({ number: 3 }));
  const before = hex(packet);
  const flow = newFlow();
  assert.equal(said(flow, Buffer.from(await initial({ number: 2, frames: [1] })), packet), 'www.example.com');
  assert.equal(hex(packet), before);
});
