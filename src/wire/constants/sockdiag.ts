// Numbers of NETLINK_SOCK_DIAG.

// include/uapi/linux/sock_diag.h
export const SOCK_DIAG_BY_FAMILY = 20;
export const SOCK_DESTROY = 21;

// include/uapi/linux/inet_diag.h
export const INET_DIAG_NOCOOKIE = 0xffffffff;
export const INET_DIAG_REQ_BYTECODE = 1;
export const INET_DIAG_BC_S_GE = 2;
export const INET_DIAG_BC_S_LE = 3;
export const INET_DIAG_MARK = 15;
export const INET_DIAG_CGROUP_ID = 21;

// include/net/tcp_states.h
export const TCP_ESTABLISHED = 1;
export const TCP_LISTEN = 10;
