/* Programs that decide nothing, under the names of Postern's: what standing at its hooks costs by itself. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define EMPTY(section, name, context)                                                                                  \
	SEC(section)                                                                                                   \
	int name(struct context *ctx)                                                                                  \
	{                                                                                                              \
		return 1;                                                                                              \
	}

EMPTY("cgroup/sock_release", sock_release, bpf_sock)
EMPTY("cgroup/post_bind4", post_bind4, bpf_sock)
EMPTY("cgroup/post_bind6", post_bind6, bpf_sock)
EMPTY("sockops", tcp_events, bpf_sock_ops)
EMPTY("cgroup/sock_create", sock_create, bpf_sock)
EMPTY("cgroup/sendmsg4", sendmsg4, bpf_sock_addr)
EMPTY("cgroup/sendmsg6", sendmsg6, bpf_sock_addr)
EMPTY("cgroup/connect4", connect4, bpf_sock_addr)
EMPTY("cgroup/connect6", connect6, bpf_sock_addr)
EMPTY("cgroup/recvmsg4", recvmsg4, bpf_sock_addr)
EMPTY("cgroup/recvmsg6", recvmsg6, bpf_sock_addr)
EMPTY("cgroup_skb/ingress", ingress, __sk_buff)
EMPTY("cgroup_skb/egress", egress, __sk_buff)
EMPTY("socket", yes, __sk_buff)
