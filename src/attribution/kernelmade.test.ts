import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow } from '#model/flow.ts';
import { ipv4 } from '#model/net/address.ts';
import { protocolOf } from '#model/net/protocol.ts';
import { kernelAnswers } from './kernelmade.ts';

const flow = (protocolNumber: number, direction: Flow['direction']): Flow => ({
  protocol: protocolOf(protocolNumber),
  protocolNumber,
  direction,
  remote: { address: ipv4(1), port: 0 },
});

test('what comes in as ICMP, ICMPv6 or IGMP is the kernel’s to answer; other protocols, and what goes out, are programs’', () => {
  for (const number of [1, 2, 58]) {
    assert.equal(kernelAnswers(flow(number, 'in')), true);
    assert.equal(kernelAnswers(flow(number, 'out')), false);
  }
  for (const number of [6, 17, 47, 89, 112]) assert.equal(kernelAnswers(flow(number, 'in')), false);
});
