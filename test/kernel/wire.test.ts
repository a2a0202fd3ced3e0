// The codecs against the real kernel: it takes what they write, and hostile packets get one verdict each.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Answer, request } from '#kernel/netlink/requests.ts';
import { NetlinkSocket, netlinkFamilies } from '#kernel/netlink/socket.ts';
import type { Endpoint, Flow } from '#model/flow.ts';
import { type Address, parseAddress } from '#model/net/address.ts';
import {
  appendConntrackDelete,
  appendConntrackDump,
  appendConntrackMark,
  CONNTRACK_ENTRY,
  type ConntrackEntry,
  parseConntrackEntry,
} from '#wire/conntrack.ts';
import { readCorpus } from '#wire/corpus.testing.ts';
import { directionOfHook, entryOfFlow, flowFromPacket, flowOfEntry } from '#wire/flow.ts';
import { createPacketFields, parsePacket } from '#wire/ip.ts';
import { parseAcks } from '#wire/netlink.ts';
import {
  appendQueueConfig,
  appendVerdict,
  createQueueMessage,
  NF_ACCEPT,
  NF_DROP,
  NFQA_CFG_F_GSO,
  NFQA_CFG_F_UID_GID,
  parseQueueMessage,
} from '#wire/nfqueue.ts';
import { appendRuleBatch } from '#wire/nftbatch.ts';
import { appendExtensionQuery, type Extension } from '#wire/nftcompat.ts';
import {
  appendSocketDestroy,
  appendSocketDump,
  appendSocketLookup,
  parseSocketRecord,
  type SocketName,
  type SocketRecord,
  TCP_ESTABLISHED,
  TCP_LISTEN,
} from '#wire/sockdiag.ts';
import { Writer } from '#wire/writer.ts';
import { enterPair, far, near } from './pair.ts';

const pair = enterPair();
const queue = 77;
const netfilter = new NetlinkSocket({ family: netlinkFamilies.netfilter });
const diag = new NetlinkSocket({ family: netlinkFamilies.sockDiag });

const at = (text: string, port: number): Endpoint => ({ address: parseAddress(text) as Address, port });
const nft = (text: string) => execFileSync('nft', ['-f', '-'], { input: text });
const listing = (...how: string[]) =>
  spawnSync('nft', [...how, 'list', 'table', 'inet', 'postern'], { encoding: 'utf8' }).stdout;

const sleepingTable = `
add table inet postern
delete table inet postern
table inet postern {
  flags dormant
  counter queued { }
  chain queue_output { }
  chain queue_input { }
  chain output { type filter hook output priority -150; policy accept; jump queue_output; }
  chain input { type filter hook input priority -150; policy accept; jump queue_input; }
}
`;
interface Changes {
  readonly table?: string;
  readonly chains?: readonly string[];
  readonly counter?: string;
  readonly bypass?: boolean;
  readonly dormant?: boolean;
}

/** The kernel's errnos for the messages of a batch, 0 for each that it took. */
function sendBatch(changes: Changes): number[] {
  const writer = Writer.growing();
  const { table = 'postern', chains = ['queue_output', 'queue_input'], counter = 'queued', bypass = false } = changes;
  const rules = chains.map((chain) => ({ chain, counter, action: { queue, bypass } }));
  const { dormant } = changes;
  const expected = appendRuleBatch(writer, 1, { table, rules, ...(dormant !== undefined && { dormant }) });
  netfilter.send(writer.finished());
  const errnos: number[] = [];
  for (let datagram = netfilter.receive(); datagram !== undefined; datagram = netfilter.receive()) {
    const acks = parseAcks(datagram);
    assert.ok(acks.ok);
    for (const ack of acks.value) errnos.push(ack.type === 'ack' ? 0 : ack.errno);
  }
  assert.equal(errnos.length, expected);
  return errnos;
}

function ask(
  socket: NetlinkSocket,
  append: (writer: Writer) => boolean,
  onMessage?: Parameters<typeof request>[3],
): Answer {
  const writer = Writer.growing();
  assert.ok(append(writer));
  return request(socket, writer.finished(), 1, onMessage);
}

const ENOENT = 2;

test('the kernel is asked for the extensions that our rules name, and loads their modules', () => {
  const errnoOf = (extension: Extension) =>
    ask(netfilter, (writer) => {
      appendExtensionQuery(writer, 1, extension);
      return true;
    }).errno;
  assert.equal(errnoOf({ kind: 'target', name: 'NFQUEUE', revision: 3 }), 0);
  assert.equal(errnoOf({ kind: 'match', name: 'bpf', revision: 1 }), 0);
  assert.equal(errnoOf({ kind: 'match', name: 'nosuch', revision: 1 }), ENOENT);
});

test('a batch that fails changes nothing', () => {
  nft(sleepingTable);
  const before = listing();
  assert.ok(sendBatch({ chains: ['queue_output', 'no_such_chain'], dormant: false }).includes(ENOENT));
  assert.ok(sendBatch({ counter: 'no_such_counter' }).includes(ENOENT));
  assert.ok(sendBatch({ table: 'no_such_table', dormant: false }).includes(ENOENT));
  assert.notEqual(spawnSync('nft', ['list', 'table', 'inet', 'no_such_table']).status, 0);
  assert.equal(listing(), before);
});

