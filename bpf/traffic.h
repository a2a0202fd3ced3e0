/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every packet of every socket in the cgroup: bytes counted, and verdicts voided. A verdict is void when a new policy stands, or
 * when the socket's owner has executed another program since: then the flow is judged anew, and what is refused is cut. */
#ifndef POSTERN_TRAFFIC_H
#define POSTERN_TRAFFIC_H

#include "forward.h"
#include "names.h"

#define CUT 0

static __always_inline struct traffic *traffic_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct traffic *state;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	/* A handshake's packets go by the listener: they were judged with the SYN, and are nobody's traffic yet. */
	if (!sk || sk->state == BPF_TCP_LISTEN)
		return 0;
	state = bpf_sk_storage_get(&traffic, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (state && sk->type == SOCK_RAW)
		state->state |= TRAFFIC_RAW;
	return state;
}

static __always_inline int packet_place(struct __sk_buff *skb)
{
	return skb->ifindex == LOOPBACK_IFINDEX ? ASK_ON_LOOPBACK : ASK_OFF_LOOPBACK;
}

/* Has user space judge the flow anew. `owner`: 0 where nobody is known. */
static __always_inline void report_void(const struct owner *owner, const struct flow *flow, __u64 cookie,
					struct config *config, bool exec)
{
	struct event_flow *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count(COUNT_RING_FULL);
		return;
	}
	event->event.type = EVENT_VOID;
	event->event.bytes = sizeof(*event);
	event->event.time = bpf_ktime_get_boot_ns();
	if (owner)
		event->owner = *owner;
	else
		__builtin_memset(&event->owner, 0, sizeof(event->owner));
	event->flow = *flow;
	event->cookie = cookie;
	event->rule = 0;
	event->generation = config->generation;
	event->verdict = VERDICT_UNKNOWN;
	event->exec = exec;
	bpf_ringbuf_submit(event, wake(config));
}

/* Its owner has ended: who has the socket now, user space has found out and written down meanwhile, or not yet. */
static __noinline int adopt(struct __sk_buff *skb, struct traffic *state)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct socket *known = bpf_map_lookup_elem(&sockets, &cookie);

	if (!state || !known || known->owner.tgid == state->tgid)
		return 0;
	state->tgid = known->owner.tgid;
	state->exec = known->owner.process.exec;
	state->state &= ~TRAFFIC_LEFT;
	return 0;
}

/* A reply to a datagram that was accepted is no flow of its own. */
static __always_inline bool answers(const struct flow *flow)
{
	struct talk *talk;
	struct flow key;

	if (flow->protocol == IPPROTO_TCP)
		return false;
	talk_key(&key, flow);
	talk = bpf_map_lookup_elem(&talks, &key);
	return talk && recent(talk->in_last, bpf_ktime_get_boot_ns());
}

/* Nobody has it any more: a process that ends closes its connections, and what it sent goes on its way. */
static __always_inline bool is_closing(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return false;
	sk = bpf_sk_fullsock(sk);
	return sk && sk->protocol == IPPROTO_TCP && sk->state != BPF_TCP_ESTABLISHED && sk->state != BPF_TCP_SYN_SENT &&
	       sk->state != BPF_TCP_SYN_RECV && sk->state != BPF_TCP_CLOSE_WAIT;
}

/* Judges a connection's packet anew: PASS or CUT. */
static __noinline int judge_again(struct __sk_buff *skb, struct traffic *state, struct process *now, bool gone)
{
	struct config *config = settings();
	struct answer answer = {};
	struct socket *known;
	struct flow flow;
	__u64 cookie;
	bool guest;

	if (!config || !state || !read_flow(skb, &flow, FLOW_OUT))
		return PASS;
	if (state->state & TRAFFIC_INCOMING)
		flow.direction = FLOW_IN;
	guest = state->state & TRAFFIC_GUEST;
	cookie = bpf_get_socket_cookie(skb);
	known = bpf_map_lookup_elem(&sockets, &cookie);
	/* Its number belongs to another process by now. */
	if (known && now && known->owner.process.start != now->start) {
		state->state |= TRAFFIC_LEFT;
		gone = true;
		now = 0;
	}
	if (known && now && known->owner.process.exec != now->exec) {
		known->owner.process = *now;
		known->verdict = VERDICT_UNKNOWN;
		count(COUNT_VOIDED);
	}
	if (!now && !gone && answers(&flow)) {
		state->generation = config->generation;
		return PASS;
	}
	if (known && !gone)
		ask_cache(&known->owner, &flow, &answer, packet_place(skb));
	if (guest)
		hold_by_rules(&answer, config);
	/* What the mode says of a guest, the forward hook enforces. */
	if (guest && answer.verdict == VERDICT_UNKNOWN && answer.by_mode)
		answer.verdict = VERDICT_ALLOW;
	/* A guest's connection cannot be cut from outside: what user space says of it later is asked for until it is known. */
	if (answer.verdict == VERDICT_ALLOW || answer.verdict == VERDICT_UNKNOWN)
		state->generation = config->generation;
	if (answer.verdict == VERDICT_UNKNOWN && guest)
		state->generation = ~config->generation;
	if (answer.verdict == VERDICT_ALLOW)
		return PASS;
	if (state->told != config->generation || now || gone) {
		if (guest && config->forward)
			flow.direction = FLOW_FORWARD;
		state->told = config->generation;
		report_void(known && !gone ? &known->owner : 0, &flow, cookie, config, now || gone);
	}
	return answer.verdict == VERDICT_UNKNOWN ? PASS : CUT;
}

