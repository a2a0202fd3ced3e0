// Traffic that no program sends or receives: the kernel's own.
import type { Flow } from '#model/flow.ts';

/**
 * Whether the kernel itself answers what comes in here, also when a program listens along on a raw socket: errors, echo,
 * neighbour discovery, groups (ICMP, IGMP, ICMPv6).
 */
export function kernelAnswers(flow: Flow): boolean {
  return flow.direction === 'in' && [1, 2, 58].includes(flow.protocolNumber);
}
