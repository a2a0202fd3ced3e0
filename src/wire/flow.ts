// From the fields of a packet to a Flow, and from there to the addresses by which the kernel's tables know it.
import { type Address, ipv4, ipv6 } from '#model/address.ts';
import type { Direction, Endpoint, Flow } from '#model/flow.ts';
import { type Protocol, protocolOf } from '#model/protocol.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from './constants/ip.ts';
import { NF_INET_FORWARD, NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT } from './constants/netfilter.ts';
import type { PacketFields } from './ip.ts';

/** The direction of a packet taken at this hook; undefined for a hook that we have no chain at. */
export function directionOfHook(hook: number): Direction | undefined {
  if (hook === NF_INET_LOCAL_OUT) return 'out';
  if (hook === NF_INET_LOCAL_IN) return 'in';
  if (hook === NF_INET_FORWARD) return 'forward';
  return undefined;
}

/** ICMP inside IPv6 and ICMPv6 inside IPv4 are protocols without a meaning: raw, so that no rule for the real ones lets them through. */
export function protocolOfPacket(number: number, family: 4 | 6): Protocol {
  if ((number === IPPROTO_ICMP && family === 6) || (number === IPPROTO_ICMPV6 && family === 4)) return 'raw';
  return protocolOf(number);
}

function addressOfWords(family: 4 | 6, words: Uint32Array): Address {
  const w3 = words[3] as number;
  return family === 4 ? ipv4(w3) : ipv6(words[0] as number, words[1] as number, words[2] as number, w3);
}

/**
 * The flow of a packet that `parsePacket` read without error. `interfaceName` is the one the packet leaves by (out, forward) or came in by.
 * Out and forward: local is the source. In: local is the destination. ICMP echo: the identifier is the local port.
 */
export function flowFromPacket(fields: PacketFields, direction: Direction, interfaceName?: string): Flow {
  const echo = Math.max(fields.echoId, 0);
  const source = addressOfWords(fields.family, fields.source);
  const destination = addressOfWords(fields.family, fields.destination);
  const incoming = direction === 'in';
  const sourcePort = incoming ? fields.sourcePort : fields.sourcePort + echo;
  const destinationPort = incoming ? fields.destinationPort + echo : fields.destinationPort;
  const from: Endpoint = { address: source, port: sourcePort };
  const to: Endpoint = { address: destination, port: destinationPort };
  return {
    protocol: protocolOfPacket(fields.protocol, fields.family),
    protocolNumber: fields.protocol,
    direction,
    local: incoming ? to : from,
    remote: incoming ? from : to,
    interface: interfaceName,
    icmp: fields.icmpType < 0 ? undefined : { type: fields.icmpType, code: fields.icmpCode },
  };
}
