/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What our nft chains ask of each packet that may begin a flow, as xt `bpf` matches. Each program answers one question with 1
 * or 0 and refuses nothing itself. A packet begins at its IP header. */
#ifndef POSTERN_PACKETS_H
#define POSTERN_PACKETS_H

#include "lookup.h"

#define IPPROTO_HOPOPTS 0
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_DSTOPTS 60
#define IPPROTO_SCTP 132
#define IPPROTO_UDPLITE 136
#define QUIC_INITIAL_MIN 1200 /* RFC 9000 14.1 */
#define LOOPBACK_IFINDEX 1 /* include/uapi/linux/if.h: in every network namespace */
#define ICMP_ECHOREPLY 0
#define ICMP_ECHO 8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

/* The flow of the packet; false where it cannot be read for certain: then the queue's reader looks at it. */
static __always_inline bool read_flow(struct __sk_buff *skb, struct flow *flow, __u8 direction)
{
	__u8 next;
	__u32 at;
	__u8 header[20]; /* all of IPv4's, but for its options */
	__u8 source[16] = {}, destination[16] = {};
	__u16 ports[2] = {};

	__builtin_memset(flow, 0, sizeof(*flow));
	if (bpf_skb_load_bytes(skb, 0, header, sizeof(header)))
		return false;
	if (header[0] >> 4 == 4) {
		at = (header[0] & 15) * 4;
		if (at < 20)
			return false;
		/* A later fragment has no ports. */
		if ((header[6] & 0x1f) || header[7])
			return false;
		next = header[9];
		__builtin_memcpy(source + 12, header + 12, 4);
		__builtin_memcpy(destination + 12, header + 16, 4);
		flow->family = 4;
	} else if (header[0] >> 4 == 6) {
		if (bpf_skb_load_bytes(skb, 8, source, 16) || bpf_skb_load_bytes(skb, 24, destination, 16))
			return false;
		next = header[6];
		at = 40;
		/* Extension headers are rare; two of them are followed, the reader in user space follows the rest. */
		for (int i = 0; i < 2; i++) {
			__u8 extension[4];

			if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
			    next != IPPROTO_FRAGMENT)
				break;
			if (bpf_skb_load_bytes(skb, at, extension, 4))
				return false;
			/* The first fragment has the ports; IPv6 is put together behind our chain. */
			if (next == IPPROTO_FRAGMENT && (extension[2] || (extension[3] & 0xf8)))
				return false;
			at += next == IPPROTO_FRAGMENT ? 8 : 8 + extension[1] * 8;
			next = extension[0];
		}
		if (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS || next == IPPROTO_FRAGMENT)
			return false;
		flow->family = 6;
	} else {
		return false;
	}
	flow->protocol = next;
	flow->direction = direction;
	if (next == IPPROTO_TCP || next == IPPROTO_UDP || next == IPPROTO_SCTP || next == IPPROTO_UDPLITE) {
		if (bpf_skb_load_bytes(skb, at, ports, 4))
			return false;
	} else if ((next == IPPROTO_ICMP && flow->family == 4) || (next == IPPROTO_ICMPV6 && flow->family == 6)) {
		__u8 icmp[6];

		if (bpf_skb_load_bytes(skb, at, icmp, 6))
			return false;
		/* Echo: the identifier stands for the local port. */
		if (flow->family == 4 ? icmp[0] != ICMP_ECHO && icmp[0] != ICMP_ECHOREPLY :
					icmp[0] != ICMPV6_ECHO_REQUEST && icmp[0] != ICMPV6_ECHO_REPLY)
			return false;
		__builtin_memcpy(&ports[direction == FLOW_IN ? 1 : 0], icmp + 4, 2);
		if (icmp[0] == (flow->family == 4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY))
			flow->zero = FLOW_REPLY;
	}
	if (direction == FLOW_IN) {
		copy16(flow->local, destination);
		copy16(flow->remote, source);
		flow->local_port = bpf_ntohs(ports[1]);
		flow->remote_port = bpf_ntohs(ports[0]);
	} else {
		copy16(flow->local, source);
		copy16(flow->remote, destination);
		flow->local_port = bpf_ntohs(ports[0]);
		flow->remote_port = bpf_ntohs(ports[1]);
	}
	return true;
}

/* Notes that a datagram was accepted on its way out. */
static __always_inline void talk_out(const struct flow *flow, __u64 cookie, __u32 generation, __u32 names)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct flow key;
	struct talk *talk;

	talk_key(&key, flow);
	talk = bpf_map_lookup_elem(&talks, &key);
	if (talk) {
		if (now - talk->out_last > SECOND || talk->out_generation != generation || talk->out_cookie != cookie ||
		    talk->out_names != names) {
			talk->out_last = now;
			talk->out_cookie = cookie;
			talk->out_generation = generation;
			talk->out_names = names;
		}
	} else {
		struct talk fresh = {
			.out_last = now, .out_cookie = cookie, .out_generation = generation, .out_names = names
		};

		bpf_map_update_elem(&talks, &key, &fresh, BPF_ANY);
	}
}

