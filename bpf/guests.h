/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Guests: sockets of other network namespaces than the guarded one, those of containers first of all. Their calls pass our
 * hooks; their packets reach our chains, if at all, at the forward hook, without socket and mark.
 *
 * In words: who sends a flow is noted under what its packets say as they leave the guest's namespace, before the host translates
 * addresses; the forward hook finds the sender by that. Where forwarded flows are judged, such a flow has two sides: it goes out
 * from its program, and it is forwarded. User space decides from both, and writes the decision down with direction FLOW_FORWARD, for
 * the forward hook, beside what it decided of the first alone with direction FLOW_OUT, for the calls. */
#ifndef POSTERN_GUESTS_H
#define POSTERN_GUESTS_H

#include "lookup.h"

/* By the cookie of a socket's namespace. Before 5.14 user space does not learn that of the guarded one: then there are no guests. */
static __always_inline bool is_guest(__u64 netns_cookie, const struct config *config)
{
	return config->netns_cookie && netns_cookie != config->netns_cookie;
}

/* What the cache says of a guest's flow as it goes out from its program holds wherever it goes. Where forwarded flows are judged,
 * what the mode says of the rest does not hold yet: a rule about what is forwarded may say otherwise. */
static __always_inline void hold_by_rules(struct answer *answer, const struct config *config)
{
	if (config->forward && answer->by_mode && answer->verdict != VERDICT_ALLOW)
		answer->verdict = VERDICT_UNKNOWN;
}

/* Marks a socket as a guest's, where its namespace can be asked for: not among its packets. */
static __always_inline void mark_guest(struct traffic *state)
{
	if (state)
		state->state = (state->state | TRAFFIC_GUEST) & ~TRAFFIC_NOTED;
}

/* Who sends this flow out of its namespace. */
static __always_inline void remember_guest(const struct flow *flow, const struct owner *owner, __u64 cookie)
{
	struct asked *known = bpf_map_lookup_elem(&guests, flow);
	__u64 now = bpf_ktime_get_boot_ns();
	struct asked fresh;

	if (known && known->cookie == cookie && same_ids(&known->owner, owner)) {
		/* For a second alone again: that another one sent the same is forgotten. */
		if (now - known->time > SECOND) {
			known->time = now;
			known->ambiguous = 0;
		}
		return;
	}
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.owner = *owner;
	fresh.cookie = cookie;
	fresh.time = now;
	/* Two namespaces may have the same addresses, and a raw socket may say any: then nobody is the sender for certain. */
	if (known && known->cookie != cookie && !same_ids(&known->owner, owner) && now - known->time < SECOND) {
		fresh.ambiguous = 1;
		count(COUNT_AMBIGUOUS);
	}
	bpf_map_update_elem(&guests, flow, &fresh, BPF_ANY);
}

#endif
