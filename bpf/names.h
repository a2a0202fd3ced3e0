/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What programs ask of name servers and what these answer: copied to user space as it passes, and never held. An answer is
 * counted before its program can read it: until user space has read it too, nothing that rests on names is known here. */
#ifndef POSTERN_NAMES_H
#define POSTERN_NAMES_H

#include "packets.h"

struct dns_copy {
	struct event_dns event;
	__u8 payload[DNS_ROOM];
};

/* Too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_copy);
} dns_copies SEC(".maps");

/* The far port of a packet without a walk through its headers; 0 where that takes one. */
static __always_inline __u16 far_port(struct __sk_buff *skb, bool incoming)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__u8 *first = data;
	__u16 *ports;

	if (data + 28 > end)
		return 0;
	if (*first == 0x45) {
		if (first[9] != IPPROTO_UDP && first[9] != IPPROTO_TCP)
			return 0;
		ports = data + 20;
	} else {
		if (*first >> 4 != 6 || data + 44 > end || (first[6] != IPPROTO_UDP && first[6] != IPPROTO_TCP))
			return 0;
		ports = data + 40;
	}
	return bpf_ntohs(incoming ? ports[0] : ports[1]);
}

/* Where what a TCP or UDP packet carries begins; 0 where it cannot be said. */
static __always_inline __u32 payload_at(struct __sk_buff *skb, const struct flow *flow, struct event_dns *event)
{
	__u8 first, tcp[14];
	__u32 at;

	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return 0;
	/* Packets with IPv6 extension headers are not looked for: see far_port. */
	at = flow->family == 4 ? (first & 15) * 4 : 40;
	if (flow->protocol == IPPROTO_UDP)
		return at + 8;
	if (bpf_skb_load_bytes(skb, at, tcp, sizeof(tcp)))
		return 0;
	event->sequence = ((__u32)tcp[4] << 24) | ((__u32)tcp[5] << 16) | ((__u32)tcp[6] << 8) | tcp[7];
	event->flags = ((tcp[13] & 2) ? DNS_SYN : 0) | ((tcp[13] & 5) ? DNS_ENDS : 0);
	return at + (tcp[12] >> 4) * 4;
}

/* The same flow as the other end sees it. */
static __always_inline void turn(struct flow *flow)
{
	__u8 local[16] __attribute__((aligned(8)));
	__u16 port = flow->local_port;

	copy16(local, flow->local);
	copy16(flow->local, flow->remote);
	copy16(flow->remote, local);
	flow->local_port = flow->remote_port;
	flow->remote_port = port;
	flow->direction = FLOW_IN;
}

static __noinline int copy_dns(struct __sk_buff *skb, struct traffic *state, bool incoming)
{
	struct config *config = settings();
	struct dns_copy *copy;
	struct flow flow;
	__u32 zero = 0, at, length;

	copy = bpf_map_lookup_elem(&dns_copies, &zero);
	if (!copy || !config || !config->report || !read_flow(skb, &flow, FLOW_OUT))
		return 0;
	if (incoming)
		turn(&flow);
	__builtin_memset(&copy->event, 0, sizeof(copy->event));
	at = payload_at(skb, &flow, &copy->event);
	if (!at || at > skb->len)
		return 0;
	length = skb->len - at;
	/* An acknowledgement alone. */
	if (!length && !copy->event.flags)
		return 0;
	if (length > DNS_ROOM) {
		length = DNS_ROOM;
		copy->event.cut = 1;
		count(COUNT_DNS_CUT);
	}
	copy->event.event.type = EVENT_DNS;
	copy->event.event.time = bpf_ktime_get_boot_ns();
	copy->event.flow = flow;
	copy->event.cookie = bpf_get_socket_cookie(skb);
	if (state) {
		copy->event.exec = state->exec;
		copy->event.tgid = state->tgid;
		if (state->state & TRAFFIC_GUEST)
			copy->event.flags |= DNS_GUEST;
	}
	copy->event.length = length;
	copy->event.event.bytes = sizeof(copy->event) + length;
	if (length) {
		/* Before 6.8 the verifier learns of a length that is not zero only by its bits: 1 to DNS_ROOM, a power of two. */
		barrier_var(length);
		if (bpf_skb_load_bytes(skb, at, copy->payload, ((length - 1) & (DNS_ROOM - 1)) + 1))
			return 0;
	}
	/* And it forgets what it knew of a value that was stored. */
	barrier_var(length);
	if (length > DNS_ROOM)
		return 0;
	if (bpf_ringbuf_output(&events, copy, sizeof(copy->event) + length, wake(config)))
		count(COUNT_RING_FULL);
	return 0;
}

/* Of each packet, whatever becomes of it. */
static __always_inline void watch_names(struct __sk_buff *skb, bool incoming)
{
	struct bpf_sock *sk = skb->sk;
	struct traffic *state = 0;
	struct config *config;

	if (far_port(skb, incoming) != DNS_PORT)
		return;
	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (sk)
		state = bpf_sk_storage_get(&traffic, sk, 0, 0);
	copy_dns(skb, state, incoming);
	config = settings();
	/* After the copy, so that user space that has read the number has its copy before it; and whether or not there was room. */
	if (incoming && config)
		__sync_fetch_and_add(&config->answers_seen, 1);
}

#endif
