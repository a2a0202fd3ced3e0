// A hundred thousand hostile packets, from the corpus and from fast-check, out of the world and from inside: no crash,
// and one verdict for each that the kernel queued. POSTERN_HOSTILE_PACKETS sets how many.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Status } from '#model/api.ts';
import { readCorpus } from '#wire/corpus.testing.ts';
import { Lab, type Postern } from './lab.ts';
import { host, world } from './namespaces.ts';

const python = '/usr/bin/python3';
const count = Number(process.env.POSTERN_HOSTILE_PACKETS ?? 100_000);
const seed = Number(process.env.POSTERN_HOSTILE_SEED ?? Date.now() % 2 ** 31);

/** Packets of the corpus as they are, with bytes changed, cut, or put in, and bytes of no origin. */
function hostilePackets(): string[] {
  const corpus = readCorpus('packets').map(({ bytes }) => [...bytes]);
  const any = fc.integer({ min: 0, max: 255 });
  const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const change = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), at: place, value: any }),
    fc.record({ kind: fc.constant('flip' as const), at: place, value: fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128) }),
    fc.record({ kind: fc.constant('cut' as const), at: place, value: any }),
    fc.record({ kind: fc.constant('insert' as const), at: place, value: any }),
  );
  const mutated = fc.tuple(fc.constantFrom(...corpus), fc.array(change, { maxLength: 6 })).map(([packet, changes]) => {
    const bytes = [...packet];
    for (const { kind, at, value } of changes) {
      const index = Math.floor(at * bytes.length);
      if (kind === 'cut') bytes.length = index;
      else if (kind === 'insert') bytes.splice(index, 0, value, value);
      else bytes[index] = kind === 'set' ? value : (bytes[index] ?? 0) ^ value;
    }
    return bytes;
  });
  const headed = fc
    .tuple(fc.constantFrom(0x45, 0x46, 0x4f, 0x60), any, fc.array(any, { minLength: 18, maxLength: 120 }))
    .map(([first, second, rest]) => [first, second, ...rest]);
  return fc
    .sample(fc.oneof({ weight: 6, arbitrary: mutated }, { weight: 2, arbitrary: headed }), { numRuns: count, seed })
    .map((bytes) => Buffer.from(bytes.length < 1 ? [0x45] : bytes.slice(0, 1400)).toString('hex'));
}

/**
 * Common to both senders: what is read, and a pace below the limits of new flows a second, so that the gate sees them, and of
 * what it takes from its queue (the last argument) on a machine that is busy.
 */
const sender = `
import random, socket, struct, sys, time
random.seed(7)
sent = refused = 0
def packets(a_second):
    start = time.monotonic()
    for n, line in enumerate(sys.stdin):
        if n % 100 == 0:
            time.sleep(max(0, n / a_second - (time.monotonic() - start)))
            while int(open(sys.argv[-1]).read().split()[2]) > 4000: time.sleep(0.02)
        b = bytearray.fromhex(line)
        yield b, b[0] >> 4 == 6
def mended(b):
    # The kernel drops what has a wrong length or checksum before any hook: most get right ones.
    if random.random() < .9: b[2:4] = struct.pack('>H', len(b))
    if random.random() < .5: b[0] = 0x45
    b[10:12] = b'\\0\\0'
    n = min(len(b), (b[0] & 15) * 4) & ~1
    c = sum(struct.unpack('>%dH' % (n // 2), b[:n]))
    while c >> 16: c = (c & 0xffff) + (c >> 16)
    b[10:12] = struct.pack('>H', ~c & 0xffff)
`;

const outward = `${sender}
four = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
for b, is_six in packets(6000):
    try:
        if is_six:
            if len(b) >= 40: b[24:40] = socket.inet_pton(socket.AF_INET6, sys.argv[2])
            six.sendto(b, (sys.argv[2], 0))
        else:
            if len(b) >= 20: b[16:20] = socket.inet_aton(sys.argv[1]); mended(b)
            four.sendto(b, (sys.argv[1], 0))
        sent += 1
    except OSError: refused += 1
print(sent, refused)
`;

