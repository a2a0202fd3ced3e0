import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatEndpoint } from '#model/flow.ts';
import { type Address, formatAddress, ipv4, ipv6, parseAddress } from '#model/net/address.ts';
import { flowFromPacket } from './flow.ts';
import { createPacketFields, type PacketError, type PacketFields, parsePacket, TCP_SYN } from './ip.ts';
import {
  buildIpv4Packet,
  buildIpv6Packet,
  type Ipv6Parts,
  icmpMessage,
  sctpChunk,
  tcpSegment,
  udpDatagram,
} from './packets.testing.ts';

const address = (text: string) => parseAddress(text) as Address;
const four = { source: address('192.0.2.1'), destination: address('198.51.100.7') };
const six = { source: address('2001:db8::1'), destination: address('2001:db8::2') };

function read(bytes: Uint8Array): PacketFields {
  const fields = createPacketFields();
  assert.equal(parsePacket(bytes, 0, bytes.length, fields), undefined);
  return fields;
}

function refusal(bytes: Uint8Array): PacketError | undefined {
  return parsePacket(bytes, 0, bytes.length, createPacketFields());
}

test('an IPv4 SYN', () => {
  const fields = read(buildIpv4Packet({ ...four, protocol: 6, payload: tcpSegment(40000, 443) }));
  assert.deepEqual(
    [fields.family, fields.protocol, fields.sourcePort, fields.destinationPort, fields.tcpFlags, fields.length],
    [4, 6, 40000, 443, TCP_SYN, 40],
  );
  assert.equal(fields.fragment, 'none');
  assert.equal(fields.transport, 20);
});

test('IPv4 options are passed over', () => {
  const fields = read(
    buildIpv4Packet({ ...four, protocol: 17, options: [1, 1, 1, 0], payload: udpDatagram(53, 5353) }),
  );
  assert.deepEqual([fields.sourcePort, fields.destinationPort, fields.transport], [53, 5353, 24]);
});

test('each protocol with ports has them', () => {
  for (const [protocol, payload] of [
    [6, tcpSegment(1, 2)],
    [17, udpDatagram(1, 2)],
    [136, udpDatagram(1, 2)],
    [132, sctpChunk(1, 2)],
  ] as const) {
    for (const bytes of [
      buildIpv4Packet({ ...four, protocol, payload }),
      buildIpv6Packet({ ...six, protocol, payload }),
    ]) {
      const fields = read(bytes);
      assert.deepEqual([fields.protocol, fields.sourcePort, fields.destinationPort], [protocol, 1, 2]);
    }
  }
});

test('other protocols have none, whatever they carry', () => {
  for (const protocol of [2, 47, 50, 51, 89, 253]) {
    const fields = read(buildIpv4Packet({ ...four, protocol, payload: tcpSegment(1, 2) }));
    assert.deepEqual(
      [fields.protocol, fields.sourcePort, fields.destinationPort, fields.icmpType],
      [protocol, 0, 0, -1],
    );
    assert.equal(flowFromPacket(fields, 'out').protocol, 'raw');
  }
});

test('ICMP echo has an id, other ICMP has not', () => {
  const echo = read(buildIpv4Packet({ ...four, protocol: 1, payload: icmpMessage(8, 0, 4711) }));
  assert.deepEqual([echo.icmpType, echo.icmpCode, echo.echoId], [8, 0, 4711]);
  const unreachable = read(buildIpv4Packet({ ...four, protocol: 1, payload: icmpMessage(3, 10, 4711) }));
  assert.deepEqual([unreachable.icmpType, unreachable.icmpCode, unreachable.echoId], [3, 10, -1]);
  const echo6 = read(buildIpv6Packet({ ...six, protocol: 58, payload: icmpMessage(129, 0, 7) }));
  assert.deepEqual([echo6.icmpType, echo6.echoId], [129, 7]);
});

test('ICMP of the other family is raw and has no type', () => {
  for (const bytes of [
    buildIpv4Packet({ ...four, protocol: 58, payload: icmpMessage(135, 0) }),
    buildIpv6Packet({ ...six, protocol: 1, payload: icmpMessage(8, 0) }),
  ]) {
    const flow = flowFromPacket(read(bytes), 'out');
    assert.deepEqual([flow.protocol, flow.icmp], ['raw', undefined]);
  }
});