static __always_inline void talk_in(const struct flow *flow, __u64 exec, __u32 generation)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct flow key;
	struct talk *talk;

	talk_key(&key, flow);
	talk = bpf_map_lookup_elem(&talks, &key);
	if (talk) {
		if (now - talk->in_last > SECOND || talk->in_generation != generation || talk->in_exec != exec) {
			talk->in_last = now;
			talk->in_exec = exec;
			talk->in_generation = generation;
		}
	} else {
		struct talk fresh = { .in_last = now, .in_exec = exec, .in_generation = generation };

		bpf_map_update_elem(&talks, &key, &fresh, BPF_ANY);
	}
}

static __always_inline void remember_asked(const struct flow *flow, const struct owner *owner, __u64 cookie)
{
	struct asked fresh;
	struct flow key = *flow;
	struct asked *known;

	key.zero = 0;
	known = bpf_map_lookup_elem(&asked, &key);
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.owner = *owner;
	fresh.cookie = cookie;
	fresh.time = bpf_ktime_get_boot_ns();
	/* Of TCP only one socket has a flow at a time: another one comes after it. */
	if (flow->protocol != IPPROTO_TCP && known && known->cookie != cookie && !same_ids(&known->owner, owner) && fresh.time - known->time < SECOND) {
		fresh.ambiguous = 1;
		count(COUNT_AMBIGUOUS);
	}
	bpf_map_update_elem(&asked, &key, &fresh, BPF_ANY);
}

/* The verdict of the cache for a packet on its way out, with the socket's own where it is for this very peer. */
static __always_inline void judge_out(const struct socket *socket, const struct flow *flow, const struct config *config,
				      struct answer *answer, int how)
{
	if (is_judged(socket, flow, config)) {
		answer->verdict = socket->verdict;
		answer->rule = socket->rule;
		answer->expires = socket->expires;
		answer->by_names = socket->by_names;
		return;
	}
	ask_cache(&socket->owner, flow, answer, how);
}

/* Where a packet's TCP or UDP header begins, where no extension header of IPv6 stands before it. */
static __always_inline __u32 transport(struct __sk_buff *skb, const struct flow *flow)
{
	__u8 first = 0;

	if (flow->family != 4)
		return 40;
	bpf_skb_load_bytes(skb, 0, &first, 1);
	return (first & 15) * 4;
}

/* Whether nothing stands between the header of IP and that. */
static __always_inline bool is_plain(struct __sk_buff *skb, const struct flow *flow)
{
	__u8 next = 0;

	if (flow->family == 4)
		return true;
	bpf_skb_load_bytes(skb, 6, &next, 1);
	return next == flow->protocol;
}

/* Bytes that it carries behind that header; `at`: where they begin. */
static __always_inline __u32 carried(struct __sk_buff *skb, const struct flow *flow, __u32 *at)
{
	__u8 offset = 0;

	*at = transport(skb, flow);
	if (flow->protocol == IPPROTO_UDP)
		*at += 8;
	else if (bpf_skb_load_bytes(skb, *at + 12, &offset, 1))
		return 0;
	else
		*at += (offset >> 4) * 4;
	return skb->len > *at ? skb->len - *at : 0;
}

/* What begins by names is listened to: 1, a connection that may begin; 0, user space looks at this very packet. */
static __noinline int listen_to(struct __sk_buff *skb, const struct flow *flow, __u64 cookie)
{
	struct beginning beginning = { .known = 1 };
	__u32 at = 0, length, version = 0;
	__u8 first = 0;

	if (!flow || !is_plain(skb, flow))
		return 0;
	length = carried(skb, flow, &at);
	if (flow->protocol == IPPROTO_TCP) {
		/* With Fast Open it carries something already. */
		if (length || bpf_skb_load_bytes(skb, transport(skb, flow) + 4, &beginning.sequence, 4))
			return 0;
		beginning.sequence = bpf_ntohl(beginning.sequence);
		return bpf_map_update_elem(&listened, &cookie, &beginning, BPF_ANY) == 0;
	}
	if (flow->protocol != IPPROTO_UDP || length < QUIC_INITIAL_MIN)
		return 1;
	if (bpf_skb_load_bytes(skb, at, &first, 1) || bpf_skb_load_bytes(skb, at + 1, &version, 4))
		return 0;
	/* A long header (RFC 9000 17.2), of version 1 or 2: another packet of UDP says nothing here. */
	return (first & 0xc0) != 0xc0 || (version != bpf_htonl(1) && version != bpf_htonl(0x6b3343cf));
}

