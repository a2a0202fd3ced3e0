/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The few kernel structures that the programs look into, with only the members they read: CO-RE finds where these really are. */
#ifndef POSTERN_KERNEL_H
#define POSTERN_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	__u32 val;
} kuid_t, kgid_t;

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct atomic_t_ {
	int counter;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
	__s64 i_size;
	struct atomic_t_ i_writecount;
	unsigned int __i_nlink;
	__u32 i_generation;
	struct timespec64 i_ctime; /* up to 6.5 */
};
struct inode___6_6 {
	struct timespec64 __i_ctime;
};
struct inode___6_11 {
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
};
struct inode___nlink {
	unsigned int i_nlink;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct sock_common {
	struct {
		struct net *net;
	} skc_net;
};

struct sock {
	struct sock_common __sk_common;
};

/* What a struct bpf_sock_ops of a program really is. */
struct bpf_sock_ops_kern {
	struct sock *sk;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	int mnt_id;
};
struct mount___6_8 {
	__u64 mnt_id_unique;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct cred {
	kuid_t euid;
	kgid_t egid;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

struct signal_struct {
	struct atomic_t_ live;
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	const struct cred *cred;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define AF_XDP 44
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58

/* Two ways to follow a kernel pointer: as the verifier knows it (6.1 and later, also under lockdown=confidentiality), or by
 * bpf_probe_read_kernel (5.10). FOLLOW(task, mm, exe_file) is task->mm->exe_file. */
#ifdef WALK_BY_PROBE
#define FOLLOW(p, ...) BPF_CORE_READ(p, __VA_ARGS__)
#define current_task() ((struct task_struct *)bpf_get_current_task())
#else
#define FOLLOW_1(p, a) ((p)->a)
#define FOLLOW_2(p, a, b) ((p)->a->b)
#define FOLLOW_3(p, a, b, c) ((p)->a->b->c)
#define FOLLOW_4(p, a, b, c, d) ((p)->a->b->c->d)
#define FOLLOW_OF(_1, _2, _3, _4, name, ...) name
#define FOLLOW(p, ...) FOLLOW_OF(__VA_ARGS__, FOLLOW_4, FOLLOW_3, FOLLOW_2, FOLLOW_1)(p, __VA_ARGS__)
#define current_task() bpf_get_current_task_btf()
#endif

#endif
