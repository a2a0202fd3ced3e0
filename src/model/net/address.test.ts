// Addresses are read as the library reads them that knows all their forms.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { formatAddress, parseAddress } from './address.ts';

const part = fc.oneof(
  fc.nat(300).map(String),
  fc.constantFrom('', '0', '00', '01', '255', '256', '-1', '+1', ' 1', '1 ', '0x1', '1e1', '٣', '4294967295', '1.2'),
);

test('a dotted quad is four parts from 0 to 255, none of them with a zero before it', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const text = parts.join('.');
      const known = ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text).toString() : undefined;
      const read = parseAddress(text);
      assert.equal(read && formatAddress(read), known, text);
    }),
    { numRuns: 20_000 },
  );
  assert.equal(parseAddress('192.0.2.255')?.w3, 0xc00002ff);
});
