// include/uapi/linux/netfilter/nfnetlink_queue.h

export const NFQNL_MSG_PACKET = 0;
export const NFQNL_MSG_VERDICT = 1;
export const NFQNL_MSG_CONFIG = 2;
export const NFQNL_MSG_VERDICT_BATCH = 3;

export const NFQA_PACKET_HDR = 1;
export const NFQA_VERDICT_HDR = 2;
export const NFQA_MARK = 3;
export const NFQA_IFINDEX_INDEV = 5;
export const NFQA_IFINDEX_OUTDEV = 6;
export const NFQA_PAYLOAD = 10;
export const NFQA_CAP_LEN = 13;
export const NFQA_SKB_INFO = 14;
export const NFQA_UID = 16;
export const NFQA_GID = 17;

export const NFQA_CFG_CMD = 1;
export const NFQA_CFG_PARAMS = 2;
export const NFQA_CFG_QUEUE_MAXLEN = 3;
export const NFQA_CFG_MASK = 4;
export const NFQA_CFG_FLAGS = 5;

export const NFQNL_CFG_CMD_BIND = 1;
export const NFQNL_CFG_CMD_UNBIND = 2;

export const NFQNL_COPY_PACKET = 2;

/** A full queue accepts what does not fit instead of dropping it. */
export const NFQA_CFG_F_FAIL_OPEN = 1 << 0;
/** Segments that the network card would cut come whole, without being cut first. */
export const NFQA_CFG_F_GSO = 1 << 2;
/** Packets of local sockets carry their owner's ids. */
export const NFQA_CFG_F_UID_GID = 1 << 3;
