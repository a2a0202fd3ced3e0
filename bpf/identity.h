/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who each process is: taken at its exec, handed to its children at fork, forgotten at its end. These programs only watch. */
#ifndef POSTERN_IDENTITY_H
#define POSTERN_IDENTITY_H

#include "image.h"

static __always_inline void tell(void *event, __u64 size)
{
	if (bpf_ringbuf_output(&events, event, size, wake(settings())))
		count(COUNT_RING_FULL);
}

static __always_inline __u32 mount_namespace(struct task_struct *task)
{
	struct nsproxy *nsproxy = FOLLOW(task, nsproxy);

	return nsproxy ? FOLLOW(nsproxy, mnt_ns, ns.inum) : 0;
}

static __always_inline void remember(__u32 tgid, struct process *process, __u64 flags)
{
	long error = bpf_map_update_elem(&procs, &tgid, process, flags);

	if (error && error != -17 /* EEXIST */)
		count(COUNT_PROCESSES_FULL);
}

/* A process that ran before the programs below were attached, from what it is now. */
static __always_inline bool read_running(struct task_struct *task, struct process *process)
{
	struct mm_struct *mm = FOLLOW(task, mm);
	struct file *file;
	struct process *parent;
	__u32 parent_tgid;

	if (FOLLOW(task, flags) & PF_KTHREAD || !mm)
		return false;
	file = FOLLOW(mm, exe_file);
	if (!file)
		return false;
	read_exe(file, &process->exe);
	parent_tgid = FOLLOW(task, real_parent, tgid);
	parent = bpf_map_lookup_elem(&procs, &parent_tgid);
	process->exec = bpf_ktime_get_boot_ns();
	process->start = FOLLOW(task, group_leader, start_boottime);
	process->parent = parent ? parent->exec : 0;
	process->parent_tgid = parent_tgid;
	process->confined = confined_in(FOLLOW(task, cgroups, dfl_cgrp, kn, id));
	process->flags = PROCESS_SEEDED | foreign(file);
	return true;
}

/* The hash that lsm.h made for this very exec, or of this version of the file for good. */
static __always_inline void take_hash(struct event_exec *event)
{
	const struct exe *exe = &event->owner.process.exe;
	struct file_key key = { .ino = exe->ino, .ctime = exe->ctime, .dev = exe->dev, .generation = exe->generation };
	struct config *config = settings();
	struct file_hash *known;

	if (!config || !config->hash)
		return;
	known = bpf_map_lookup_elem(&hashes, &key);
	if (!known || known->result != HASHED_BY_SHA256 || (!known->settled && known->tgid != event->owner.tgid))
		return;
	__builtin_memcpy(event->sha256, known->sha256, sizeof(event->sha256));
	event->hashed = 1;
}