test('rules and the waking of the table go in one batch, and back to sleep', () => {
  assert.deepEqual(sendBatch({ dormant: false, bypass: true }), [0, 0, 0]);
  assert.equal(listing('-j').split('NFQUEUE').length, 3);
  assert.doesNotMatch(listing(), /dormant/);
  assert.deepEqual(sendBatch({ chains: [], dormant: true }), [0]);
  assert.match(listing(), /dormant/);
});

test('hostile packets, out and in, get one verdict each', async () => {
  nft(sleepingTable);
  const config = {
    command: 'bind',
    copyRange: 256,
    maxLength: 1024,
    flags: NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID,
  } as const;
  assert.equal(ask(netfilter, (writer) => appendQueueConfig(writer, 1, queue, config)).errno, 0);
  assert.deepEqual(sendBatch({ dormant: false }), [0, 0, 0]);
  const packets = readCorpus('packets').map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  const [{ address }] = JSON.parse(execFileSync('ip', ['-j', 'link', 'show', 'near0'], { encoding: 'utf8' }));
  const sent = spawnSync('python3', ['-c', sendOut, far.v4, far.v6], { input: packets.join('\n'), encoding: 'utf8' });
  assert.equal(sent.status, 0, sent.stderr);
  const inward = pair.runFar('python3', ['-c', sendIn, address, near.v4, near.v6], packets.join('\n'));
  assert.equal(inward.status, 0, inward.stderr);
  const message = createQueueMessage();
  const fields = createPacketFields();
  const judged = { out: 0, in: 0, forward: 0, unreadable: 0 };
  for (let datagram = netfilter.receive(); datagram !== undefined; datagram = netfilter.receive()) {
    assert.equal(parseQueueMessage(datagram, 0, datagram.length, message), 'packet');
    const end = message.payloadStart + message.payloadLength;
    const direction = directionOfHook(message.hook);
    assert.ok(direction !== undefined);
    const readable = parsePacket(datagram, message.payloadStart, end, fields) === undefined;
    if (readable) assert.equal(flowFromPacket(fields, direction).direction, direction);
    judged[readable ? direction : 'unreadable'] += 1;
    const verdicts = Writer.growing(64);
    appendVerdict(verdicts, queue, message.id, readable ? NF_ACCEPT : NF_DROP, undefined);
    netfilter.send(verdicts.finished());
  }
  assert.ok(judged.out > 20 && judged.in > 20 && judged.unreadable > 0, JSON.stringify(judged));
  const [, , waiting] = readFileSync('/proc/thread-self/net/netfilter/nfnetlink_queue', 'utf8').trim().split(/\s+/);
  assert.equal(waiting, '0');
  assert.equal(ask(netfilter, (writer) => appendQueueConfig(writer, 1, queue, { command: 'unbind' })).errno, 0);
  nft('delete table inet postern');
});

/** Sends each packet with its own header, to a true address; what the kernel will not send counts as sent. */
const sendOut = `
import socket, sys
four = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
for line in sys.stdin:
    b = bytearray.fromhex(line)
    try:
        if b and b[0] >> 4 == 6:
            if len(b) >= 40: b[24:40] = socket.inet_pton(socket.AF_INET6, sys.argv[2])
            six.sendto(b, (sys.argv[2], 0))
        else:
            if len(b) >= 20: b[16:20] = socket.inet_aton(sys.argv[1])
            four.sendto(b, (sys.argv[1], 0))
    except OSError: pass
`;

/** Puts each packet on the cable as it is, but for its destination, IPv4 source and IPv4 checksum, without which it would not arrive. */
const sendIn = `
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('far0', 0))
mac = bytes.fromhex(sys.argv[1].replace(':', ''))
for line in sys.stdin:
    b = bytearray.fromhex(line)
    six = b and b[0] >> 4 == 6
    if six and len(b) >= 40:
        b[8:24] = socket.inet_pton(socket.AF_INET6, '2001:db8::2'); b[24:40] = socket.inet_pton(socket.AF_INET6, sys.argv[3])
    elif len(b) >= 20:
        b[12:16] = socket.inet_aton('192.0.2.2'); b[16:20] = socket.inet_aton(sys.argv[2])
        b[10:12] = b'\\0\\0'
        n = min(len(b), (b[0] & 15) * 4) & ~1
        c = sum(struct.unpack('>%dH' % (n // 2), b[:n]))
        while c >> 16: c = (c & 0xffff) + (c >> 16)
        b[10:12] = struct.pack('>H', ~c & 0xffff)
    try: s.send(mac + bytes(6) + (b'\\x86\\xdd' if six else b'\\x08\\0') + bytes(b))
    except OSError: pass
`;

function find(append: (writer: Writer) => boolean): SocketRecord[] {
  const found: SocketRecord[] = [];
  ask(diag, append, (message) => {
    const record = parseSocketRecord(message);
    assert.ok(record.ok);
    found.push(record.value);
  });
  return found;
}

