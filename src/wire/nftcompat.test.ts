import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendExtensionQuery } from './nftcompat.ts';
import { Writer } from './writer.ts';

test('golden: the question for the match bpf', () => {
  const writer = Writer.growing(16);
  appendExtensionQuery(writer, 3, { kind: 'match', name: 'bpf', revision: 1 });
  const bytes = [
    '2c000000 000b 0500 03000000 00000000 02 00 0000', // COMPAT_GET of subsystem 11, REQUEST | ACK, ipv4
    '0800 0100 62706600', // NFTA_COMPAT_NAME
    '0800 0200 00000001', // NFTA_COMPAT_REV
    '0800 0300 00000000', // NFTA_COMPAT_TYPE
  ];
  assert.equal(Buffer.from(writer.finished()).toString('hex'), bytes.join('').replaceAll(' ', ''));
});
