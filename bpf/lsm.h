/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Security module hooks: who makes sockets for frames below IP, who changes what /proc says of it, and the hash of what is
 * executed. They are called for the whole machine, so each begins with whether its caller is in the cgroup that is guarded. */
#ifndef POSTERN_LSM_H
#define POSTERN_LSM_H

#include <linux/prctl.h>
#include "image.h"
#include "lookup.h"

#define EPERM 1
#define MAX_ERRNO 4095 /* include/linux/err.h */

/* The cgroup of --cgroup: empty until user space names it, and then nobody is in it. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} guarded SEC(".maps");

static __always_inline bool is_guarded(void)
{
	return bpf_current_task_under_cgroup(&guarded, 0) == 1;
}

/* Whether the caller only tries whether it is seen here. */
static __always_inline bool is_probe(void)
{
	struct config *config = settings();

	if (!config || !config->probe || config->probe != bpf_get_current_pid_tgid() >> 32)
		return false;
	config->probe = 0;
	return true;
}

/* Sockets of other network namespaces than the guarded one send frames that are judged where they are forwarded. */
static __always_inline bool is_elsewhere(const struct config *config)
{
	struct task_struct *task = current_task();
	struct nsproxy *nsproxy = FOLLOW(task, nsproxy);

	return !nsproxy || FOLLOW(nsproxy, net_ns, ns.inum) != config->netns_inode;
}

/*
 * No packet of such a socket passes any hook of ours, so that its making is all that can be judged, and it cannot be held: a
 * maker of whom nothing is known gets what the mode says of the unanswered, and is told to user space, which teaches for the
 * next time. Returns 0 or the error.
 */
static __always_inline int judge_frames(int family, int kern)
{
	struct config *config = settings();
	struct owner owner;
	struct flow flow = {};
	struct answer answer;
	int error;

	if ((family != AF_PACKET && family != AF_XDP) || kern || is_probe())
		return 0;
	if (!config || !is_guarded() || is_elsewhere(config))
		return 0;
	take_owner(&owner, bpf_get_current_cgroup_id());
	flow.family = 4;
	flow.direction = FLOW_PACKET;
	ask_cache(&owner, &flow, &answer, ASK_CALL);
	if (answer.verdict == VERDICT_UNKNOWN) {
		if (config->enforce)
			answer.verdict = config->packets ? VERDICT_REJECT : VERDICT_ALLOW;
		tell_flow(config, EVENT_UNKNOWN, &owner, &flow, 0, &answer);
		if (answer.verdict != VERDICT_REJECT)
			return 0;
		count(COUNT_PACKETS_UNKNOWN);
		return -EPERM;
	}
	report(config, &owner, &flow, 0, &answer);
	if (answer.verdict == VERDICT_ALLOW || !config->enforce) {
		count(COUNT_ALLOWED);
		return 0;
	}
	count(COUNT_REFUSED);
	error = -(int)answer.error;
	/* From 6.12 on the verifier wants to see what may come of it, and follows no negation. */
	barrier_var(error);
	return error < 0 && error >= -MAX_ERRNO ? error : -EPERM;
}

SEC("lsm/socket_create")
int BPF_PROG(make_frames, int family, int type, int protocol, int kern)
{
	return judge_frames(family, kern);
}

/* For the mode that only observes. */
SEC("lsm/socket_create")
int BPF_PROG(note_frames, int family, int type, int protocol, int kern)
{
	judge_frames(family, kern);
	return 0;
}

/* What PR_SET_MM_MAP changes (struct prctl_mm_map). What cannot be read counts as everything. */
static __always_inline __u32 forged_by_map(const struct prctl_mm_map *map)
{
	struct task_struct *task = current_task();
	struct mm_struct *mm = FOLLOW(task, mm);
	struct prctl_mm_map wanted;
	__u32 forged = 0;

	if (!mm || bpf_probe_read_user(&wanted, sizeof(wanted), map))
		return PROCESS_FORGED_EXE | PROCESS_FORGED_ARGS;
	if (wanted.exe_fd != (__u32)-1)
		forged |= PROCESS_FORGED_EXE;
	if (wanted.arg_start != FOLLOW(mm, arg_start) || wanted.arg_end != FOLLOW(mm, arg_end))
		forged |= PROCESS_FORGED_ARGS;
	return forged;
}

