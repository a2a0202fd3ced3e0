import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendQueueBatch } from './nftbatch.ts';
import { Writer } from './writer.ts';

const hex = (writer: Writer) => Buffer.from(writer.finished()).toString('hex');
const joined = (...parts: string[]) => parts.join('').replaceAll(' ', '');
const text = (value: string) =>
  Buffer.from(`${value}\0`)
    .toString('hex')
    .padEnd(Math.ceil((value.length + 1) / 4) * 8, '0');

// Linux 6.18 accepted these bytes; test/kernel holds the proof.
test('golden: a queue rule with a counter, and the table wakes', () => {
  const writer = Writer.growing(16);
  const batch = { table: 'postern', chains: ['queue_output'], queue: 0x0102, bypass: true, counter: 'queued' };
  assert.equal(appendQueueBatch(writer, 9, { ...batch, dormant: false }), 2);
  const target = joined(
    '0b00 0100',
    text('target'),
    '2400 0280',
    joined('0c00 0100', text('NFQUEUE')), // NFTA_TARGET_NAME
    '0800 0200 00000003', // NFTA_TARGET_REV
    '0c00 0300 0201 0100 0100 0000', // NFTA_TARGET_INFO: host order, padded to 8
  );
  const counter = joined(
    '0b00 0100',
    text('objref'),
    '1800 0280',
    '0800 0100 00000001', // NFTA_OBJREF_IMM_TYPE counter
    joined('0b00 0200', text('queued')),
  );
  assert.equal(
    hex(writer),
    joined(
      '14000000 1000 0100 09000000 00000000 00 00 000a', // BATCH_BEGIN of subsystem 10
      '94000000 060a 050c 0a000000 00000000 01 00 0000', // NEWRULE, REQUEST | ACK | CREATE | APPEND, inet
      joined('0c00 0100', text('postern')),
      joined('1100 0200', text('queue_output')),
      '6000 0480', // NFTA_RULE_EXPRESSIONS
      joined('2800 0180', counter),
      joined('3400 0180', target),
      '28000000 000a 0500 0b000000 00000000 01 00 0000', // NEWTABLE
      joined('0c00 0100', text('postern')),
      '0800 0200 00000000', // NFTA_TABLE_FLAGS
      '14000000 1100 0100 0c000000 00000000 00 00 000a', // BATCH_END
    ),
  );
});

test('what is left out is not written', () => {
  const writer = Writer.growing();
  assert.equal(appendQueueBatch(writer, 1, { table: 't', chains: [], queue: 1, bypass: false, dormant: true }), 1);
  const dormantOnly = hex(writer);
  assert.ok(dormantOnly.includes('0800020000000001'));
  writer.clear();
  assert.equal(appendQueueBatch(writer, 1, { table: 't', chains: ['a', 'b'], queue: 1, bypass: false }), 2);
  assert.ok(!hex(writer).includes('000a0500'));
  assert.equal(hex(writer).split('4e4651554555450').length, 3); // NFQUEUE twice
});

test('a name with a NUL inside is a mistake of the caller', () => {
  assert.throws(
    () => appendQueueBatch(Writer.growing(), 1, { table: 'a\0b', chains: ['c'], queue: 1, bypass: false }),
    RangeError,
  );
});
