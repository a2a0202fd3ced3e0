// Numbers of nf_tables and of its bridge to xtables.

// include/uapi/linux/netfilter/nf_tables.h
export const NFT_MSG_NEWTABLE = 0;
export const NFT_MSG_NEWRULE = 6;
/** The chains of the table are not attached to their hooks. */
export const NFT_TABLE_F_DORMANT = 0x1;
export const NFTA_TABLE_NAME = 1;
export const NFTA_TABLE_FLAGS = 2;
export const NFTA_RULE_TABLE = 1;
export const NFTA_RULE_CHAIN = 2;
export const NFTA_RULE_EXPRESSIONS = 4;
export const NFTA_LIST_ELEM = 1;
export const NFTA_EXPR_NAME = 1;
export const NFTA_EXPR_DATA = 2;
export const NFTA_OBJREF_IMM_TYPE = 1;
export const NFTA_OBJREF_IMM_NAME = 2;
export const NFT_OBJECT_COUNTER = 1;
export const NFT_REG_VERDICT = 0;
export const NFT_GOTO = -4;
export const NFTA_IMMEDIATE_DREG = 1;
export const NFTA_IMMEDIATE_DATA = 2;
export const NFTA_DATA_VERDICT = 2;
export const NFTA_VERDICT_CODE = 1;
export const NFTA_VERDICT_CHAIN = 2;

// include/uapi/linux/netfilter/nf_tables_compat.h
export const NFTA_TARGET_NAME = 1;
export const NFTA_TARGET_REV = 2;
export const NFTA_TARGET_INFO = 3;
export const NFTA_MATCH_NAME = 1;
export const NFTA_MATCH_REV = 2;
export const NFTA_MATCH_INFO = 3;
export const NFNL_MSG_COMPAT_GET = 0;
export const NFTA_COMPAT_NAME = 1;
export const NFTA_COMPAT_REV = 2;
export const NFTA_COMPAT_TYPE = 3;

// include/uapi/linux/netfilter/xt_bpf.h
/** The program is named by its descriptor in the process that adds the rule. */
export const XT_BPF_MODE_FD_ELF = 2;
/** sizeof(struct xt_bpf_info_v1): mode, count, descriptor, 512 bytes of path or instructions, a pointer of the kernel's. */
export const XT_BPF_INFO_SIZE = 528;

// include/uapi/linux/netfilter/xt_NFQUEUE.h
/** Where nobody listens on the queue, the packet goes on to the next rule instead of being dropped. */
export const NFQ_FLAG_BYPASS = 0x1;
