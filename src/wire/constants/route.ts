// Numbers of rtnetlink and of nl80211: links, routes, neighbours, and the names of wireless networks.

// include/uapi/linux/rtnetlink.h
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;
/** RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE */
export const routeGroups = 0x1 | 0x4 | 0x10 | 0x40 | 0x100 | 0x400;
export const RT_TABLE_MAIN = 254;
export const RTN_UNICAST = 1;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_MULTIPATH = 9;
export const RTA_TABLE = 15;
export const RTA_VIA = 18;

// include/uapi/linux/if.h
export const IFF_UP = 0x1;
export const IFF_LOWER_UP = 0x10000;

// include/uapi/linux/if_link.h
export const IFLA_IFNAME = 3;
export const IFLA_LINKINFO = 18;
export const IFLA_INFO_KIND = 1;

// include/uapi/linux/neighbour.h
export const NDA_DST = 1;
export const NDA_LLADDR = 2;
/** NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT: the hardware address is known. */
export const neighbourKnown = 0x02 | 0x04 | 0x08 | 0x10 | 0x80;
/** The kernel asks for the neighbour's hardware address. */
export const NTF_USE = 0x1;

// include/uapi/linux/genetlink.h
export const GENL_ID_CTRL = 16;
export const CTRL_CMD_GETFAMILY = 3;
export const CTRL_ATTR_FAMILY_ID = 1;
export const CTRL_ATTR_FAMILY_NAME = 2;

// include/uapi/linux/nl80211.h
export const NL80211_CMD_GET_INTERFACE = 5;
export const NL80211_ATTR_IFINDEX = 3;
export const NL80211_ATTR_SSID = 52;
