// Whatever bytes come as the first words of a flow: nothing throws, nothing loops, and what is said as a name is one.
// POSTERN_LONG=1 tries 1,000,000 inputs instead of 100,000.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { buildInitial, cryptoFrame, rfcInitial } from '../quic/client.testing.ts';
import { testQuicCrypto } from '../quic/crypto.testing.ts';
import type { QuicCrypto } from '../quic/crypto.ts';
import { alpn, buildHello, echOuter, inRecords, keyShare, serverName, versions } from '../tls/hello.testing.ts';
import { parseTls } from '../tls/records.ts';
import { firstBytes, nodeTls, program } from './clients.testing.ts';
import { type FirstSaid, FirstWords } from './firstwords.ts';
import type { FirstPacket } from './payload.ts';

const wanted = process.env.POSTERN_LONG === '1' ? 1_000_000 : 100_000;
const limits = { packets: 5, bytes: 4096 };
let tried = 0;
const kinds = new Map<string, number>();

/** Opens everything: what stands in the packet is taken for what was sealed, so that mutated frames are read too. */
const openCrypto: QuicCrypto = {
  hmac: () => new Uint8Array(32),
  encryptBlock: () => new Uint8Array(16),
  open: (_key, _nonce, _associated, sealed) => (sealed.length < 16 ? undefined : sealed.subarray(0, -16)),
};

function check(protocol: 'tcp' | 'udp', packets: readonly FirstPacket[], crypto = openCrypto): void {
  const words = new FirstWords(protocol, crypto, limits);
  let said: FirstSaid = { kind: 'more' };
  for (const packet of packets) {
    const before: FirstSaid = said;
    said = words.handle(packet);
    if (before.kind !== 'more') assert.equal(said, before);
  }
  if (packets.length > limits.packets + 1) assert.notEqual(said.kind, 'more');
  if (said.kind === 'name') assert.match(said.name, /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/);
  const kind = said.kind === 'none' || said.kind === 'unseen' ? `${said.kind} ${said.reason}` : said.kind;
  kinds.set(`${protocol} ${kind}`, (kinds.get(`${protocol} ${kind}`) ?? 0) + 1);
  tried += 1;
}

const isn = 0xffff_fff0;
const syn: FirstPacket = { sequence: isn, begins: true, ends: false, payload: new Uint8Array(0) };
const byte = fc.oneof(fc.constantFrom(0, 1, 3, 0x0a, 0x16, 0x20, 0x3a, 0x40, 0x7f, 0x80, 0xff), fc.nat(255));
const edits = fc.array(fc.tuple(fc.nat(4000), byte), { maxLength: 5 });
const cuts = fc.array(fc.tuple(fc.nat(1600), fc.nat(1600)), { maxLength: 4 });

function mutated(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const changed = new Uint8Array(bytes);
  for (const [at, value] of changes) if (changed.length > 0) changed[at % changed.length] = value;
  return changed;
}

const quiet = ['-sk', '--noproxy', '*', '--max-time', '8', '--resolve', 'www.example.com:{port}:127.0.0.1'];
const openssl = ['s_client', '-connect', '127.0.0.1:{port}', '-servername', 'a.example', '-alpn', 'h2'];
const untilHello = (sent: Uint8Array) => parseTls(sent).kind !== 'more';
const hello = buildHello([serverName('a.example'), alpn('h2', 'h3'), versions(0x304), echOuter, keyShare(29, 32)]);

