/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who calls, and what the flow cache says of it.
 *
 * The cache in words: user space decides a flow once, and writes down the decision under the parts of the attempt that the
 * policy looked at (a mask says which). Whatever agrees in these parts has the same decision, so that the first entry found
 * under any mask is right. The policy's generation is a part of each key: after a swap no older entry is ever found. */
#ifndef POSTERN_LOOKUP_H
#define POSTERN_LOOKUP_H

#include "maps.h"

struct answer {
	__u64 expires;
	__u32 rule;
	__u16 verdict;
	__u16 by_mode;
	__u32 error;
	__u32 by_names; /* as in struct socket */
};

static __always_inline void copy16(__u8 *to, const __u8 *from)
{
	((__u64 *)to)[0] = ((const __u64 *)from)[0];
	((__u64 *)to)[1] = ((const __u64 *)from)[1];
}

static __always_inline bool same16(const __u8 *a, const __u8 *b)
{
	return ((const __u64 *)a)[0] == ((const __u64 *)b)[0] && ((const __u64 *)a)[1] == ((const __u64 *)b)[1];
}

static __always_inline bool same_ids(const struct owner *a, const struct owner *b)
{
	return a->process.exec == b->process.exec && a->tgid == b->tgid && a->uid == b->uid && a->gid == b->gid &&
	       a->cgroup == b->cgroup;
}

/* Whether no answer has come since the verdict that rests on names was given. */
static __always_inline bool names_hold(__u32 by_names, const struct config *config)
{
	return !by_names || by_names == *(volatile const __u32 *)&config->answers_seen + 1;
}

/* Whether this socket's verdict is for this very peer, from this policy, and not out of date. */
static __always_inline bool is_judged(const struct socket *socket, const struct flow *flow, const struct config *config)
{
	return socket->verdict != VERDICT_UNKNOWN && socket->generation == config->generation &&
	       socket->remote_port == flow->remote_port && socket->family == flow->family &&
	       same16(socket->remote, flow->remote) && names_hold(socket->by_names, config) &&
	       (!socket->expires || socket->expires > bpf_ktime_get_boot_ns());
}

/* The inode number of the task's cgroup v2 directory, where no helper gives it. */
static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	struct css_set *set = FOLLOW(task, cgroups);
	struct cgroup *cgroup = FOLLOW(set, dfl_cgrp);
	struct kernfs_node *node = FOLLOW(cgroup, kn);

	return FOLLOW(node, id);
}

static __always_inline bool is_kernel_thread(void)
{
	struct task_struct *task = current_task();

	return FOLLOW(task, flags) & PF_KTHREAD;
}

/* The calling process, with the ids and the cgroup that it has at this call. */
static __always_inline void take_owner(struct owner *owner, __u64 cgroup)
{
	struct task_struct *task = current_task();
	const struct cred *cred = FOLLOW(task, cred);
	struct process *process;
	__u32 tgid = FOLLOW(task, tgid);

	__builtin_memset(owner, 0, sizeof(*owner));
	owner->tgid = tgid;
	owner->uid = FOLLOW(cred, euid.val);
	owner->gid = FOLLOW(cred, egid.val);
	owner->cgroup = cgroup;
	process = bpf_map_lookup_elem(&procs, &tgid);
	if (process) {
		owner->process = *process;
		owner->known = 1;
		if (process->confined)
			owner->cgroup = process->confined;
	} else {
		count(COUNT_UNKNOWN_PROCESS);
	}
}

/* All ones where the mask has this field, else zero. No branch: the verifier would follow each, in each round of ask_cache. */
static __always_inline __u64 taken(__u32 fields, __u32 field)
{
	__u64 bits = -(__u64)((fields / field) & 1);

	barrier_var(bits);
	return bits;
}

static __always_inline void fill_key(struct entry_key *key, const struct mask *mask, const struct owner *owner,
				     const struct flow *flow)
{
	const struct exe *exe = &owner->process.exe;
	__u32 fields = mask->fields;
	__u64 bits = taken(fields, MASK_EXE), local;
	__u64 incoming = -(__u64)(flow->direction & FLOW_IN);

	barrier_var(incoming);
	__builtin_memset(key, 0, sizeof(*key));
	local = taken(fields, MASK_LOCAL);
	key->exe_ino = (exe->ino & bits) | (((const __u64 *)flow->local)[0] & local);
	key->exe_ctime = (exe->ctime & bits) | (((const __u64 *)flow->local)[1] & local);
	key->exe_name = exe->name & bits;
	key->exe_dev = exe->dev & bits;
	key->exe_generation = exe->generation & bits;
	key->exe_mount = exe->mount & bits;
	bits = taken(fields, MASK_PROCESS);
	key->exec = owner->process.exec & bits;
	key->tgid = owner->tgid & bits;
	key->uid = owner->uid & taken(fields, MASK_UID);
	key->gid = owner->gid & taken(fields, MASK_GID);
	key->cgroup = owner->cgroup & taken(fields, MASK_CGROUP);
	key->protocol = flow->protocol & taken(fields, MASK_PROTOCOL);
	key->port = ((flow->local_port & incoming) | (flow->remote_port & ~incoming)) & taken(fields, MASK_PORT);
	((__u64 *)key->remote)[0] = ((const __u64 *)flow->remote)[0] & mask->remote_high;
	((__u64 *)key->remote)[1] = ((const __u64 *)flow->remote)[1] & mask->remote_low;
}

