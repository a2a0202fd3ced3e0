// Asks nf_tables for an extension of xtables; the kernel loads its module for that, which it does not for a rule of family inet.
import { NFNL_SUBSYS_NFT_COMPAT, NFPROTO_IPV4 } from './constants/netfilter.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from './constants/netlink.ts';
import { NFNL_MSG_COMPAT_GET, NFTA_COMPAT_NAME, NFTA_COMPAT_REV, NFTA_COMPAT_TYPE } from './constants/nftables.ts';
import { beginNetfilter } from './netlink.ts';
import type { Writer } from './writer.ts';

export interface Extension {
  readonly kind: 'match' | 'target';
  /** As iptables has it: `bpf`, `NFQUEUE`. */
  readonly name: string;
  readonly revision: number;
}

const kinds = { match: 0, target: 1 } as const; // nfnl_compat_get_rcu of net/netfilter/nft_compat.c

/** One message, acknowledged; ENOENT: this kernel has no such extension. */
export function appendExtensionQuery(writer: Writer, sequence: number, extension: Extension): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const start = beginNetfilter(writer, NFNL_SUBSYS_NFT_COMPAT, NFNL_MSG_COMPAT_GET, flags, sequence, NFPROTO_IPV4, 0);
  writer.attributeText(NFTA_COMPAT_NAME, extension.name);
  writer.attributeBe32(NFTA_COMPAT_REV, extension.revision);
  writer.attributeBe32(NFTA_COMPAT_TYPE, kinds[extension.kind]);
  writer.endMessage(start);
}
