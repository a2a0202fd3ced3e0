/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the forward chain asks of packets whose sender is a program of this machine: see guests.h. */
#ifndef POSTERN_FORWARD_H
#define POSTERN_FORWARD_H

#include "guests.h"
#include "packets.h"

/* Notes who sends this packet out of its namespace; called where it leaves. */
static __noinline int note_guest(struct __sk_buff *skb, struct traffic *state)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct socket *socket = bpf_map_lookup_elem(&sockets, &cookie);
	struct flow flow;

	if (!state || !socket || skb->ifindex == LOOPBACK_IFINDEX || !read_flow(skb, &flow, FLOW_FORWARD) || flow.zero)
		return 0;
	remember_guest(&flow, &socket->owner, cookie);
	if (flow.protocol == IPPROTO_TCP)
		state->state |= TRAFFIC_NOTED;
	return 0;
}

/* A connection has one flow and one owner until a new policy comes, a call, or another port. */
static __always_inline bool is_noted(struct __sk_buff *skb, const struct traffic *state, const struct config *config)
{
	struct bpf_sock *sk = skb->sk;

	return (state->state & TRAFFIC_NOTED) && state->generation == config->generation && sk &&
	       state->flow.local_port == sk->src_port;
}

/* The guest whose packet this is. More than one: nobody for certain. */
static __always_inline struct asked *guest_of(struct __sk_buff *skb, struct flow *flow)
{
	if (!read_flow(skb, flow, FLOW_FORWARD) || flow->zero)
		return 0;
	return bpf_map_lookup_elem(&guests, flow);
}

SEC("socket")
int known_forward(struct __sk_buff *skb)
{
	struct flow flow;

	return guest_of(skb, &flow) ? 1 : 0;
}

static __always_inline int forwards(struct __sk_buff *skb, __u32 verdict)
{
	struct config *config = settings();
	struct answer answer = {};
	struct asked *guest;
	struct flow flow;

	if (!config || (verdict != VERDICT_ALLOW && !config->enforce))
		return 0;
	guest = guest_of(skb, &flow);
	if (!guest || guest->ambiguous)
		return 0;
	ask_cache(&guest->owner, &flow, &answer, ASK_OFF_LOOPBACK);
	if (verdict == VERDICT_ALLOW && answer.verdict == VERDICT_UNKNOWN)
		count(COUNT_ASKED);
	if (answer.verdict != verdict)
		return 0;
	count(verdict == VERDICT_ALLOW ? COUNT_ALLOWED : COUNT_REFUSED);
	report(config, &guest->owner, &flow, guest->cookie, &answer);
	return 1;
}

SEC("socket")
int allowed_forward(struct __sk_buff *skb)
{
	return forwards(skb, VERDICT_ALLOW);
}

SEC("socket")
int rejected_forward(struct __sk_buff *skb)
{
	return forwards(skb, VERDICT_REJECT);
}

SEC("socket")
int dropped_forward(struct __sk_buff *skb)
{
	return forwards(skb, VERDICT_DROP);
}

#endif
