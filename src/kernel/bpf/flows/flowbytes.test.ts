import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { directions, type Flow, packetSocket } from '#model/flow.ts';
import { addressFromBytes } from '#model/net/address.ts';
import { protocolOfPacket } from '#wire/flow.ts';
import { readFlow, writeFlow } from './flowbytes.ts';
import { directionCodes, flowLayouts } from './layout.ts';

const address = (family: 4 | 6) =>
  fc
    .uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 })
    .map((bytes) => addressFromBytes(bytes))
    .filter((value) => value?.family === family && (value.w0 | value.w1 | value.w2 | value.w3) !== 0);
const port = fc.nat(65535);
const flow = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
  fc
    .tuple(address(family), address(family), port, port, fc.nat(255), fc.constantFrom(...directions))
    .map(([near, far, nearPort, farPort, protocolNumber, direction]): Flow => {
      assert.ok(near && far);
      return {
        protocol: protocolOfPacket(protocolNumber, family),
        protocolNumber,
        direction,
        local: { address: near, port: nearPort },
        remote: { address: far, port: farPort },
      };
    }),
);

test('a flow that is written is read again', () => {
  fc.assert(
    fc.property(flow, fc.nat(64), (one, at) => {
      const bytes = Buffer.alloc(at + flowLayouts.flow.size, 0xff);
      writeFlow(bytes, at, one);
      assert.deepEqual(readFlow(bytes, at), one);
    }),
  );
});

test('any bytes are a flow or none, and nothing throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: flowLayouts.flow.size, maxLength: flowLayouts.flow.size }), (bytes) => {
      const read = readFlow(Buffer.from(bytes), 0);
      assert.ok(read === undefined || directions.includes(read.direction));
    }),
  );
});

test('what a call does not know yet is not known', () => {
  const bytes = Buffer.alloc(flowLayouts.flow.size);
  bytes[flowLayouts.flow.family] = 4;
  bytes[flowLayouts.flow.protocol] = 6;
  bytes.writeUInt32BE(0xc0000201, flowLayouts.flow.remote + 12);
  bytes.writeUInt16LE(443, flowLayouts.flow.remote_port);
  const read = readFlow(bytes, 0);
  assert.equal(read?.local, undefined);
  assert.equal(read?.remote.port, 443);
});

test('the making of a packet socket is told apart from every flow, and read again', () => {
  const bytes = Buffer.alloc(flowLayouts.flow.size, 0xff);
  writeFlow(bytes, 0, packetSocket);
  assert.equal(bytes[flowLayouts.flow.direction], directionCodes.packet);
  assert.equal(
    bytes.subarray(0, flowLayouts.flow.family).every((byte) => byte === 0),
    true,
  );
  assert.equal(readFlow(bytes, 0), packetSocket);
  writeFlow(bytes, 0, { ...packetSocket, interface: 'eth0' });
  assert.equal(bytes[flowLayouts.flow.direction], directionCodes.out);
});
