/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The hooks in a program's own calls: connect, sendto, bind, listen, socket, close. What the cache refuses fails here, with
 * EPERM or the rule's own error, and before any packet is made; the rest is written down for the packets' chain (packets.h). */
#ifndef POSTERN_CALLS_H
#define POSTERN_CALLS_H

#include "confined.h"

#define REFUSE 0
#define PASS 1

static __always_inline void set_v4(__u8 *address, __u32 word)
{
	((__u64 *)address)[0] = 0;
	((__u32 *)address)[2] = 0;
	((__u32 *)address)[3] = word;
}

/* Whether the current task is this owner still: the same process, in the same program, with the same ids and cgroup. */
static __always_inline bool is_caller(const struct owner *owner)
{
	struct task_struct *task = current_task();
	const struct cred *cred = FOLLOW(task, cred);
	__u32 tgid = FOLLOW(task, tgid);
	struct process *process;

	if (owner->tgid != tgid || owner->uid != FOLLOW(cred, euid.val) || owner->gid != FOLLOW(cred, egid.val) ||
	    (!owner->process.confined && owner->cgroup != bpf_get_current_cgroup_id()))
		return false;
	process = bpf_map_lookup_elem(&procs, &tgid);
	if (process)
		return owner->process.exec == process->exec;
	if (owner->process.exec)
		return false;
	count(COUNT_UNKNOWN_PROCESS);
	return true;
}

/* A datagram to a peer whose own datagram was accepted is a reply. */
static __always_inline bool is_reply(struct bpf_sock_addr *ctx, const struct flow *flow, const struct config *config)
{
	struct flow key;
	struct talk *talk;

	if (flow->protocol == IPPROTO_TCP || !flow->local_port || bpf_get_netns_cookie(ctx) != config->netns_cookie)
		return false;
	talk_key(&key, flow);
	talk = bpf_map_lookup_elem(&talks, &key);
	return talk && recent(talk->in_last, bpf_ktime_get_boot_ns());
}

/* Marks the socket as this process's, judged by this policy, for the programs that see its packets. */
static __always_inline void mark_owner(struct bpf_sock *sk, const struct owner *owner, const struct config *config,
				       bool guest)
{
	struct traffic *state;

	if (!sk)
		return;
	state = bpf_sk_storage_get(&traffic, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state)
		return;
	state->exec = owner->process.exec;
	state->tgid = owner->tgid;
	state->generation = config->generation;
	state->state &= ~TRAFFIC_LEFT;
	if (guest)
		mark_guest(state);
}

static __always_inline int refuse_call(struct config *config, const struct owner *owner, const struct flow *flow, __u64 cookie,
				       const struct answer *answer, __u32 *error)
{
	*error = answer->error;
	count(COUNT_REFUSED);
	report(config, owner, flow, cookie, answer);
	return REFUSE;
}

/* `error`: what a refused call fails with, 0 for EPERM. */
static __always_inline int judge_call(struct bpf_sock_addr *ctx, struct flow *flow, __u32 *error)
{
	struct config *config = settings();
	struct socket fresh;
	struct socket *known;
	struct answer answer;
	__u64 cookie;
	bool guest;

	/* The kernel's own sockets are not closed by anybody: they are nobody's, and their packets are asked about. */
	if (!config || is_kernel_thread())
		return PASS;
	cookie = bpf_get_socket_cookie(ctx);
	known = bpf_map_lookup_elem(&sockets, &cookie);
	if (known && is_judged(known, flow, config) && is_caller(&known->owner)) {
		if (known->verdict != VERDICT_REJECT || !config->enforce || is_reply(ctx, flow, config))
			return PASS;
		answer.verdict = known->verdict;
		answer.rule = known->rule;
		answer.error = known->error;
		return refuse_call(config, &known->owner, flow, cookie, &answer, error);
	}
	__builtin_memset(&fresh, 0, sizeof(fresh));
	take_owner(&fresh.owner, bpf_get_current_cgroup_id());
	guest = is_guest(bpf_get_netns_cookie(ctx), config);
	ask_cache(&fresh.owner, flow, &answer, ASK_CALL);
	if (guest)
		hold_by_rules(&answer, config);
	if (guest && answer.verdict == VERDICT_UNKNOWN)
		confine_guest(&answer, &fresh.owner, config);
	copy16(fresh.remote, flow->remote);
	fresh.remote_port = flow->remote_port;
	fresh.family = flow->family;
	fresh.generation = config->generation;
	fresh.verdict = answer.verdict;
	fresh.rule = answer.rule;
	fresh.expires = answer.expires;
	fresh.error = answer.error;
	fresh.by_names = answer.by_names;
	fresh.bound = known ? known->bound : 0;
	if (bpf_map_update_elem(&sockets, &cookie, &fresh, BPF_ANY))
		count(COUNT_SOCKETS_FULL);
	mark_owner(ctx->sk, &fresh.owner, config, guest);
	if (answer.verdict != VERDICT_REJECT || !config->enforce || is_reply(ctx, flow, config))
		return PASS;
	return refuse_call(config, &fresh.owner, flow, cookie, &answer, error);
}

