// A kernel rule tried in user space: it says the same of a packet as nft, and needs no more than nft has.
import type { Attempt } from '#model/attempt.ts';
import { type Prefix, prefixHolds } from '#model/net/address.ts';
import type { KernelRule } from './kernel.ts';

/** Of the process, only the ids that came with the packet are looked at. */
export function kernelRuleMatches(rule: KernelRule, { process, flow }: Attempt): boolean {
  const number = flow.protocol === 'packet' ? -1 : flow.protocolNumber;
  const destination = flow.direction === 'in' ? flow.local : flow.remote;
  const inOne = (prefixes: readonly Prefix[], address = flow.remote.address) =>
    prefixes.some((prefix) => prefixHolds(prefix, address));
  return (
    // A frame below IP never comes to nft.
    flow.protocol !== 'packet' &&
    rule.direction === flow.direction &&
    rule.uids?.includes(process?.uid ?? -1) !== false &&
    rule.gids?.includes(process?.gid ?? -1) !== false &&
    rule.protocols?.includes(number) !== false &&
    rule.icmpTypes?.includes(flow.icmp?.type ?? -1) !== false &&
    rule.ports?.some(([low, high]) => destination && low <= destination.port && destination.port <= high) !== false &&
    (rule.remote === undefined || inOne(rule.remote)) &&
    (rule.local === undefined || (flow.local !== undefined && inOne(rule.local, flow.local.address))) &&
    (rule.notRemote === undefined || !inOne(rule.notRemote)) &&
    rule.interfaces?.includes(flow.interface ?? '') !== false
  );
}
