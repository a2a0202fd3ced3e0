/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every packet of every socket in the cgroup: bytes counted, and verdicts voided. A verdict is void when a new policy stands, or
 * when the socket's owner has executed another program since: then the flow is judged anew, and what is refused is cut. */
#ifndef POSTERN_TRAFFIC_H
#define POSTERN_TRAFFIC_H

#include "packets.h"

#define CUT 0

static __always_inline struct traffic *traffic_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	return sk ? bpf_sk_storage_get(&traffic, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : 0;
}

/* Has user space judge the flow anew. */
static __always_inline void report_void(const struct owner *owner, const struct flow *flow, __u64 cookie,
					const struct config *config)
{
	struct event_flow *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count(COUNT_RING_FULL);
		return;
	}
	event->event.type = EVENT_VOID;
	event->event.bytes = sizeof(*event);
	event->event.time = bpf_ktime_get_boot_ns();
	event->owner = *owner;
	event->flow = *flow;
	event->cookie = cookie;
	event->rule = 0;
	event->generation = config->generation;
	event->verdict = VERDICT_UNKNOWN;
	event->zero = 0;
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}


/* Judges a connection's packet anew: PASS or CUT. */
static __noinline int judge_again(struct __sk_buff *skb, struct traffic *state, struct process *now)
{
	struct config *config = settings();
	struct owner nobody = {};
	struct answer answer = {};
	struct socket *known;
	struct flow flow;
	__u64 cookie;

	if (!config || !state || !read_flow(skb, &flow, FLOW_OUT))
		return PASS;
	if (state->state & TRAFFIC_INCOMING)
		flow.direction = FLOW_IN;
	cookie = bpf_get_socket_cookie(skb);
	known = bpf_map_lookup_elem(&sockets, &cookie);
	if (known && now && known->owner.process.exec != now->exec) {
		known->owner.process = *now;
		known->verdict = VERDICT_UNKNOWN;
		count(COUNT_VOIDED);
	}
	if (known)
		ask_cache(&known->owner, &flow, &answer, 0);
	if (answer.verdict == VERDICT_ALLOW || answer.verdict == VERDICT_UNKNOWN)
		state->generation = config->generation;
	if (answer.verdict == VERDICT_ALLOW)
		return PASS;
	if (state->told != config->generation || now) {
		state->told = config->generation;
		report_void(known ? &known->owner : &nobody, &flow, cookie, config);
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
	count_out(skb);
	return PASS;
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	struct traffic *state = count_out(skb);
	struct config *config = settings();
	struct process *now = 0;

	if (!state || !config || !config->enforce)
		return PASS;
	if (state->tgid)
		now = bpf_map_lookup_elem(&procs, &state->tgid);
	if (state->generation == config->generation && (!now || now->exec == state->exec))
		return PASS;
	if (now && now->exec != state->exec)
		state->exec = now->exec;
	else
		now = 0;
	return judge_again(skb, state, now) == CUT ? CUT : PASS;
}

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb)
{
	struct traffic *state = traffic_of(skb);

	if (!state)
		return PASS;
	__sync_fetch_and_add(&state->bytes_in, skb->len);
	__sync_fetch_and_add(&state->packets_in, 1);
	return PASS;
}

#endif