static __always_inline int judge_address(struct bpf_sock_addr *ctx, bool six, __u32 *error)
{
	struct flow flow = {};
	__u32 words[4];

	flow.protocol = ctx->protocol;
	flow.remote_port = bpf_ntohs((__u16)ctx->user_port);
	flow.direction = FLOW_OUT;
	if (ctx->sk)
		flow.local_port = ctx->sk->src_port;
	if (six) {
		words[0] = ctx->user_ip6[0];
		words[1] = ctx->user_ip6[1];
		words[2] = ctx->user_ip6[2];
		words[3] = ctx->user_ip6[3];
		if (is_v4_mapped(words)) {
			flow.family = 4;
			set_v4(flow.remote, words[3]);
		} else {
			flow.family = 6;
			__builtin_memcpy(flow.remote, words, 16);
		}
	} else {
		flow.family = 4;
		set_v4(flow.remote, ctx->user_ip4);
	}
	if (judge_call(ctx, &flow, error) == REFUSE)
		return REFUSE;
	return PASS;
}

/* Before 6.1 these hooks cannot choose the error. */
static __always_inline int refuse_with(__u32 error)
{
#ifndef WALK_BY_PROBE
	if (error)
		bpf_set_retval(-(int)error);
#endif
	return REFUSE;
}

/* Each hook of a call twice: the second writes down who calls and can refuse nothing, for the mode that only observes. */
#define CALL_HOOK(section, name, six)                                                                                  \
	SEC("cgroup/" section)                                                                                         \
	int name(struct bpf_sock_addr *ctx)                                                                            \
	{                                                                                                              \
		__u32 error = 0;                                                                                       \
                                                                                                                       \
		ask_elsewhere(ctx, six);                                                                               \
		return judge_address(ctx, six, &error) == REFUSE ? refuse_with(error) : PASS;                          \
	}                                                                                                              \
	SEC("cgroup/" section)                                                                                         \
	int note_##name(struct bpf_sock_addr *ctx)                                                                     \
	{                                                                                                              \
		__u32 error = 0;                                                                                       \
                                                                                                                       \
		judge_address(ctx, six, &error);                                                                       \
		return PASS;                                                                                           \
	}

CALL_HOOK("connect4", connect4, false)
CALL_HOOK("connect6", connect6, true)
CALL_HOOK("sendmsg4", sendmsg4, false)
CALL_HOOK("sendmsg6", sendmsg6, true)