static __always_inline int allows_out(struct __sk_buff *skb, int how)
{
	struct config *config = settings();
	struct answer answer = {};
	struct socket *socket;
	struct flow flow;
	struct flow key;
	struct talk *talk;
	__u64 cookie, now;

	if (!config || !read_flow(skb, &flow, FLOW_OUT))
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	socket = cookie ? bpf_map_lookup_elem(&sockets, &cookie) : 0;
	if (flow.protocol != IPPROTO_TCP) {
		now = bpf_ktime_get_boot_ns();
		/* Noted a moment ago, by this very socket. */
		if (socket && socket->verdict == VERDICT_ALLOW && now - socket->talked < SECOND &&
		    socket->talked_port == flow.local_port && is_judged(socket, &flow, config))
			return 1;
		talk_key(&key, &flow);
		talk = bpf_map_lookup_elem(&talks, &key);
		if (talk) {
			/* A reply to what was accepted in. */
			if (recent(talk->in_last, now)) {
				count(COUNT_REPLIES);
				return 1;
			}
			/* Judged before, on this socket and under this policy. */
			if (cookie && talk->out_cookie == cookie && talk->out_generation == config->generation &&
			    names_hold(talk->out_names, config) && recent(talk->out_last, now)) {
				if (now - talk->out_last > SECOND)
					talk->out_last = now;
				/* Another thread may have called for another peer meanwhile. */
				if (socket && is_judged(socket, &flow, config)) {
					socket->talked = now;
					socket->talked_port = flow.local_port;
				}
				return 1;
			}
		}
	}
	if (!socket) {
		/* Nobody saw the call; the cookie tells its later packets. */
		struct owner nobody = {};

		count(COUNT_ASKED);
		remember_asked(&flow, &nobody, cookie);
		return 0;
	}
	judge_out(socket, &flow, config, &answer, how);
	if (answer.verdict == VERDICT_ALLOW && answer.by_names && config->listens && !listen_to(skb, &flow, cookie))
		answer.verdict = VERDICT_UNKNOWN;
	if (answer.verdict == VERDICT_ALLOW) {
		count(COUNT_ALLOWED);
		report(config, &socket->owner, &flow, cookie, &answer);
		if (flow.protocol != IPPROTO_TCP)
			talk_out(&flow, cookie, config->generation, answer.by_names);
		return 1;
	}
	if (answer.verdict == VERDICT_UNKNOWN) {
		count(COUNT_ASKED);
		remember_asked(&flow, &socket->owner, cookie);
	}
	return 0;
}

/* Whether the cache refuses this packet with this verdict; asked after `allows_out` said no. */
static __always_inline int refuses_out(struct __sk_buff *skb, __u32 verdict, int how)
{
	struct config *config = settings();
	struct answer answer = {};
	struct socket *socket;
	struct flow flow;
	__u64 cookie;

	if (!config || !config->enforce || !read_flow(skb, &flow, FLOW_OUT))
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	socket = cookie ? bpf_map_lookup_elem(&sockets, &cookie) : 0;
	if (!socket)
		return 0;
	judge_out(socket, &flow, config, &answer, how);
	if (answer.verdict != verdict)
		return 0;
	count(COUNT_REFUSED);
	report(config, &socket->owner, &flow, cookie, &answer);
	return 1;
}

/* On its way out a packet does not say its interface: the chain knows it, and asks the programs for it. */
#define OUTPUT_PROGRAMS(chain, how)                                                                                    \
	SEC("socket")                                                                                                  \
	int allowed_##chain(struct __sk_buff *skb)                                                                     \
	{                                                                                                              \
		return allows_out(skb, how);                                                                           \
	}                                                                                                              \
	SEC("socket")                                                                                                  \
	int rejected_##chain(struct __sk_buff *skb)                                                                    \
	{                                                                                                              \
		return refuses_out(skb, VERDICT_REJECT, how);                                                          \
	}                                                                                                              \
	SEC("socket")                                                                                                  \
	int dropped_##chain(struct __sk_buff *skb)                                                                     \
	{                                                                                                              \
		return refuses_out(skb, VERDICT_DROP, how);                                                            \
	}

OUTPUT_PROGRAMS(output, ASK_OFF_LOOPBACK)
OUTPUT_PROGRAMS(loopback, ASK_ON_LOOPBACK)

