// Transport protocols by the names that rules use and the numbers that packets carry.

/** Protocols with a name of their own; every other IP protocol is `raw`, and a frame below IP is `packet`. */
export const protocols = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'udplite', 'raw', 'packet'] as const;
export type Protocol = (typeof protocols)[number];

/** IANA protocol numbers (include/uapi/linux/in.h). */
export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132, udplite: 136 } as const;

const byNumber = new Map<number, Protocol>(
  Object.entries(protocolNumbers).map(([name, number]) => [number, name as Protocol]),
);

export function protocolOf(number: number): Protocol {
  return byNumber.get(number) ?? 'raw';
}

/** Whether the protocol's header begins with a source and a destination port. */
export function hasPorts(protocol: Protocol): boolean {
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp' || protocol === 'udplite';
}
