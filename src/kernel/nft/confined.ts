// Where no eBPF program knows who is confined: the packets of sockets that were made in the cgroup of a command carry a bit of ours
// while they pass our chains, and its questions to name servers go to the one that answers for it.
import { unifiedMount } from '../proc/owner/processes.ts';
import type { Marks } from './marks.ts';

export interface ConfinedCgroup {
  /** The folder. */
  readonly cgroup: string;
  /** Of the name server on loopback; 0: there is none. */
  readonly namesPort: number;
}

/** nft looks for cgroups below this folder. */
const root = '/sys/fs/cgroup/';
const questions = 'meta l4proto { tcp, udp } th dport 53';

const hex = (value: number) => `0x${value.toString(16)}`;

/** What matches packets of sockets that were made in this cgroup, or below it; undefined where nft cannot name it. */
export function socketsOf(cgroup: string): string | undefined {
  const mount = unifiedMount();
  if (mount === undefined || !cgroup.startsWith(`${mount}/`) || !cgroup.startsWith(root)) return undefined;
  const level = cgroup.slice(mount.length + 1).split('/').length;
  const path = cgroup.slice(root.length);
  return /^[A-Za-z0-9_.@:/-]+$/.test(path) ? `socket cgroupv2 level ${level} "${path}"` : undefined;
}

/** Lines of the chain that output begins with. */
export function confinedLines(confined: readonly ConfinedCgroup[], { confined: bit }: Marks): string[] {
  return confined.flatMap(({ cgroup, namesPort }) => {
    const sockets = socketsOf(cgroup);
    if (sockets === undefined) return [];
    // Translated behind our chains, whatever the priority of that chain: what is asked goes to loopback.
    const asks = `${sockets} ct state != untracked ${questions} accept`;
    return [...(namesPort === 0 ? [] : [asks]), `${sockets} meta mark set meta mark or ${hex(bit)}`];
  });
}

/** Stands only where a question is to be answered elsewhere: not every kernel translates addresses. */
export const elsewhereChain = 'asks_elsewhere';

/** The chain that has questions answered elsewhere, put up where there is one to answer, and else taken away where it `stands`. */
export function askElsewhere(table: string, confined: readonly ConfinedCgroup[], stands: boolean): string[] {
  const chain = `chain inet ${table} ${elsewhereChain}`;
  const lines = confined.flatMap(({ cgroup, namesPort }) => {
    const sockets = socketsOf(cgroup);
    if (sockets === undefined || namesPort === 0) return [];
    const asks = `${sockets} ${questions}`;
    return [
      `meta nfproto ipv4 ${asks} dnat ip to 127.0.0.1:${namesPort}`,
      `meta nfproto ipv6 ${asks} dnat ip6 to [::1]:${namesPort}`,
    ];
  });
  const made = `add ${chain} { type nat hook output priority -100; policy accept; }`;
  if (lines.length === 0) return stands ? [`flush ${chain}`, `delete ${chain}`] : [];
  return [made, `flush ${chain}`, ...lines.map((line) => `add rule inet ${table} ${elsewhereChain} ${line}`)];
}
