import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint } from '#model/flow.ts';
import { type Address, ipv4, ipv6, parseAddress } from '#model/net/address.ts';
import { readCorpus, type Sample, sampleOf } from './corpus.testing.ts';
import { MessageReader, parseControl } from './netlink.ts';
import {
  appendSocketDestroy,
  appendSocketDump,
  appendSocketLookup,
  parseSocketRecord,
  SOCK_DIAG_BY_FAMILY,
  type SocketName,
  TCP_ESTABLISHED,
  TCP_LISTEN,
} from './sockdiag.ts';
import { Writer } from './writer.ts';

const samples = readCorpus('sockdiag');
const at = (text: string, port: number): Endpoint => ({ address: parseAddress(text) as Address, port });
const joined = (...parts: string[]) => parts.join('').replaceAll(' ', '');
const zero16 = '00'.repeat(16);
const noCookie = 'ffffffff ffffffff';

function hexOf(append: (writer: Writer) => boolean): string {
  const writer = Writer.growing();
  assert.ok(append(writer));
  return Buffer.from(writer.finished()).toString('hex');
}

const tcp: SocketName = {
  protocol: 6,
  local: at('192.0.2.1', 0x1234),
  remote: at('198.51.100.7', 443),
  interfaceIndex: 3,
};

test('golden: TCP look-up has the local end in src', () => {
  assert.equal(
    hexOf((writer) => appendSocketLookup(writer, 5, tcp)),
    joined(
      '48000000 1400 0100 05000000 00000000',
      '02 06 00 00 ffffffff', // AF_INET, TCP, all states
      '1234 01bb c0000201 000000000000000000000000 c6336407 000000000000000000000000',
      '03000000',
      noCookie,
    ),
  );
});

test('golden: UDP look-up has them swapped, UDP destruction has not', () => {
  const udp: SocketName = { ...tcp, protocol: 17, cookie: { low: 0x11223344, high: 5 } };
  const local = 'c0000201 000000000000000000000000';
  const remote = 'c6336407 000000000000000000000000';
  assert.equal(
    hexOf((writer) => appendSocketLookup(writer, 5, udp)),
    joined(
      '48000000 1400 0100 05000000 00000000 02 11 00 00 ffffffff 01bb 1234',
      remote,
      local,
      '03000000 44332211 05000000',
    ),
  );
  assert.equal(
    hexOf((writer) => appendSocketDestroy(writer, 5, udp)),
    joined(
      '48000000 1500 0500 05000000 00000000 02 11 00 00 ffffffff 1234 01bb',
      local,
      remote,
      '03000000 44332211 05000000',
    ),
  );
});

test('golden: IPv6, and an IPv4 address in its company', () => {
  const name = (remote: string) => ({ protocol: 6, local: at('2001:db8::1', 1), remote: at(remote, 2) });
  const head = '48000000 1400 0100 01000000 00000000 0a 06 00 00 ffffffff 0001 0002 20010db8000000000000000000000001';
  assert.equal(
    hexOf((writer) => appendSocketLookup(writer, 1, name('fe80::2'))),
    joined(head, 'fe800000000000000000000000000002 00000000', noCookie),
  );
  assert.equal(
    hexOf((writer) => appendSocketLookup(writer, 1, name('192.0.2.1'))),
    joined(head, '00000000000000000000ffffc0000201 00000000', noCookie),
  );
  assert.equal(
    hexOf((writer) => appendSocketLookup(writer, 1, name('0.0.0.0'))),
    joined(head, zero16, '00000000', noCookie),
  );
});

test('golden: a dump of the sockets that listen on a port', () => {
  assert.equal(
    hexOf((writer) =>
      appendSocketDump(writer, 2, { family: 6, protocol: 6, states: 1 << TCP_LISTEN, localPort: 0x2328 }),
    ),
    joined(
      '5c000000 1400 0103 02000000 00000000 0a 06 00 00 00040000',
      '0000 0000',
      zero16,
      zero16,
      '00000000',
      noCookie,
      '1400 0100', // INET_DIAG_REQ_BYTECODE
      '02 08 1400 00 00 2823', // S_GE: yes goes on, no goes past the end
      '03 08 0c00 00 00 2823', // S_LE
    ),
  );
});

