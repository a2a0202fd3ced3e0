import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendRuleBatch } from './nftbatch.ts';
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
  const rule = { chain: 'queue_output', counter: 'queued', action: { queue: 0x0102, bypass: true } };
  assert.equal(appendRuleBatch(writer, 9, { table: 'postern', rules: [rule], dormant: false }), 2);
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

test('golden: a rule that asks a program, and goes to another chain', () => {
  const writer = Writer.growing(16);
  appendRuleBatch(writer, 1, { table: 't', rules: [{ chain: 'c', program: 7, action: { goto: 'refuse' } }] });
  const match = joined(
    '0a00 0100',
    text('match'),
    '2802 0280',
    joined('0800 0100', text('bpf')), // NFTA_MATCH_NAME
    '0800 0200 00000001', // NFTA_MATCH_REV
    joined('1402 0300 0200 0000 07000000', '00'.repeat(520)), // NFTA_MATCH_INFO: XT_BPF_MODE_FD_ELF, descriptor 7
  );
  const verdict = joined(
    '0e00 0100',
    text('immediate'),
    '2800 0280',
    '0800 0100 00000000', // NFTA_IMMEDIATE_DREG: the verdict register
    '1c00 0280 1800 0280', // NFTA_IMMEDIATE_DATA, NFTA_DATA_VERDICT
    '0800 0100 fffffffc', // NFT_GOTO
    joined('0b00 0200', text('refuse')),
  );
  const all = hex(writer);
  assert.ok(all.includes(match), all);
  assert.ok(all.includes(verdict), all);
  writer.clear();
  appendRuleBatch(writer, 1, { table: 't', rules: [{ chain: 'c', action: { verdict: 'accept' } }] });
  assert.ok(hex(writer).includes(joined('0800 0100 00000001')));
});

test('what is left out is not written', () => {
  const writer = Writer.growing();
  assert.equal(appendRuleBatch(writer, 1, { table: 't', rules: [], dormant: true }), 1);
  const dormantOnly = hex(writer);
  assert.ok(dormantOnly.includes('0800020000000001'));
  writer.clear();
  const rules = ['a', 'b'].map((chain) => ({ chain, action: { queue: 1, bypass: false } }));
  assert.equal(appendRuleBatch(writer, 1, { table: 't', rules }), 2);
  assert.ok(!hex(writer).includes('000a0500'));
  assert.equal(hex(writer).split('4e4651554555450').length, 3); // NFQUEUE twice
});

test('a name with a NUL inside is a mistake of the caller', () => {
  const rules = [{ chain: 'c', action: { verdict: 'drop' as const } }];
  assert.throws(() => appendRuleBatch(Writer.growing(), 1, { table: 'a\0b', rules }), RangeError);
});