test('TCP: mutated hellos and requests of real clients, cut, repeated and out of order', async () => {
  const samples = [
    await firstBytes(program('openssl', ...openssl), untilHello),
    await firstBytes(program('curl', ...quiet, 'https://www.example.com:{port}/'), untilHello),
    await firstBytes(program('curl', ...quiet, 'http://www.example.com:{port}/'), (sent) => sent.length > 70),
    await firstBytes(nodeTls('api.example.org', ['h2']), untilHello),
    inRecords(hello, 50),
    Buffer.from('GET http://a.example/ HTTP/1.1\r\nHost: b.example:80\r\n\r\n'),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  ];
  const sample = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...samples) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
  const property = fc.property(sample, edits, cuts, fc.nat(63), (bytes, changes, pieces, bits) => {
    const changed = mutated(bytes, changes);
    const packets = pieces.map(([from, length]) => {
      const start = from % (changed.length + 1);
      return {
        ...syn,
        begins: bits === 63,
        sequence: (isn + 1 + start) >>> 0,
        // Not changed, so that it differs from what comes later.
        payload: (bits % 2 === 0 ? changed : bytes).subarray(start, start + length),
      };
    });
    const whole = { ...syn, begins: false, ends: (bits & 1) === 1, sequence: (isn + 1) >>> 0, payload: changed };
    check('tcp', [...(bits === 1 ? [] : [syn]), ...packets, whole]);
    check('tcp', [syn, whole]);
    const cut = (bits * 97) % (changed.length + 1);
    check('tcp', [syn, { ...whole, ends: false, payload: changed.subarray(0, cut) }]);
  });
  fc.assert(property, { numRuns: Math.ceil(wanted / 6) });
});

const datagram = (payload: Uint8Array): FirstPacket => ({ sequence: 0, begins: false, ends: false, payload });

/** A packet in the clear, for `openCrypto`. */
function openInitial(frames: readonly number[], tail = 16): Uint8Array {
  const length = 1 + frames.length + tail;
  const header = [0xc0, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0, 0, 0x40 | (length >> 8), length & 255, 0];
  const packet = [...header, ...frames, ...new Array<number>(tail).fill(0)];
  return Uint8Array.from([...packet, ...new Array<number>(Math.max(0, 1200 - packet.length)).fill(0)]);
}

test('QUIC: mutated packets, whose frames are read as if they were authentic', () => {
  const halves = [0, 60].map((from) => openInitial(cryptoFrame(from, hello.subarray(from, from + 60))));
  const ends = openInitial(cryptoFrame(120, hello.subarray(120)));
  const mixed = openInitial([2, 0, 0, 1, 0, 0, 0, ...cryptoFrame(0, hello), 3, 0, 0, 0, 0, 1, 1, 1, 0x1c, 0, 0, 1, 97]);
  const samples = [...halves, ends, mixed, openInitial([...cryptoFrame(0, hello), ...cryptoFrame(0, hello)])];
  const sample = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...samples) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((frames) => openInitial([...frames])) },
  );
  // Most of a datagram is padding, so that edits go where something stands.
  const near = fc.array(fc.tuple(fc.nat(220), byte), { maxLength: 4 });
  const property = fc.property(
    fc.array(fc.tuple(sample, near), { minLength: 1, maxLength: 4 }),
    fc.nat(1300),
    (list, end) => {
      const packets = list.map(([bytes, changes]) => datagram(mutated(bytes, changes)));
      check('udp', packets);
      check('udp', [...halves, ends].map(datagram).toSpliced(end % 4, 0, ...packets));
      check(
        'udp',
        packets.map(({ payload }) => datagram(payload.subarray(0, end))),
      );
    },
  );
  fc.assert(property, { numRuns: Math.ceil(wanted / 6) });
});

test('QUIC: a changed packet does not open', async () => {
  const packets = [await rfcInitial(1), await rfcInitial(2), await buildInitial({ frames: cryptoFrame(0, hello) })];
  const property = fc.property(
    fc.constantFrom(...packets),
    fc.nat(1199),
    fc.integer({ min: 1, max: 255 }),
    (packet, at, flip) => {
      const said = new FirstWords('udp', testQuicCrypto, limits).handle(
        datagram(mutated(packet, [[at, (packet[at] as number) ^ flip]])),
      );
      assert.notEqual(said.kind, 'name', `${at} ^ ${flip}`);
    },
  );
  fc.assert(property, { numRuns: wanted / 100 });
});

after(() => {
  // Not a test of its own: it would run before the others are done.
  if (tried < wanted) throw new Error(`only ${tried} hostile inputs were tried, not ${wanted}`);
  const missing = [
    'tcp name',
    'tcp unseen ambiguous',
    'tcp none malformed',
    'udp name',
    'udp unseen ambiguous',
    'udp more',
  ].filter((kind) => !kinds.has(kind));
  if (missing.length > 0) throw new Error(`no hostile input led to: ${missing.join(', ')}`);
});
