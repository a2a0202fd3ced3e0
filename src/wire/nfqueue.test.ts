import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NFNL_SUBSYS_QUEUE } from './constants/netfilter.ts';
import * as numbers from './constants/nfqueue.ts';
import { beginNetfilter } from './netlink.ts';
import {
  appendQueueConfig,
  appendVerdict,
  appendVerdictBatch,
  createQueueMessage,
  markedVerdictBytes,
  NF_ACCEPT,
  NF_DROP,
  NF_REPEAT,
  NFQA_CFG_F_FAIL_OPEN,
  NFQA_CFG_F_GSO,
  NFQA_CFG_F_UID_GID,
  parseQueueMessage,
  verdictBytes,
} from './nfqueue.ts';
import { Writer } from './writer.ts';

const hex = (writer: Writer) => Buffer.from(writer.finished()).toString('hex');
const joined = (...parts: string[]) => parts.join('').replaceAll(' ', '');

test('golden: bind with everything in one message', () => {
  const writer = Writer.growing();
  const flags = NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID;
  const mask = flags | NFQA_CFG_F_FAIL_OPEN;
  assert.ok(appendQueueConfig(writer, 7, 0x1234, { command: 'bind', copyRange: 256, maxLength: 16384, flags, mask }));
  assert.equal(
    hex(writer),
    joined(
      '40000000 0203 0500 07000000 00000000', // nlmsghdr: queue subsystem, CONFIG, REQUEST | ACK
      '00 00 1234', // nfgenmsg
      '0800 0100 01 00 0000', // CMD bind
      '0900 0200 00000100 02 000000', // PARAMS copy packet, padded
      '0800 0300 00004000', // QUEUE_MAXLEN
      '0800 0500 0000000c', // FLAGS
      '0800 0400 0000000d', // MASK
    ),
  );
});

test('golden: verdicts with and without a mark, and a batch verdict', () => {
  const writer = Writer.growing();
  appendVerdict(writer, 1, 0x01020304, NF_ACCEPT, 0x10000000);
  appendVerdict(writer, 1, 0xfffffffe, NF_DROP, undefined);
  appendVerdictBatch(writer, 1, 9, NF_REPEAT, undefined);
  assert.equal(
    hex(writer),
    joined(
      '28000000 0103 0100 00000000 00000000 00 00 0001 0c00 0200 00000001 01020304 0800 0300 10000000',
      '20000000 0103 0100 00000000 00000000 00 00 0001 0c00 0200 00000000 fffffffe',
      '20000000 0303 0100 00000000 00000000 00 00 0001 0c00 0200 00000004 00000009',
    ),
  );
  assert.equal(writer.length, markedVerdictBytes + 2 * verdictBytes);
});

test('a full arena refuses a verdict whole and keeps those before', () => {
  const writer = Writer.over(new Uint8Array(2 * verdictBytes + 8));
  assert.ok(appendVerdict(writer, 1, 1, NF_ACCEPT, undefined));
  assert.ok(appendVerdict(writer, 1, 2, NF_ACCEPT, undefined));
  const before = hex(writer);
  assert.equal(appendVerdict(writer, 1, 3, NF_ACCEPT, undefined), false);
  assert.equal(hex(writer), before);
  assert.equal(writer.overflowed, true);
  writer.clear();
  assert.ok(appendVerdict(writer, 1, 3, NF_ACCEPT, 5));
});

interface Parts {
  readonly id: number;
  readonly hook?: number;
  readonly mark?: number;
  readonly indev?: number;
  readonly outdev?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly capLen?: number;
  readonly payload?: readonly number[];
}

