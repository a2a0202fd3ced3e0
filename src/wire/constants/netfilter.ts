// Numbers of netfilter that several of its subsystems share.

// include/uapi/linux/netfilter/nfnetlink.h
export const NFNL_SUBSYS_CTNETLINK = 1;
export const NFNL_SUBSYS_QUEUE = 3;
export const NFNL_SUBSYS_ULOG = 4;
export const NFNL_SUBSYS_NFTABLES = 10;
export const NFNL_SUBSYS_NFT_COMPAT = 11;
export const NFNL_MSG_BATCH_BEGIN = 0x10;
export const NFNL_MSG_BATCH_END = 0x11;

// include/uapi/linux/netfilter.h: what becomes of a queued packet
export const NF_DROP = 0;
/** Ends the packet's way through its own base chain; later chains of the hook still see it. */
export const NF_ACCEPT = 1;
/** The packet runs through its own base chain again. Linux 6.7.0 to 6.7.4 take it for NF_ACCEPT where conntrack is loaded. */
export const NF_REPEAT = 4;

// include/uapi/linux/netfilter.h: the hook a packet was taken at
export const NF_INET_LOCAL_IN = 1;
export const NF_INET_FORWARD = 2;
export const NF_INET_LOCAL_OUT = 3;

// include/uapi/linux/netfilter.h
export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;