/* Protocols without connect and sendmsg hooks: who made the socket, and what the cache says of it for any peer. */
static __always_inline int judge_creation(struct bpf_sock *ctx, __u32 *error)
{
	struct config *config = settings();
	struct socket fresh;
	struct flow flow = {};
	struct answer answer;
	__u64 cookie;
	bool guest;

	if (!config || (ctx->type != SOCK_RAW && (ctx->protocol == IPPROTO_TCP || ctx->protocol == IPPROTO_UDP)))
		return PASS;
	cookie = bpf_get_socket_cookie(ctx);
	__builtin_memset(&fresh, 0, sizeof(fresh));
	take_owner(&fresh.owner, bpf_get_current_cgroup_id());
	flow.protocol = ctx->protocol;
	flow.family = ctx->family == AF_INET6 ? 6 : 4;
	flow.direction = FLOW_OUT;
	guest = is_guest(bpf_get_netns_cookie(ctx), config);
	ask_cache(&fresh.owner, &flow, &answer, ASK_ANY_PEER);
	if (guest) {
		hold_by_rules(&answer, config);
		if (answer.verdict == VERDICT_UNKNOWN && fresh.owner.process.confined)
			answer.verdict = VERDICT_REJECT;
		mark_guest(bpf_sk_storage_get(&traffic, ctx, 0, BPF_SK_STORAGE_GET_F_CREATE));
	}
	if (bpf_map_update_elem(&sockets, &cookie, &fresh, BPF_ANY))
		count(COUNT_SOCKETS_FULL);
	if (answer.verdict != VERDICT_REJECT || !config->enforce)
		return PASS;
	count(COUNT_REFUSED);
	report(config, &fresh.owner, &flow, cookie, &answer);
	bpf_map_delete_elem(&sockets, &cookie);
	*error = answer.error;
	return REFUSE;
}

SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
{
	__u32 error = 0;

	return judge_creation(ctx, &error) == REFUSE ? refuse_with(error) : PASS;
}

SEC("cgroup/sock_create")
int note_sock_create(struct bpf_sock *ctx)
{
	__u32 error = 0;

	judge_creation(ctx, &error);
	return PASS;
}

/* Whether a socket belongs to the guarded network namespace. Before 5.15 sockops cannot ask for its cookie. */
#ifdef WALK_BY_PROBE
static __always_inline bool guards(const struct config *config, const struct sock *sk)
{
	return config->netns_inode && BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) == config->netns_inode;
}
#define guards_socket(config, ctx) guards(config, (const struct sock *)(ctx))
#define guards_listener(config, ctx) guards(config, BPF_CORE_READ((const struct bpf_sock_ops_kern *)(ctx), sk))
#else
#define guards_socket(config, ctx) (bpf_get_netns_cookie(ctx) == (config)->netns_cookie)
#define guards_listener guards_socket
#endif

/* Files the socket under its local port; returns whether it stands there. */
static __always_inline bool file_port(const struct port_key *key, const struct owner *owner, __u64 cookie)
{
	struct port *known = bpf_map_lookup_elem(&ports, key);
	struct port fresh;

	if (known) {
		if (known->owner.tgid != owner->tgid || known->owner.process.exec != owner->process.exec)
			known->ambiguous = 1;
		__sync_fetch_and_add(&known->sockets, 1);
		return true;
	}
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.owner = *owner;
	fresh.cookie = cookie;
	fresh.sockets = 1;
	if (bpf_map_update_elem(&ports, key, &fresh, BPF_NOEXIST)) {
		count(COUNT_SOCKETS_FULL);
		return false;
	}
	return true;
}

/* Files the port that a socket got, in the name of the current task, with the socket too where it was not known. */
static __always_inline void file_bound(const struct port_key *key, __u64 cookie, struct socket *known, __u64 cgroup)
{
	struct socket fresh;

	__builtin_memset(&fresh, 0, sizeof(fresh));
	take_owner(&fresh.owner, cgroup);
	if (!file_port(key, &fresh.owner, cookie))
		return;
	if (known) {
		known->bound = key->port;
		return;
	}
	fresh.bound = key->port;
	if (bpf_map_update_elem(&sockets, &cookie, &fresh, BPF_ANY))
		count(COUNT_SOCKETS_FULL);
}

static __always_inline void bind_socket(struct bpf_sock *ctx)
{
	struct port_key key = { .port = ctx->src_port, .protocol = ctx->protocol };
	struct config *config = settings();
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct socket *known = bpf_map_lookup_elem(&sockets, &cookie);

	if (!config || !key.port || !guards_socket(config, ctx))
		return;
	file_bound(&key, cookie, known, bpf_get_current_cgroup_id());
}

SEC("cgroup/post_bind4")
int post_bind4(struct bpf_sock *ctx)
{
	bind_socket(ctx);
	return PASS;
}