/* Whether what this packet of a connection carries is for user space to hear first. */
SEC("socket")
int listened_output(struct __sk_buff *skb)
{
	struct config *config = settings();
	struct owner nobody = {};
	struct socket *socket;
	struct flow flow;
	__u64 cookie;
	__u32 at = 0;

	if (!config || !config->listens)
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	if (!cookie || !bpf_map_lookup_elem(&listened, &cookie))
		return 0;
	/* What cannot be read here, its reader in user space looks at. */
	if (!read_flow(skb, &flow, FLOW_OUT))
		return 1;
	if (flow.protocol != IPPROTO_TCP || (is_plain(skb, &flow) && !carried(skb, &flow, &at)))
		return 0;
	socket = bpf_map_lookup_elem(&sockets, &cookie);
	remember_asked(&flow, socket ? &socket->owner : &nobody, cookie);
	return 1;
}

/* The one process that listens on the packet's port, or none; one that ended or became another program since is none. */
static __always_inline struct port *listener(const struct flow *flow)
{
	struct port_key key = { .port = flow->local_port, .protocol = flow->protocol };
	struct port *port = bpf_map_lookup_elem(&ports, &key);
	struct process *now;

	if (!port || port->ambiguous)
		return 0;
	now = bpf_map_lookup_elem(&procs, &port->owner.tgid);
	return now && now->exec == port->owner.process.exec ? port : 0;
}

SEC("socket")
int allowed_input(struct __sk_buff *skb)
{
	struct config *config = settings();
	struct answer answer = {};
	struct port *port;
	struct flow flow;
	struct flow key;
	struct talk *talk;
	__u64 now;

	if (!config || !read_flow(skb, &flow, FLOW_IN))
		return 0;
	port = listener(&flow);
	if (flow.protocol != IPPROTO_TCP) {
		now = bpf_ktime_get_boot_ns();
		talk_key(&key, &flow);
		talk = bpf_map_lookup_elem(&talks, &key);
		if (talk) {
			/* A reply to what was accepted out. */
			if (recent(talk->out_last, now)) {
				count(COUNT_REPLIES);
				return 1;
			}
			if (talk->in_generation == config->generation && recent(talk->in_last, now) &&
			    talk->in_exec == (port ? port->owner.process.exec : 0)) {
				if (now - talk->in_last > SECOND)
					talk->in_last = now;
				return 1;
			}
		}
	}
	if (!port) {
		/* The same flow may have been asked of a listener that was known. */
		struct owner nobody = {};

		count(COUNT_ASKED);
		remember_asked(&flow, &nobody, 0);
		return 0;
	}
	ask_cache(&port->owner, &flow, &answer, skb->ifindex == LOOPBACK_IFINDEX ? ASK_ON_LOOPBACK : ASK_OFF_LOOPBACK);
	if (answer.verdict == VERDICT_ALLOW) {
		count(COUNT_ALLOWED);
		report(config, &port->owner, &flow, port->cookie, &answer);
		if (flow.protocol != IPPROTO_TCP)
			talk_in(&flow, port->owner.process.exec, config->generation);
		return 1;
	}
	if (answer.verdict == VERDICT_UNKNOWN) {
		count(COUNT_ASKED);
		remember_asked(&flow, &port->owner, port->cookie);
	}
	return 0;
}

static __always_inline int refuses_in(struct __sk_buff *skb, __u32 verdict)
{
	struct config *config = settings();
	struct answer answer = {};
	struct port *port;
	struct flow flow;

	if (!config || !config->enforce || !read_flow(skb, &flow, FLOW_IN))
		return 0;
	port = listener(&flow);
	if (!port)
		return 0;
	ask_cache(&port->owner, &flow, &answer, skb->ifindex == LOOPBACK_IFINDEX ? ASK_ON_LOOPBACK : ASK_OFF_LOOPBACK);
	if (answer.verdict != verdict)
		return 0;
	count(COUNT_REFUSED);
	report(config, &port->owner, &flow, port->cookie, &answer);
	return 1;
}

SEC("socket")
int rejected_input(struct __sk_buff *skb)
{
	return refuses_in(skb, VERDICT_REJECT);
}

SEC("socket")
int dropped_input(struct __sk_buff *skb)
{
	return refuses_in(skb, VERDICT_DROP);
}

/* What a rule of nft's own let pass: noted, so that its replies pass too. The answer says nothing. */
SEC("socket")
int passed_output(struct __sk_buff *skb)
{
	struct config *config = settings();
	struct flow flow;

	if (config && read_flow(skb, &flow, FLOW_OUT) && flow.protocol != IPPROTO_TCP && flow.zero != FLOW_REPLY)
		talk_out(&flow, bpf_get_socket_cookie(skb), config->generation, 0);
	return 0;
}

SEC("socket")
int passed_input(struct __sk_buff *skb)
{
	struct config *config = settings();
	struct port *port;
	struct flow flow;

	if (!config || !read_flow(skb, &flow, FLOW_IN) || flow.protocol == IPPROTO_TCP || flow.zero == FLOW_REPLY)
		return 0;
	port = listener(&flow);
	talk_in(&flow, port ? port->owner.process.exec : 0, config->generation);
	return 0;
}

#endif