function packetMessage(parts: Parts): Uint8Array {
  const writer = Writer.growing(64);
  const start = beginNetfilter(writer, NFNL_SUBSYS_QUEUE, numbers.NFQNL_MSG_PACKET, 0, 0, 2, 77);
  const header = writer.beginAttribute(numbers.NFQA_PACKET_HDR);
  writer.be32(parts.id);
  writer.be16(0x0800);
  writer.u8(parts.hook ?? 3);
  writer.endAttribute(header);
  if (parts.mark !== undefined) writer.attributeBe32(numbers.NFQA_MARK, parts.mark);
  if (parts.indev !== undefined) writer.attributeBe32(numbers.NFQA_IFINDEX_INDEV, parts.indev);
  if (parts.outdev !== undefined) writer.attributeBe32(numbers.NFQA_IFINDEX_OUTDEV, parts.outdev);
  if (parts.uid !== undefined) writer.attributeBe32(numbers.NFQA_UID, parts.uid);
  if (parts.gid !== undefined) writer.attributeBe32(numbers.NFQA_GID, parts.gid);
  if (parts.capLen !== undefined) writer.attributeBe32(numbers.NFQA_CAP_LEN, parts.capLen);
  if (parts.payload !== undefined) writer.attributeBytes(numbers.NFQA_PAYLOAD, parts.payload);
  writer.endMessage(start);
  return writer.finished();
}

const word = fc.integer({ min: 0, max: 0xffffffff });
const optional = fc.option(word, { nil: undefined });

test('what the kernel may say is read', () => {
  const message = createQueueMessage();
  const parts = fc.record(
    {
      id: word,
      hook: fc.integer({ min: 0, max: 255 }),
      mark: word,
      indev: word,
      outdev: word,
      uid: word,
      gid: word,
      payload: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 }),
    },
    { requiredKeys: ['id', 'hook'] },
  );
  fc.assert(
    fc.property(parts, optional, (given, capLen) => {
      const bytes = packetMessage({ ...given, ...(capLen !== undefined && { capLen }) });
      assert.equal(parseQueueMessage(bytes, 0, bytes.length, message), 'packet');
      const payload = given.payload ?? [];
      assert.deepEqual(
        [...bytes.subarray(message.payloadStart, message.payloadStart + message.payloadLength)],
        payload,
      );
      const { next, errno, sequence, payloadStart, payloadLength, ...rest } = message;
      assert.deepEqual(rest, {
        queue: 77,
        id: given.id,
        hwProtocol: 0x0800,
        hook: given.hook,
        mark: given.mark ?? 0,
        indev: given.indev ?? 0,
        outdev: given.outdev ?? 0,
        uid: given.uid,
        gid: given.gid,
        packetLength: Math.max(capLen ?? 0, payload.length),
        skbInfo: 0,
      });
    }),
  );
});

test('several messages in one datagram, an error of an unknown id among them', () => {
  const enoent = Buffer.from(
    '24000000 0200 0000 05000000 00000000 feffffff 20000000 0103 0100 05000000 00000000'.replaceAll(' ', ''),
    'hex',
  );
  const bytes = Buffer.concat([packetMessage({ id: 1 }), enoent, packetMessage({ id: 2, payload: [1, 2, 3] })]);
  const message = createQueueMessage();
  const seen: unknown[] = [];
  for (let at = 0; at < bytes.length; at = message.next) {
    const kind = parseQueueMessage(bytes, at, bytes.length, message);
    seen.push(kind, kind === 'error' ? message.errno : message.id);
  }
  assert.deepEqual(seen, ['packet', 1, 'error', 2, 'packet', 2]);
});

test('every truncation is malformed, and the id is known as soon as it can be', () => {
  const whole = packetMessage({ id: 9, mark: 1, uid: 2, gid: 3, payload: [1, 2, 3, 4, 5] });
  const message = createQueueMessage();
  for (let end = 0; end < whole.length - 3; end++) {
    assert.equal(parseQueueMessage(whole, 0, end, message), 'malformed', `cut at ${end}`);
    assert.equal(message.next, end);
    // Cut inside, with a header that says so: only an attribute is broken.
    const shorter = whole.slice(0, end);
    if (end < 4) continue;
    new DataView(shorter.buffer).setUint32(0, end, true);
    const kind = parseQueueMessage(shorter, 0, end, message);
    assert.ok(kind === 'malformed' || kind === 'packet');
    if (end >= 31) assert.equal(message.id, 9);
  }
});