static __noinline int note_flow(struct __sk_buff *skb, struct traffic *state)
{
	struct flow flow;

	if (!state || !read_flow(skb, &flow, FLOW_OUT))
		return 0;
	if (state->state & TRAFFIC_INCOMING)
		flow.direction = FLOW_IN;
	state->flow = flow;
	state->state |= TRAFFIC_FLOW;
	return 0;
}

static __always_inline struct traffic *count_out(struct __sk_buff *skb)
{
	struct traffic *state = traffic_of(skb);

	if (!state)
		return 0;
	__sync_fetch_and_add(&state->bytes_out, skb->len);
	__sync_fetch_and_add(&state->packets_out, 1);
	if (!(state->state & TRAFFIC_FLOW))
		note_flow(skb, state);
	return state;
}

SEC("cgroup_skb/egress")
int note_egress(struct __sk_buff *skb)
{
	watch_names(skb, false);
	count_out(skb);
	return PASS;
}

/* The chains let TCP that opens nothing pass, as part of a judged connection; a raw socket could send such packets unjudged. */
static __noinline int judge_raw(struct __sk_buff *skb)
{
	struct answer answer = {};
	struct socket *known;
	struct flow flow;
	__u64 cookie;

	if (!read_flow(skb, &flow, FLOW_OUT) || flow.protocol != IPPROTO_TCP)
		return PASS;
	cookie = bpf_get_socket_cookie(skb);
	known = bpf_map_lookup_elem(&sockets, &cookie);
	if (known)
		ask_cache(&known->owner, &flow, &answer, packet_place(skb));
	if (answer.verdict == VERDICT_ALLOW)
		return PASS;
	count(COUNT_REFUSED);
	return CUT;
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	struct traffic *state = count_out(skb);
	struct config *config = settings();
	struct process *now = 0;

	watch_names(skb, false);
	if (!state || !config || !config->enforce)
		return PASS;
	if (state->state & TRAFFIC_GUEST) {
		/* What comes in elsewhere is judged nowhere. */
		if (state->state & TRAFFIC_INCOMING)
			return PASS;
		if (config->forward && !is_noted(skb, state, config))
			note_guest(skb, state);
	}
	if (state->state & TRAFFIC_RAW)
		return judge_raw(skb) == CUT ? CUT : PASS;
	if (state->state & TRAFFIC_LEFT)
		adopt(skb, state);
	if (state->tgid)
		now = bpf_map_lookup_elem(&procs, &state->tgid);
	/* Its owner has ended, and the socket lives on: whoever holds it now is looked for, once. */
	if (state->tgid && !now && !(state->state & TRAFFIC_LEFT) && !is_closing(skb)) {
		state->state |= TRAFFIC_LEFT;
		return judge_again(skb, state, 0, true) == CUT ? CUT : PASS;
	}
	if (state->generation == config->generation && (!now || now->exec == state->exec))
		return PASS;
	if (now && now->exec != state->exec)
		state->exec = now->exec;
	else
		now = 0;
	return judge_again(skb, state, now, false) == CUT ? CUT : PASS;
}

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb)
{
	struct traffic *state = traffic_of(skb);

	watch_names(skb, true);
	if (!state)
		return PASS;
	__sync_fetch_and_add(&state->bytes_in, skb->len);
	__sync_fetch_and_add(&state->packets_in, 1);
	return PASS;
}

#endif