function records(name: string) {
  return samples
    .filter((sample: Sample) => sample.name === name)
    .flatMap(({ bytes }) => {
      const messages = new MessageReader(bytes);
      const found = [];
      while (messages.next()) if (messages.type === SOCK_DIAG_BY_FAMILY) found.push(parseSocketRecord(messages));
      return found;
    });
}

test('records of the kernel', () => {
  const [exact] = records('tcp4 exact');
  assert.ok(exact?.ok);
  const { local, ...rest } = exact.value;
  assert.deepEqual(local.address, ipv4(0x7f000001));
  assert.deepEqual(rest, {
    family: 4,
    state: TCP_ESTABLISHED,
    remote: at('127.0.0.1', 9000),
    interfaceIndex: 0,
    cookie: { low: rest.cookie.low, high: 0 },
    uid: 0,
    inode: rest.inode,
    cgroupId: 1n,
    mark: 0,
  });
  assert.ok(rest.inode > 0 && rest.cookie.low > 0);
});

test('a dual-stack socket has IPv4 addresses and family 6', () => {
  const [accepted] = records('tcp4 accepted');
  assert.ok(accepted?.ok);
  assert.deepEqual([accepted.value.family, accepted.value.local.address], [6, ipv4(0x7f000001)]);
  const [listener] = records('tcp4 listener');
  assert.ok(listener?.ok);
  assert.deepEqual([listener.value.state, listener.value.local], [TCP_LISTEN, at('::', 9000)]);
});

test('no such socket', () => {
  const messages = new MessageReader(sampleOf(samples, 'none'));
  assert.ok(messages.next());
  assert.deepEqual(parseControl(messages), {
    ok: true,
    value: { type: 'error', sequence: 1, errno: 2, requestType: 20 },
  });
});

test('a record that is cut off, foreign or malformed is refused with a reason', () => {
  const reason = (name: string) => {
    const [record] = records(name);
    assert.equal(record?.ok, false);
    return record.ok ? '' : record.error;
  };
  assert.match(reason('record of 71 bytes'), /cut off/);
  assert.match(reason('record of address family 16'), /address family 16/);
  assert.match(reason('cgroup of 4 bytes'), /malformed/);
  const [largest] = records('largest cgroup');
  assert.ok(largest?.ok);
  assert.deepEqual([largest.value.cgroupId, largest.value.mark], [0xffffffffffffffffn, 0xffffffff]);
});

/** What the kernel would answer to a look-up that names a socket: the id stands at byte 8 of the request and 4 of the record. */
function recordFor(request: Uint8Array, family: number): MessageReader {
  const record = new Uint8Array(16 + 72);
  new DataView(record.buffer).setUint32(0, record.length, true);
  record[4] = SOCK_DIAG_BY_FAMILY;
  record[16] = family;
  record.set(request.subarray(16 + 8, 16 + 8 + 48), 16 + 4);
  const messages = new MessageReader(record);
  assert.ok(messages.next());
  return messages;
}

test('the name of a look-up comes back in its record', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const four = word.map(ipv4);
  const six = fc.tuple(word, word, word, word).map((words) => ipv6((words[0] | 1) >>> 0, words[1], words[2], words[3]));
  const port = fc.nat(65535);
  const ends = fc.oneof(fc.tuple(four, four), fc.tuple(six, six));
  fc.assert(
    fc.property(ends, port, port, word, word, word, ([near, far], localPort, remotePort, interfaceIndex, low, high) => {
      const name = {
        protocol: 6,
        local: { address: near, port: localPort },
        remote: { address: far, port: remotePort },
        interfaceIndex,
        cookie: { low, high },
      };
      const writer = Writer.growing();
      appendSocketLookup(writer, 1, name);
      const record = parseSocketRecord(recordFor(writer.finished(), near.family === 4 ? 2 : 10));
      assert.ok(record.ok);
      const { local, remote, interfaceIndex: index, cookie } = record.value;
      assert.deepEqual({ protocol: 6, local, remote, interfaceIndex: index, cookie }, name);
    }),
  );
});