/*
 * A process that wants another program or other arguments in /proc. Who it is was taken at its exec, so that this changes
 * nothing of it; it is told, because others believe /proc. 0 leaves the call to whoever handles it, as in each LSM program.
 */
SEC("lsm/task_prctl")
int BPF_PROG(forging, int option, unsigned long what, unsigned long value)
{
	__u32 forged = 0, tgid = bpf_get_current_pid_tgid() >> 32;
	struct event_forged event = {};
	struct process *process;

	if (option != PR_SET_MM || is_probe() || !is_guarded())
		return 0;
	if (what == PR_SET_MM_EXE_FILE)
		forged = PROCESS_FORGED_EXE;
	else if (what == PR_SET_MM_ARG_START || what == PR_SET_MM_ARG_END)
		forged = PROCESS_FORGED_ARGS;
	else if (what == PR_SET_MM_MAP)
		forged = forged_by_map((const void *)value);
	process = bpf_map_lookup_elem(&procs, &tgid);
	if (!process || (process->flags & forged) == forged)
		return 0;
	if (!(process->flags & (PROCESS_FORGED_EXE | PROCESS_FORGED_ARGS)))
		count(COUNT_FORGED);
	__sync_fetch_and_or(&process->flags, forged);
	event.event.type = EVENT_FORGED;
	event.event.bytes = sizeof(event);
	event.event.time = bpf_ktime_get_boot_ns();
	event.exec = process->exec;
	event.tgid = tgid;
	event.forged = forged;
	if (bpf_ringbuf_output(&events, &event, sizeof(event), wake(settings())))
		count(COUNT_RING_FULL);
	return 0;
}

#define HASHED_AT_MOST (256LL << 20) /* bytes; what is larger is hashed in user space, where nobody waits for it */
#define FUSE_SUPER_MAGIC 0x65735546 /* include/uapi/linux/magic.h */

/* Whether the kernel may read this file for its hash now: not one whose content is another's to change meanwhile. */
static __always_inline bool is_hashable(struct inode *inode)
{
	return FOLLOW(inode, i_size) <= HASHED_AT_MOST && FOLLOW(inode, i_writecount.counter) <= 0 &&
	       FOLLOW(inode, i_sb, s_magic) != FUSE_SUPER_MAGIC;
}

/* Who executes a program that is to be hashed, by tgid. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} executing SEC(".maps");

/* Programs that may sleep cannot ask for the cgroup: whether their caller is in it is asked before. */
SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(select_program, struct linux_binprm *bprm)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, yes = 1;
	struct config *config = settings();

	if (!config || !config->hash)
		return 0;
	if (is_guarded())
		bpf_map_update_elem(&executing, &tgid, &yes, BPF_ANY);
	else
		bpf_map_delete_elem(&executing, &tgid);
	return 0;
}

/*
 * Where IMA hashes too, and under the same protection: nobody can open the file for writing. It is read whole, so that a
 * version is hashed twice at the most, but for those that are executed again within their first second.
 */
SEC("lsm.s/bprm_check_security")
int BPF_PROG(hash_program, struct linux_binprm *bprm)
{
	struct config *config = settings();
	struct file *file = bprm->file;
	struct file_hash fresh = {}, *known;
	struct file_key key = {};
	struct inode *inode;
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!config || !config->hash || !file || !bpf_map_lookup_elem(&executing, &tgid))
		return 0;
	inode = FOLLOW(file, f_inode);
	if (!inode)
		return 0;
	read_version(inode, &key);
	known = bpf_map_lookup_elem(&hashes, &key);
	if (known && known->settled)
		return 0;
	fresh.first = known ? known->first : now;
	fresh.settled = now - fresh.first > SECOND;
	fresh.tgid = tgid;
	fresh.result = is_hashable(inode) ? bpf_ima_file_hash(file, fresh.sha256, sizeof(fresh.sha256)) : -EPERM;
	if (fresh.result != HASHED_BY_SHA256) {
		fresh.settled = 0;
		count(COUNT_UNHASHED);
	}
	bpf_map_update_elem(&hashes, &key, &fresh, BPF_ANY);
	return 0;
}

#endif
