import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Direction, type Endpoint, type Flow, flowKey } from '#model/flow.ts';
import { type Address, ipv4, parseAddress } from '#model/net/address.ts';
import { protocolNumbers } from '#model/net/protocol.ts';
import type { ConntrackEntry, Tuple } from './conntrack.ts';
import { directionOfHook, entryOfFlow, flowOfEntry, protocolOfPacket, socketOfFlow } from './flow.ts';

const at = (text: string, port: number): Endpoint => ({ address: parseAddress(text) as Address, port });

function flowOf(direction: Direction, parts: Partial<Flow> = {}): Flow {
  const ends = { local: at('192.0.2.1', 1000), remote: at('198.51.100.7', 443) };
  return { protocol: 'tcp', protocolNumber: 6, direction, interface: undefined, icmp: undefined, ...ends, ...parts };
}

test('hooks and directions', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 255].map(directionOfHook), [
    undefined,
    'in',
    'forward',
    'out',
    undefined,
    undefined,
  ]);
});

test('a protocol in the wrong family is raw', () => {
  assert.deepEqual([protocolOfPacket(1, 4), protocolOfPacket(1, 6)], ['icmp', 'raw']);
  assert.deepEqual([protocolOfPacket(58, 4), protocolOfPacket(58, 6)], ['raw', 'icmpv6']);
  assert.deepEqual([protocolOfPacket(6, 4), protocolOfPacket(6, 6), protocolOfPacket(47, 4)], ['tcp', 'tcp', 'raw']);
});

test('only flows with ports of this machine have a socket to look up', () => {
  const { local, remote } = flowOf('out');
  assert.deepEqual(socketOfFlow(flowOf('in'), 7), { protocol: 6, local, remote, interfaceIndex: 7 });
  assert.equal(socketOfFlow(flowOf('forward')), undefined);
  assert.equal(socketOfFlow(flowOf('out', { local: undefined })), undefined);
  assert.equal(socketOfFlow(flowOf('out', { protocol: 'icmp', protocolNumber: 1 })), undefined);
});

test('an outgoing flow is named by its original tuple, an incoming one by its reply tuple', () => {
  const { local, remote } = flowOf('out');
  const tuple = { family: 4, protocol: 6, source: local, destination: remote };
  assert.deepEqual(entryOfFlow(flowOf('out')), { side: 'original', tuple });
  assert.deepEqual(entryOfFlow(flowOf('in')), { side: 'reply', tuple });
});

test('echo is named by its id and the type of the tuple; other ICMP has no entry', () => {
  const echo = (direction: Direction, type: number) =>
    entryOfFlow(
      flowOf(direction, { protocol: 'icmp', protocolNumber: 1, local: at('192.0.2.1', 77), icmp: { type, code: 0 } }),
    );
  assert.deepEqual(echo('out', 8)?.tuple.icmp, { type: 8, code: 0, id: 77 });
  assert.deepEqual(echo('in', 8)?.tuple.icmp, { type: 0, code: 0, id: 77 });
  assert.equal(echo('in', 8)?.tuple.source.port, 0);
  assert.equal(echo('out', 3), undefined);
});

test('a translated destination: each chain knows the flow by what it saw', () => {
  // A client asks 203.0.113.1:80, which is forwarded to 10.0.0.2:8080 and leaves with the address of the router.
  const entry: ConntrackEntry = {
    original: { family: 4, protocol: 6, source: at('192.0.2.9', 5000), destination: at('203.0.113.1', 80) },
    reply: { family: 4, protocol: 6, source: at('10.0.0.2', 8080), destination: at('203.0.113.1', 6000) },
    mark: 0,
    status: 0,
    id: 1,
    zone: 0,
  };
  const ends = (direction: Direction) => {
    const { local, remote } = flowOfEntry(entry, direction);
    return [local, remote];
  };
  assert.deepEqual(ends('out'), [at('192.0.2.9', 5000), at('203.0.113.1', 80)]);
  assert.deepEqual(ends('forward'), [at('192.0.2.9', 5000), at('10.0.0.2', 8080)]);
  assert.deepEqual(ends('in'), [at('10.0.0.2', 8080), at('203.0.113.1', 6000)]);
});

const address = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4);
const endpoint = fc.tuple(address, fc.nat(65535)).map(([where, port]): Endpoint => ({ address: where, port }));

/** The mirror image, as of a flow without translation. */
function answerTo(tuple: Tuple): Tuple {
  const { source, destination, icmp } = tuple;
  const answer = icmp && { ...icmp, type: 8 - icmp.type };
  return { ...tuple, source: destination, destination: source, icmp: answer };
}

test('from a flow to its entry and back', () => {
  const direction = fc.constantFrom<Direction>('out', 'in', 'forward');
  const protocol = fc.constantFrom<keyof typeof protocolNumbers>('tcp', 'udp', 'sctp', 'udplite', 'icmp');
  fc.assert(
    fc.property(direction, protocol, endpoint, endpoint, (way, name, local, remote) => {
      const icmp = name === 'icmp' ? { type: 8, code: 0 } : undefined;
      const far = icmp ? { ...remote, port: 0 } : remote;
      const flow: Flow = {
        ...flowOf(way),
        protocol: name,
        protocolNumber: protocolNumbers[name],
        local,
        remote: far,
        icmp,
      };
      const found = entryOfFlow(flow);
      assert.ok(found);
      const other = answerTo(found.tuple);
      const [original, reply] = found.side === 'original' ? [found.tuple, other] : [other, found.tuple];
      const back = flowOfEntry({ original, reply, mark: 0, status: 0, id: 0, zone: 0 }, way);
      assert.deepEqual(back, flow);
      assert.equal(flowKey(back), flowKey(flow));
    }),
  );
});