/* What is asked about: a call whose interface nobody knows yet, a packet on lo or elsewhere, or any peer of the family. */
enum { ASK_CALL, ASK_ON_LOOPBACK, ASK_OFF_LOOPBACK, ASK_ANY_PEER };

/* What a round of the search needs. */
struct search {
	const struct owner *owner;
	const struct flow *flow;
	struct answer *answer;
	__u32 generation;
	__u32 answers; /* answers_seen + 1 */
	__u32 unread; /* not 0: some of them are not read yet */
	int how;
};

/* Looks under one mask; true: the search is over. */
static __always_inline bool try_mask(__u32 index, const struct search *search)
{
	const struct owner *owner = search->owner;
	const struct flow *flow = search->flow;
	struct mask *mask = bpf_map_lookup_elem(&masks, &index);
	struct entry_key key;
	struct entry *entry;
	int how = search->how;

	if (!mask)
		return true;
	if (!owner->known && (mask->fields & (MASK_EXE | MASK_PROCESS)))
		return false;
	if ((mask->fields & MASK_ON_LOOPBACK) && how != ASK_ON_LOOPBACK)
		return false;
	if ((mask->fields & MASK_OFF_LOOPBACK) && how != ASK_OFF_LOOPBACK)
		return false;
	if ((mask->fields & MASK_LOCAL) && how != ASK_OFF_LOOPBACK)
		return false;
	if (how == ASK_ANY_PEER && (mask->remote_high || mask->remote_low || (mask->fields & MASK_PORT)))
		return false;
	fill_key(&key, mask, owner, flow);
	key.generation = search->generation;
	key.shape = index | (flow->direction << 6) | (flow->family == 6 ? 32 : 0);
	entry = bpf_map_lookup_elem(&flows, &key);
	if (!entry)
		return false;
	if (entry->expires && entry->expires <= bpf_ktime_get_boot_ns())
		return false;
	if (entry->by_names && search->unread)
		return false;
	__sync_fetch_and_add(&entry->hits, 1);
	search->answer->verdict = entry->verdict;
	search->answer->by_mode = entry->by_mode;
	search->answer->error = entry->error;
	search->answer->rule = entry->rule;
	search->answer->expires = entry->expires;
	search->answer->by_names = -entry->by_names & search->answers;
	return true;
}

#ifndef WALK_BY_PROBE
static long search_round(__u32 index, void *search)
{
	return try_mask(index, search);
}
#endif

/* Asks the cache. A process that is not known is found only by masks that ask nothing of it. */
static __noinline int ask_cache(const struct owner *owner, const struct flow *flow, struct answer *answer, int how)
{
	struct config *config = settings();
	struct search search = { .owner = owner, .flow = flow, .answer = answer, .how = how };
	__u32 seen;

	answer->verdict = VERDICT_UNKNOWN;
	answer->by_mode = 0;
	answer->error = 0;
	answer->rule = 0;
	answer->expires = 0;
	answer->by_names = 0;
	if (!config || flow->zero == FLOW_REPLY)
		return 0;
	search.generation = config->generation;
	seen = *(volatile __u32 *)&config->answers_seen;
	search.answers = seen + 1;
	/* A difference, which tells the verifier nothing: of a yes or no it would look at each by itself, through all rounds. */
	search.unread = seen ^ *(volatile __u32 *)&config->answers_read;
#ifdef WALK_BY_PROBE
	/* Read in each round, so that the verifier learns nothing of it and each round looks the same. */
	for (__u32 i = 0; i < MAX_MASKS; i++) {
		if (i >= *(volatile __u32 *)&config->masks || try_mask(i, &search))
			break;
	}
#else
	/* From 5.17 on; the verifier looks at one round instead of all. */
	bpf_loop(config->masks < MAX_MASKS ? config->masks : MAX_MASKS, search_round, &search, 0);
#endif
	return 0;
}

static __always_inline void hit(__u32 rule)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &rule);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* Tells user space of a flow. Never waits: what finds no room is counted. */
static __always_inline void tell_flow(struct config *config, __u32 type, const struct owner *owner,
				      const struct flow *flow, __u64 cookie, const struct answer *answer)
{
	struct event_flow *event;

	if (!config->report)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNT_RING_FULL);
		return;
	}
	event->event.type = type;
	event->event.bytes = sizeof(*event);
	event->event.time = bpf_ktime_get_boot_ns();
	event->owner = *owner;
	event->flow = *flow;
	event->cookie = cookie;
	event->rule = answer->rule;
	event->generation = config->generation;
	event->verdict = answer->verdict;
	event->exec = 0;
	bpf_ringbuf_submit(event, wake(config));
}

/* Tells of one decided here. */
static __always_inline void report(struct config *config, const struct owner *owner, const struct flow *flow,
				   __u64 cookie, const struct answer *answer)
{
	hit(answer->rule);
	tell_flow(config, EVENT_FLOW, owner, flow, cookie, answer);
}

#define SECOND 1000000000ULL
#define TALK_SECONDS 180 /* as nf_conntrack_udp_timeout_stream was for long; a stream keeps itself alive */

/* The key under which both directions of a flow without connection meet. */
static __always_inline void talk_key(struct flow *key, const struct flow *flow)
{
	*key = *flow;
	((__u64 *)key->local)[0] = 0;
	((__u64 *)key->local)[1] = 0;
	key->direction = 0;
	key->zero = 0;
}

static __always_inline bool recent(__u64 last, __u64 now)
{
	return last && now - last < TALK_SECONDS * SECOND;
}

#endif