test('a first fragment has ports, a later one has none', () => {
  const payload = udpDatagram(1, 2);
  const first = read(buildIpv4Packet({ ...four, protocol: 17, moreFragments: true, payload }));
  assert.deepEqual([first.fragment, first.sourcePort], ['first', 1]);
  const later = read(buildIpv4Packet({ ...four, protocol: 17, fragmentOffset: 185, payload }));
  assert.deepEqual([later.fragment, later.sourcePort, later.destinationPort], ['later', 0, 0]);
  const first6 = read(buildIpv6Packet({ ...six, protocol: 17, headers: [fragmentHeader(0, true)], payload }));
  assert.deepEqual([first6.fragment, first6.protocol, first6.destinationPort], ['first', 17, 2]);
  const later6 = read(buildIpv6Packet({ ...six, protocol: 17, headers: [fragmentHeader(8, false)], payload: [9] }));
  assert.deepEqual([later6.fragment, later6.protocol, later6.destinationPort], ['later', 17, 0]);
});

type ExtensionHeader = NonNullable<Ipv6Parts['headers']>[number];

function fragmentHeader(offset: number, more: boolean): ExtensionHeader {
  return { number: 44, bytes: [0, offset >> 5, ((offset << 3) & 255) | (more ? 1 : 0), 0, 0, 0, 1] };
}

const padding: ExtensionHeader = { number: 60, bytes: [0, 1, 4, 0, 0, 0, 0] };
const hopByHop: ExtensionHeader = { number: 0, bytes: [1, 1, 12, ...new Array(12).fill(0)] };
const routing: ExtensionHeader = { number: 43, bytes: [0, 4, 0, 0, 0, 0, 0] };
const authentication: ExtensionHeader = { number: 51, bytes: [4, 0, 0, ...new Array(20).fill(7)] };

test('IPv6 extension headers are passed over', () => {
  const headers = [hopByHop, padding, routing, fragmentHeader(0, false), authentication, padding];
  const fields = read(buildIpv6Packet({ ...six, protocol: 6, headers, payload: tcpSegment(40000, 443) }));
  assert.deepEqual(
    [fields.protocol, fields.sourcePort, fields.destinationPort, fields.fragment],
    [6, 40000, 443, 'none'],
  );
});

test('ESP, no-next-header, mobility, HIP and shim6 end the chain', () => {
  for (const protocol of [50, 59, 135, 139, 140]) {
    const fields = read(buildIpv6Packet({ ...six, protocol, payload: [6, 0, 0, 0, 0, 0, 0, 0, ...tcpSegment(1, 2)] }));
    assert.deepEqual([fields.protocol, fields.sourcePort], [protocol, 0]);
  }
});

test('an endless chain of extension headers is refused', () => {
  const headers = new Array(20).fill(padding);
  assert.equal(
    refusal(buildIpv6Packet({ ...six, protocol: 6, headers, payload: tcpSegment(1, 2) })),
    'too-many-headers',
  );
});

test('lengths that contradict themselves are refused', () => {
  const payload = tcpSegment(1, 2);
  assert.equal(refusal(buildIpv4Packet({ ...four, protocol: 6, payload, headerWords: 4 })), 'bad-length');
  assert.equal(refusal(buildIpv4Packet({ ...four, protocol: 6, payload, totalLength: 19 })), 'bad-length');
  assert.equal(refusal(buildIpv4Packet({ ...four, protocol: 6, payload, totalLength: 39 })), 'truncated');
  assert.equal(refusal(buildIpv4Packet({ ...four, protocol: 6, headerWords: 15 })), 'bad-length');
  assert.equal(refusal(buildIpv6Packet({ ...six, protocol: 6, payload, payloadLength: 19 })), 'truncated');
  assert.equal(refusal(Uint8Array.of(0x50, 0, 0, 0)), 'not-ip');
  assert.equal(refusal(new Uint8Array(0)), 'truncated');
});

test('a length of 0 (jumbogram, large GSO packet) means all that was copied', () => {
  const fields = read(buildIpv4Packet({ ...four, protocol: 6, payload: tcpSegment(1, 2), totalLength: 0 }));
  assert.deepEqual([fields.length, fields.destinationPort], [0, 2]);
  const large = read(buildIpv6Packet({ ...six, protocol: 6, payload: tcpSegment(1, 2), payloadLength: 0 }));
  assert.deepEqual([large.length, large.destinationPort], [0, 2]);
});