const inward = `${sender}
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('lab1', 0))
mac = bytes.fromhex(sys.argv[3].replace(':', ''))
for b, is_six in packets(6000):
    last = random.randrange(2, 250)
    if is_six and len(b) >= 40:
        b[8:24] = socket.inet_pton(socket.AF_INET6, '2001:db8::%x' % last); b[24:40] = socket.inet_pton(socket.AF_INET6, sys.argv[2])
        if random.random() < .9: b[4:6] = struct.pack('>H', len(b) - 40)
    elif not is_six and len(b) >= 20:
        b[12:16] = socket.inet_aton('192.0.2.%d' % last); b[16:20] = socket.inet_aton(sys.argv[1]); mended(b)
    try: s.send(mac + bytes(6) + (b'\\x86\\xdd' if is_six else b'\\x08\\0') + bytes(b)); sent += 1
    except OSError: refused += 1
print(sent, refused)
`;

describe('hostile packets', () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
  });
  after(async () => {
    await postern?.stop();
    await lab.close();
  });

  /** What the kernel says of the queue: packets that wait, and all it ever queued. */
  async function queue(): Promise<{ waiting: number; queued: number; lost: number }> {
    const { stdout } = await lab.run(['cat', '/proc/net/netfilter/nfnetlink_queue']);
    const [, , waiting, , , full, user, queued] = stdout.trim().split(/\s+/).map(Number);
    return { waiting: waiting ?? -1, queued: queued ?? -1, lost: (full ?? -1) + (user ?? -1) };
  }

  test(`${count} of them: no crash, one verdict each (seed ${seed})`, { timeout: 560_000 }, async () => {
    postern = await lab.postern({
      mode: 'ask',
      args: ['--hold', '1'],
      rules: { '10.yaml': 'rules: [{ name: curl, action: allow, app: /usr/bin/curl }]\n' },
    });
    const pids = [postern.child('gate'), postern.child('control')];
    const packets = hostilePackets();
    const queueFile = `/proc/${postern.pid}/net/netfilter/nfnetlink_queue`;
    const half = packets.length / 2;
    const mac = JSON.parse((await lab.run(['ip', '-j', 'link', 'show', 'lab0'])).stdout)[0].address as string;
    const sent = await Promise.all([
      lab.run([python, '-c', inward, host.v4, host.v6, mac, queueFile], {
        world: true,
        input: packets.slice(0, half).join('\n'),
        timeoutMs: 400_000,
      }),
      lab.run([python, '-c', outward, world.v4, world.v6, queueFile], {
        input: packets.slice(half).join('\n'),
        timeoutMs: 400_000,
      }),
    ]);
    for (const { code, stderr } of sent) assert.equal(code, 0, stderr);
    const counters = async () => {
      const found = (await postern.json<Status>(['status'])).gate?.counters;
      assert.ok(found !== undefined);
      return found;
    };
    // The kernel sends packets of its own now and then: both are looked at until nothing came in between, and until nothing was
    // held any more when the counters were read, which is before the queue was.
    let [counted, kernel] = [await counters(), await queue()];
    const settled = async () => {
      [counted, kernel] = [await counters(), await queue()];
      const { packets, accepted, rejected, dropped } = counted;
      return kernel.waiting === 0 && kernel.queued === packets && accepted + rejected + dropped === packets;
    };
    await postern.until(settled, 'one verdict for each packet that was queued', 120);
    const { queued, lost } = kernel;
    const { packets: seen, accepted, rejected, dropped, malformed, badMessages, rateLimited } = counted;
    console.log(
      JSON.stringify({
        sent: sent.map(({ stdout }) => stdout.trim()),
        queued,
        lost,
        seen,
        accepted,
        rejected,
        dropped,
        malformed,
        rateLimited,
      }),
    );
    assert.equal(lost, 0);
    assert.equal(seen, queued, 'the gate saw what the kernel queued');
    assert.equal(accepted + rejected + dropped, queued, 'one verdict each');
    assert.equal(badMessages, 0);
    assert.ok(queued > count / 10, `${queued} packets came as far as the queue`);
    assert.deepEqual([postern.child('gate'), postern.child('control')], pids, 'nobody crashed');
    assert.equal((await lab.curl(`http://${world.v4}/`)).code, 0);
  });
});