/* The caller is the new program already, with its new ids, and has not run an instruction of it. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	__u32 zero = 0, tgid = FOLLOW(task, tgid), at, length;
	struct draft *draft = bpf_map_lookup_elem(&drafts, &zero);
	struct file *file = FOLLOW(bprm, file);
	struct event_exec *event;
	struct process *before, *process;
	unsigned long start, end;
	const char *filename;
	__u64 cgroup;
	long got;

	if (!draft)
		return 0;
	event = &draft->exec;
	__builtin_memset(event, 0, sizeof(*event));
	process = &event->owner.process;

	event->mount_ns = mount_namespace(task);
	read_exe(file, &process->exe);
	at = walk_path(file, draft, &event->cut);
	length = (PATH_ROOM - at) & (2 * PATH_ROOM - 1);
	if (length > PATH_ROOM)
		length = PATH_ROOM;
	/* Padded with zeros for the hash, then over to its place in the event. */
	__builtin_memset(&draft->backwards[PATH_ROOM], 0, 8);
	at = sizeof(*event);
	if (length > 0)
		bpf_probe_read_kernel(&draft->event[at], (length + 7) & ~7u, &draft->backwards[(PATH_ROOM - length) & (PATH_ROOM - 1)]);
	event->path_length = length;
	process->exe.name = length > 0 ? hash_path(&draft->event[at], &event->path_length) : 0;
	at += length;

	before = bpf_map_lookup_elem(&procs, &tgid);
	process->exec = bpf_ktime_get_boot_ns();
	process->start = FOLLOW(task, group_leader, start_boottime);
	process->parent = before ? before->parent : 0;
	process->parent_tgid = FOLLOW(task, real_parent, tgid);
	process->flags = foreign(file);
	cgroup = FOLLOW(task, cgroups, dfl_cgrp, kn, id);
	process->confined = before && before->confined ? before->confined : confined_in(cgroup);
	remember(tgid, process, BPF_ANY);

	event->event.type = EVENT_EXEC;
	event->event.time = process->exec;
	event->owner.cgroup = process->confined ? process->confined : cgroup;
	event->owner.tgid = tgid;
	event->owner.uid = FOLLOW(task, cred, euid.val);
	event->owner.gid = FOLLOW(task, cred, egid.val);
	event->owner.known = 1;
	take_hash(event);

	filename = FOLLOW(bprm, filename);
	event->script = FOLLOW(bprm, interp) != filename;
	got = bpf_probe_read_kernel_str(&draft->event[at], FILE_ROOM, filename);
	if (got > 0 && got <= FILE_ROOM) {
		event->file_length = got - 1;
		if (got == FILE_ROOM)
			event->cut |= CUT_FILE;
		at += got - 1;
	}

	start = FOLLOW(task, mm, arg_start);
	end = FOLLOW(task, mm, arg_end);
	if (end - start > ARGS_ROOM)
		event->cut |= CUT_ARGS;
	length = end - start > ARGS_ROOM ? ARGS_ROOM : end - start;
	if (at < sizeof(*event) + PATH_ROOM + FILE_ROOM && length > 0) {
		if (bpf_probe_read_user(&draft->event[at], length, (void *)start)) {
			event->cut |= CUT_ARGS;
		} else {
			event->args_length = length;
			at += length;
		}
	}
	event->event.bytes = at;
	if (at <= sizeof(draft->event))
		tell(draft->event, at);
	return 0;
}

/* Before the child runs. A new thread is no new process. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = FOLLOW(child, tgid), parent_tgid = FOLLOW(parent, tgid);
	struct process *known;
	struct event_fork event = {};

	if (FOLLOW(child, pid) != tgid)
		return 0;
	known = bpf_map_lookup_elem(&procs, &parent_tgid);
	if (known) {
		event.process = *known;
		event.process.parent = known->exec;
		event.process.exec = bpf_ktime_get_boot_ns();
		event.process.start = FOLLOW(child, start_boottime);
	} else if (!read_running(child, &event.process)) {
		return 0;
	}
	if (!event.process.confined)
		event.process.confined = confined_in(FOLLOW(child, cgroups, dfl_cgrp, kn, id));
	event.process.parent_tgid = parent_tgid;
	event.process.flags |= PROCESS_FORKED;
	remember(tgid, &event.process, BPF_ANY);
	event.event.type = EVENT_FORK;
	event.event.bytes = sizeof(event);
	event.event.time = event.process.exec;
	event.tgid = tgid;
	tell(&event, sizeof(event));
	return 0;
}

/* Each thread comes here; with the last one the process ends. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 tgid = FOLLOW(task, tgid);
	struct event_exit event = {};
	struct process *known;

	if (FOLLOW(task, signal, live.counter) != 0)
		return 0;
	known = bpf_map_lookup_elem(&procs, &tgid);
	if (!known)
		return 0;
	event.exec = known->exec;
	bpf_map_delete_elem(&procs, &tgid);
	event.event.type = EVENT_EXIT;
	event.event.bytes = sizeof(event);
	event.event.time = bpf_ktime_get_boot_ns();
	event.tgid = tgid;
	tell(&event, sizeof(event));
	return 0;
}

/* Read once, after the programs above are attached. */
SEC("iter/task")
int seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct process process = {};
	__u32 tgid;

	if (!task || FOLLOW(task, pid) != FOLLOW(task, tgid) || !read_running(task, &process))
		return 0;
	tgid = FOLLOW(task, tgid);
	remember(tgid, &process, BPF_NOEXIST);
	/* It may have ended after it was read and before it was written: then nobody else would take it away. */
	if (FOLLOW(task, signal, live.counter) == 0)
		bpf_map_delete_elem(&procs, &tgid);
	return 0;
}

/* The kernel's own numbers for the files that the reader has open: stat(2) tells others on btrfs and overlay. */
SEC("iter/task_file")
int own_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct own_file own = {};

	if (!task || !file || FOLLOW(task, tgid) != bpf_get_current_pid_tgid() >> 32)
		return 0;
	read_exe(file, &own.exe);
	own.fd = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &own, sizeof(own));
	return 0;
}

#endif
