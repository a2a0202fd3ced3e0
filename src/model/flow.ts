// Flow: protocol, direction, both ends and the interface: a value without an owner.
import { type Address, formatAddress, ipv4 } from './net/address.ts';
import type { Protocol } from './net/protocol.ts';

export const directions = ['out', 'in', 'forward'] as const;
export type Direction = (typeof directions)[number];

export interface Endpoint {
  readonly address: Address;
  /** 0–65535; for ICMP echo the identifier on the local side and 0 on the other; 0 where the protocol has none. */
  readonly port: number;
}

export interface Flow {
  readonly protocol: Protocol;
  /** The IP protocol number, for protocols that are only `raw` by name. */
  readonly protocolNumber: number;
  readonly direction: Direction;
  /** The near end; for `forward` the sender of the flow's first packet. Not known in a hand-written attempt. */
  readonly local?: Endpoint | undefined;
  /** The far end; for `forward` the receiver of the flow's first packet. */
  readonly remote: Endpoint;
  /** The interface the packet leaves by (out, forward) or came in by (in). */
  readonly interface?: string | undefined;
  /** Only for icmp and icmpv6. */
  readonly icmp?: { readonly type: number; readonly code: number } | undefined;
}

/** The making of a socket for frames below IP: where these will go nobody knows, so that it is the same for all. */
export const packetSocket: Flow = {
  protocol: 'packet',
  protocolNumber: 0,
  direction: 'out',
  remote: { address: ipv4(0), port: 0 },
};

/** Whether nothing else is said of the flow than that such a socket is made. */
export function makesPacketSocket(flow: Flow): boolean {
  return flow.protocol === 'packet' && flow.interface === undefined && flowKey(flow) === flowKey(packetSocket);
}

export function formatEndpoint(endpoint: Endpoint): string {
  const address = formatAddress(endpoint.address);
  if (endpoint.port === 0) return address;
  return endpoint.address.family === 6 ? `[${address}]:${endpoint.port}` : `${address}:${endpoint.port}`;
}

/** A text that two packets of the same flow share, and packets of other flows do not. */
export function flowKey(flow: Flow): string {
  const { local, remote } = flow;
  const near = local === undefined ? '-' : `${formatAddress(local.address)},${local.port}`;
  return `${flow.direction},${flow.protocolNumber},${near},${formatAddress(remote.address)},${remote.port}`;
}