test('a copy that was cut after the transport header is read, and one cut inside it is not', () => {
  const whole = buildIpv4Packet({ ...four, protocol: 17, payload: udpDatagram(1, 2, new Array(1000).fill(7)) });
  const fields = createPacketFields();
  for (let end = 0; end < whole.length; end++) {
    assert.equal(parsePacket(whole, 0, end, fields), end < 28 ? 'truncated' : undefined, `cut at ${end}`);
  }
});

test('the fields of the packet before do not stay', () => {
  const fields = createPacketFields();
  const parse = (bytes: Uint8Array) => assert.equal(parsePacket(bytes, 0, bytes.length, fields), undefined);
  parse(buildIpv6Packet({ ...six, protocol: 6, payload: tcpSegment(1, 2, 0x12) }));
  parse(buildIpv4Packet({ ...four, protocol: 1, payload: icmpMessage(8, 0, 5) }));
  parse(buildIpv4Packet({ ...four, protocol: 47 }));
  const bytes = buildIpv4Packet({ ...four, protocol: 47 });
  assert.deepEqual(fields, read(bytes));
});

test('local and remote by direction', () => {
  const fields = read(buildIpv4Packet({ ...four, protocol: 17, payload: udpDatagram(1000, 53) }));
  const ends = (direction: 'out' | 'in' | 'forward') => {
    const { local, remote, interface: name } = flowFromPacket(fields, direction, 'eth0');
    assert.equal(name, 'eth0');
    return [local && formatEndpoint(local), formatEndpoint(remote)];
  };
  assert.deepEqual(ends('out'), ['192.0.2.1:1000', '198.51.100.7:53']);
  assert.deepEqual(ends('forward'), ['192.0.2.1:1000', '198.51.100.7:53']);
  assert.deepEqual(ends('in'), ['198.51.100.7:53', '192.0.2.1:1000']);
});

test('an echo identifier is the local port in every direction', () => {
  const fields = read(buildIpv4Packet({ ...four, protocol: 1, payload: icmpMessage(8, 0, 77) }));
  for (const direction of ['out', 'in', 'forward'] as const) {
    const flow = flowFromPacket(fields, direction);
    assert.deepEqual([flow.local?.port, flow.remote.port, flow.icmp], [77, 0, { type: 8, code: 0 }]);
  }
});

test('v4-mapped addresses become IPv4', () => {
  const fields = read(buildIpv6Packet({ ...four, protocol: 17, payload: udpDatagram(1, 2) }));
  assert.equal(formatAddress(flowFromPacket(fields, 'out').remote.address), '198.51.100.7');
});

const words = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff }));
const ports = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }));

test('what is built is read again: IPv4', () => {
  fc.assert(
    fc.property(
      words,
      ports,
      fc.integer({ min: 0, max: 10 }),
      fc.constantFrom(6, 17, 132, 136),
      (ends, pair, options, protocol) => {
        const transport = { 6: tcpSegment, 17: udpDatagram, 132: sctpChunk, 136: udpDatagram }[
          protocol
        ] as typeof sctpChunk;
        const bytes = buildIpv4Packet({
          source: ipv4(ends[0]),
          destination: ipv4(ends[1]),
          protocol,
          options: new Array(options * 4).fill(1),
          payload: transport(...pair),
        });
        const flow = flowFromPacket(read(bytes), 'out');
        assert.deepEqual(flow.local, { address: ipv4(ends[0]), port: pair[0] });
        assert.deepEqual(flow.remote, { address: ipv4(ends[1]), port: pair[1] });
      },
    ),
  );
});

test('what is built is read again: IPv6 with any order of extension headers', () => {
  const headers = fc.array(fc.constantFrom(hopByHop, padding, routing, authentication, fragmentHeader(0, false)), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(words, words, ports, headers, (near, far, pair, extensions) => {
      const source = ipv6(0x20010db8, 1, ...near);
      const destination = ipv6(0xfe800000, 0, ...far);
      const bytes = buildIpv6Packet({
        source,
        destination,
        protocol: 6,
        headers: extensions,
        payload: tcpSegment(...pair),
      });
      const flow = flowFromPacket(read(bytes), 'in');
      assert.deepEqual(flow.remote, { address: source, port: pair[0] });
      assert.deepEqual(flow.local, { address: destination, port: pair[1] });
    }),
  );
});