SEC("cgroup/post_bind6")
int post_bind6(struct bpf_sock *ctx)
{
	bind_socket(ctx);
	return PASS;
}

static __always_inline void report_end(const struct traffic *state, __u64 cookie)
{
	struct config *config = settings();
	struct event_end *event;

	if (!config || !config->report)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNT_RING_FULL);
		return;
	}
	event->event.type = EVENT_END;
	event->event.bytes = sizeof(*event);
	event->event.time = bpf_ktime_get_boot_ns();
	event->flow = state->flow;
	event->cookie = cookie;
	event->bytes_out = state->bytes_out;
	event->bytes_in = state->bytes_in;
	event->packets_out = state->packets_out;
	event->packets_in = state->packets_in;
	bpf_ringbuf_submit(event, wake(config));
}

SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *ctx)
{
	struct port_key key = { .protocol = ctx->protocol };
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct socket *known = bpf_map_lookup_elem(&sockets, &cookie);
	struct traffic *state = bpf_sk_storage_get(&traffic, ctx, 0, 0);
	struct port *port;

	if (state && (state->state & TRAFFIC_FLOW))
		report_end(state, cookie);
	if (!known)
		return PASS;
	if (known->bound) {
		key.port = known->bound;
		port = bpf_map_lookup_elem(&ports, &key);
		/* Not atomic with the look: a bind at this very instant makes the port ambiguous or unknown, never another's. */
		if (port) {
			__sync_fetch_and_add(&port->sockets, -1);
			if (port->sockets == 0)
				bpf_map_delete_elem(&ports, &key);
		}
	}
	bpf_map_delete_elem(&sockets, &cookie);
	return PASS;
}

/* A connection that was accepted: its owner is the listener's. */
static __always_inline void accepted(struct bpf_sock_ops *ctx, const struct config *config)
{
	struct port_key key = { .port = ctx->local_port, .protocol = IPPROTO_TCP };
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct bpf_sock *sk = ctx->sk;
	struct traffic *state = sk ? bpf_sk_storage_get(&traffic, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : 0;
	struct port *port = bpf_map_lookup_elem(&ports, &key);
	bool guest = !guards_listener(config, ctx);
	struct socket fresh;

	/* One that nobody accepts is never closed by a program: its end is told too. */
	bpf_sock_ops_cb_flags_set(ctx, BPF_SOCK_OPS_STATE_CB_FLAG);
	if (state) {
		state->bytes_out = state->bytes_in = state->packets_out = state->packets_in = 0;
		state->state = TRAFFIC_INCOMING | (guest && config->netns_cookie ? TRAFFIC_GUEST : 0);
		state->generation = config->generation;
		state->tgid = 0;
	}
	if (!port || port->ambiguous || guest)
		return;
	if (state) {
		state->tgid = port->owner.tgid;
		state->exec = port->owner.process.exec;
	}
	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.owner = port->owner;
	if (bpf_map_update_elem(&sockets, &cookie, &fresh, BPF_NOEXIST))
		count(COUNT_SOCKETS_FULL);
}

static __always_inline void forget(__u64 cookie)
{
	bpf_map_delete_elem(&sockets, &cookie);
}

/* A socket that listens without bind; bound ones are filed already. */
static __always_inline void listens(struct bpf_sock_ops *ctx, const struct config *config)
{
	struct port_key key = { .port = ctx->local_port, .protocol = IPPROTO_TCP };
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct socket *known = bpf_map_lookup_elem(&sockets, &cookie);

	if ((known && known->bound) || !key.port || !guards_listener(config, ctx))
		return;
	file_bound(&key, cookie, known, cgroup_of(current_task()));
}

SEC("sockops")
int tcp_events(struct bpf_sock_ops *ctx)
{
	struct config *config = settings();

	if (!config)
		return 1;
	if (ctx->op == BPF_SOCK_OPS_TCP_LISTEN_CB)
		listens(ctx, config);
	else if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		accepted(ctx, config);
	else if (ctx->op == BPF_SOCK_OPS_STATE_CB && ctx->args[1] == BPF_TCP_CLOSE)
		forget(bpf_get_socket_cookie(ctx));
	return 1;
}

#endif
