import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCorpus, sampleOf } from './corpus.testing.ts';
import { appendLogConfig, createLogMessage, NFULNL_CFG_F_SEQ, parseLogMessage } from './nflog.ts';
import { printableText } from './reader.ts';
import { Writer } from './writer.ts';

const samples = readCorpus('nflog');
const copies = samples.filter(({ name }) => name === 'nflog').map(({ bytes }) => bytes);

test('golden: bind with everything in one message', () => {
  const writer = Writer.growing();
  const config = {
    command: 'bind',
    copyRange: 256,
    threshold: 1,
    timeout: 100,
    bufferBytes: 65536,
    flags: NFULNL_CFG_F_SEQ,
  } as const;
  assert.ok(appendLogConfig(writer, 7, 0x504f, config));
  assert.equal(
    Buffer.from(writer.finished()).toString('hex'),
    [
      '48000000 0104 0500 07000000 00000000', // nlmsghdr: log subsystem, CONFIG, REQUEST | ACK
      '00 00 504f', // nfgenmsg
      '0500 0100 01 000000', // CMD bind
      '0a00 0200 00000100 02 00 0000', // MODE copy packet
      '0800 0300 00010000', // NLBUFSIZ
      '0800 0400 00000064', // TIMEOUT
      '0800 0500 00000001', // QTHRESH
      '0600 0600 0001 0000', // FLAGS, 16 bits
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

test('a copy of the kernel', () => {
  const bytes = copies[0] as Uint8Array;
  const message = createLogMessage();
  assert.equal(parseLogMessage(bytes, 0, bytes.length, message), 'packet');
  const { payloadStart, prefixStart, ...rest } = message;
  assert.equal(bytes[payloadStart], 0x45);
  assert.equal(printableText(bytes, prefixStart, prefixStart + rest.prefixLength), 'rule: web-1');
  assert.deepEqual(rest, {
    next: bytes.length,
    errno: 0,
    sequence: 0,
    group: 77,
    hwProtocol: 0x0800,
    hook: 3,
    mark: 0,
    indev: 0,
    outdev: 1,
    uid: 0,
    gid: 0,
    payloadLength: 60,
    prefixLength: 11,
    count: 0,
  });
});

test("the owner of the copy before does not stay for the kernel's own packets", () => {
  const message = createLogMessage();
  const owners = copies.map((bytes) => {
    assert.equal(parseLogMessage(bytes, 0, bytes.length, message), 'packet');
    return [message.count, message.uid];
  });
  assert.deepEqual(owners.at(0), [0, 0]);
  assert.deepEqual(owners.at(-1), [6, undefined]); // an ICMP error
});

test('several copies in one datagram, and its end', () => {
  const bytes = sampleOf(samples, 'two copies and the end of the datagram');
  const message = createLogMessage();
  const seen: unknown[] = [];
  for (let at = 0; at < bytes.length; at = message.next)
    seen.push(parseLogMessage(bytes, at, bytes.length, message), message.hook);
  assert.deepEqual(seen, ['packet', 3, 'packet', 1, 'other', 1]);
});

test('a copy without its header is malformed', () => {
  for (const name of ['no packet header', 'packet header of 2 bytes']) {
    const bytes = sampleOf(samples, name);
    assert.equal(parseLogMessage(bytes, 0, bytes.length, createLogMessage()), 'malformed');
  }
});
