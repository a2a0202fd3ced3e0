// Protocol codes: the IP protocol number, and one more for frames below IP, so that protocol conditions are sets of numbers.
import type { Flow } from '#model/flow.ts';
import { type Protocol, protocolNumbers, protocolOf } from '#model/net/protocol.ts';

/** The code of a frame that has no IP header. */
export const packetCode = 256;

const numbers: Partial<Record<string, number>> = protocolNumbers;

export function protocolCode(flow: Flow): number {
  switch (flow.protocol) {
    case 'tcp':
      return protocolNumbers.tcp;
    case 'udp':
      return protocolNumbers.udp;
    case 'raw':
      return flow.protocolNumber;
    case 'packet':
      return packetCode;
    default:
      return protocolNumbers[flow.protocol];
  }
}

/** Every code that a protocol condition stands for; undefined for `any`. */
export function protocolCodes(value: Protocol | 'any' | number): readonly number[] | undefined {
  if (value === 'any') return undefined;
  if (typeof value === 'number') return [value];
  if (value === 'packet') return [packetCode];
  if (value !== 'raw') return [numbers[value] as number];
  return Array.from({ length: 256 }, (_, code) => code).filter((code) => protocolOf(code) === 'raw');
}

/** TCP, UDP, SCTP and UDP-Lite begin with two ports. */
export function codeHasPorts(code: number): boolean {
  return code === 6 || code === 17 || code === 132 || code === 136;
}

/** ICMP and ICMPv6 have types. */
export function isIcmp(code: number): boolean {
  return code === protocolNumbers.icmp || code === protocolNumbers.icmpv6;
}

/** A protocol code in words: `tcp`, `protocol 47`. */
export function formatProtocolCode(code: number): string {
  if (code === packetCode) return 'packet';
  const name = protocolOf(code);
  return name === 'raw' ? `protocol ${code}` : name;
}