const lookup = (name: SocketName) => find((writer) => appendSocketLookup(writer, 1, name))[0];

test('the socket behind a flow is found, of each family and protocol, and destroyed', async () => {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '::');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client: Socket = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const name: SocketName = {
    protocol: 6,
    local: at('127.0.0.1', client.localPort as number),
    remote: at('127.0.0.1', port),
  };
  const record = lookup(name);
  assert.deepEqual([record?.family, record?.state, record?.local, record?.uid], [4, TCP_ESTABLISHED, name.local, 0]);
  const accepted = lookup({ protocol: 6, local: name.remote, remote: name.local });
  assert.deepEqual([accepted?.family, accepted?.remote], [6, name.local]);
  for (const host of ['127.0.0.1', '::1']) {
    const listener = lookup({ protocol: 6, local: at(host, port), remote: at(host, 1) });
    assert.deepEqual([listener?.state, listener?.local], [TCP_LISTEN, at('::', port)]);
  }
  const listed = (localPort: number) =>
    find((writer) => appendSocketDump(writer, 1, { family: 6, protocol: 6, states: 1 << TCP_LISTEN, localPort }));
  assert.deepEqual([listed(port).length, listed(port - 1).length, listed(port + 1).length], [1, 0, 0]);
  assert.ok(record);
  const wrong = { ...name, cookie: { ...record.cookie, low: record.cookie.low ^ 1 } };
  assert.notEqual(ask(diag, (writer) => appendSocketDestroy(writer, 1, wrong)).errno, 0);
  const failed = once(client, 'error');
  assert.equal(ask(diag, (writer) => appendSocketDestroy(writer, 1, { ...name, cookie: record.cookie })).errno, 0);
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNABORTED');
  server.close();
});

for (const [type, host, any] of [
  ['udp4', '127.0.0.1', '0.0.0.0'],
  ['udp6', '::1', '::'],
] as const) {
  test(`the ${type} socket behind a flow is found, connected or not`, async () => {
    const bound = createSocket(type).bind(0, host);
    await once(bound, 'listening');
    const { port } = bound.address();
    const connected = createSocket(type);
    connected.connect(port, host);
    await once(connected, 'connect');
    const near = at(host, connected.address().port);
    const record = lookup({ protocol: 17, local: near, remote: at(host, port) });
    assert.deepEqual([record?.state, record?.local, record?.remote], [TCP_ESTABLISHED, near, at(host, port)]);
    const open = lookup({ protocol: 17, local: at(host, port), remote: at(host, 1) });
    assert.deepEqual([open?.local, open?.remote], [at(host, port), at(any, 0)]);
    bound.close();
    connected.close();
  });
}

const [ours, other] = [0x01000000, 0x02000000];

function entriesWith(mark: number): ConntrackEntry[] {
  const entries: ConntrackEntry[] = [];
  const answer = ask(
    netfilter,
    (writer) => appendConntrackDump(writer, 1, mark, mark),
    (message) => {
      assert.equal(message.type, CONNTRACK_ENTRY);
      const entry = parseConntrackEntry(message);
      assert.ok(entry.ok);
      entries.push(entry.value);
    },
  );
  assert.equal(answer.errno, 0);
  return entries;
}

test('entries are listed by mark, marked through their flow, and deleted by either side', async () => {
  nft(`table inet postern {
    chain output { type filter hook output priority -150; policy accept; ct direction original ct mark set ${ours | 5}; }
  }`);
  const socket = createSocket('udp4').bind(0, near.v4);
  await once(socket, 'listening');
  await new Promise((sent) => socket.send('x', 9, far.v4, sent));
  for (const host of [far.v4, far.v6]) spawnSync('ping', ['-c', '1', '-W', '15', host]);
  const entries = entriesWith(ours).filter(({ original }) => original.icmp !== undefined || original.protocol === 17);
  assert.deepEqual(entries.map(({ original }) => original.protocol).sort(), [1, 17, 58]);
  for (const entry of entries) {
    const flow: Flow = flowOfEntry(entry, 'out');
    const name = entryOfFlow(flow);
    assert.ok(name);
    assert.equal(ask(netfilter, (writer) => appendConntrackMark(writer, 1, name, other, ours | other)).errno, 0);
  }
  assert.deepEqual(
    [entriesWith(ours).length, entriesWith(other).map(({ mark }) => mark)],
    [0, [other | 5, other | 5, other | 5]],
  );
  for (const [index, { original, reply, id }] of entries.entries()) {
    const name =
      index === 0 ? ({ side: 'original', tuple: original } as const) : ({ side: 'reply', tuple: reply } as const);
    assert.equal(ask(netfilter, (writer) => appendConntrackDelete(writer, 1, { ...name, id: id ^ 1 })).errno, ENOENT);
    assert.equal(ask(netfilter, (writer) => appendConntrackDelete(writer, 1, { ...name, id })).errno, 0);
  }
  assert.equal(entriesWith(other).length, 0);
  socket.close();
  nft('delete table inet postern');
});
