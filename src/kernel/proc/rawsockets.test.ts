import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRawTable } from './rawsockets.ts';

const heading =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n';

test('a ping socket has its identifier, a raw one its protocol', () => {
  const v4 = `${heading}  180: 00000000:1234 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 34977 2 0000000000000000 0\n`;
  assert.deepEqual(parseRawTable(v4), [{ port: 0x1234, uid: 1000, inode: 34977 }]);
  const v6 = `${heading}   58: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5555 2 0000000000000000 0\n`;
  assert.deepEqual(parseRawTable(v6), [{ port: 58, uid: 0, inode: 5555 }]);
});

test('a socket that its process has closed is nobody’s', () => {
  const line = `${heading}  1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000  0  0 0 2 0 0\n`;
  assert.deepEqual(parseRawTable(line), []);
});

test('no text makes a socket without numbers', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(' ', ':', '\n', '0', '1', 'A', 'x', '-') }), (text) => {
      for (const { port, uid, inode } of parseRawTable(text)) {
        assert.ok(Number.isInteger(port) && Number.isInteger(uid) && Number.isInteger(inode) && inode > 0);
      }
    }),
  );
});
