/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program file: its numbers, and its path up to the root of the mount namespace. */
#ifndef POSTERN_IMAGE_H
#define POSTERN_IMAGE_H

#include "maps.h"

#define NSEC_PER_SEC 1000000000ULL
/* Folders and mounts above a file that are followed; beyond, the path counts as cut. */
#define PATH_STEPS 64
#define NAME_ROOM 256 /* NAME_MAX + 1, include/uapi/linux/limits.h */

/* Where an exec's event is put together: too large for the stack. */
struct draft {
	char backwards[PATH_ROOM + NAME_ROOM]; /* the path grows from PATH_ROOM towards 0 */
	union {
		char event[sizeof(struct event_exec) + PATH_ROOM + FILE_ROOM + ARGS_ROOM];
		/* Named here so that the object's BTF has them, for the test of their layouts. */
		struct event_exec exec;
		struct event_fork fork;
		struct event_exit exit;
		struct own_file own_file;
		struct event_flow flow;
		struct event_end end;
		struct event_dns dns;
		struct event_forged forged;
		struct event_unix unix_call;
		struct told told;
	};
	__u32 at; /* where the path begins */
	__u32 zero;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct draft);
} drafts SEC(".maps");

/* The field moved in 6.6 and in 6.11; from 6.13 on its highest bit says that somebody asked (I_CTIME_QUERIED, linux/fs.h). */
static __always_inline __u64 ctime_of(struct inode *inode)
{
	struct inode___6_11 *latest = (void *)inode;
	struct inode___6_6 *later = (void *)inode;

	if (bpf_core_field_exists(latest->i_ctime_sec))
		return FOLLOW(latest, i_ctime_sec) * NSEC_PER_SEC + (FOLLOW(latest, i_ctime_nsec) & 0x7fffffff);
	if (bpf_core_field_exists(later->__i_ctime))
		return FOLLOW(later, __i_ctime.tv_sec) * NSEC_PER_SEC + FOLLOW(later, __i_ctime.tv_nsec);
	return FOLLOW(inode, i_ctime.tv_sec) * NSEC_PER_SEC + FOLLOW(inode, i_ctime.tv_nsec);
}

/* The version of a file that its hash is of. */
static __always_inline void read_version(struct inode *inode, struct file_key *key)
{
	key->ino = FOLLOW(inode, i_ino);
	key->ctime = ctime_of(inode);
	key->dev = FOLLOW(inode, i_sb, s_dev);
	key->generation = FOLLOW(inode, i_generation);
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (struct mount *)((void *)mnt - bpf_core_field_offset(struct mount, mnt));
}

static __always_inline __u32 mount_id(struct mount *mount)
{
	struct mount___6_8 *later = (void *)mount;

	if (bpf_core_field_exists(later->mnt_id_unique))
		return (__u32)BPF_CORE_READ(later, mnt_id_unique);
	return BPF_CORE_READ(mount, mnt_id);
}

static __always_inline void read_exe(struct file *file, struct exe *exe)
{
	struct inode *inode;

	if (!file)
		return;
	inode = FOLLOW(file, f_inode);
	if (!inode)
		return;
	exe->ino = FOLLOW(inode, i_ino);
	exe->ctime = ctime_of(inode);
	exe->dev = FOLLOW(inode, i_sb, s_dev);
	exe->generation = FOLLOW(inode, i_generation);
	exe->nlink = FOLLOW(inode, __i_nlink);
	exe->mount = mount_id(mount_of(BPF_CORE_READ(file, f_path.mnt)));
}

/*
 * Writes the path backwards, last name first, and returns where it begins. It ends at the root of the mount namespace and not
 * at the process's own root, so that a program in a chroot has the path that the host has for it. Where it stands is kept in
 * the draft: of what it reads there the verifier knows no bounds, so that each round of the loop looks the same to it.
 */
static __always_inline __u32 walk_path(struct file *file, struct draft *draft, __u16 *cut)
{
	volatile __u32 *position = &draft->at;
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct mount *mount = mount_of(BPF_CORE_READ(file, f_path.mnt));
	struct dentry *top = BPF_CORE_READ(mount, mnt.mnt_root);

	*position = PATH_ROOM;
	for (int step = 0; step < PATH_STEPS; step++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		__u32 at, length;

		if (dentry == top || dentry == parent) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount) {
				/* A file without a folder, as a memfd has it: its name, without a slash. */
				if (step == 0) {
					length = BPF_CORE_READ(dentry, d_name.len) & (NAME_ROOM - 1);
					at = PATH_ROOM - length;
					bpf_probe_read_kernel(&draft->backwards[at & (PATH_ROOM - 1)], length, BPF_CORE_READ(dentry, d_name.name));
					*position = at;
				}
				return *position;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			top = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		length = BPF_CORE_READ(dentry, d_name.len) & (NAME_ROOM - 1);
		at = *position - length - 1;
		if (at >= PATH_ROOM)
			break;
		*position = at;
		draft->backwards[at & (PATH_ROOM - 1)] = '/';
		bpf_probe_read_kernel(&draft->backwards[(at + 1) & (PATH_ROOM - 1)], length, BPF_CORE_READ(dentry, d_name.name));
		dentry = parent;
	}
	*cut |= CUT_PATH;
	return *position;
}

/* Whether the file was reached through a mount of another namespace than ours, or of none. */
static __always_inline __u32 foreign(struct file *file)
{
	struct config *config = settings();
	struct mount *mount = mount_of(BPF_CORE_READ(file, f_path.mnt));

	return config && config->own_mount_ns == BPF_CORE_READ(mount, mnt_ns, ns.inum) ? 0 : PROCESS_FOREIGN;
}

/*
 * FNV-1a over words of eight bytes: `text` is filled up with zeros. Never 0. The length stands in memory, and is read in each
 * round, for the verifier's sake as above.
 */
static __always_inline __u64 hash_path(const char *text, volatile __u16 *length)
{
	__u64 hash = 0xcbf29ce484222325ULL;

	for (__u32 at = 0; at < PATH_ROOM; at += 8) {
		if (at >= *length)
			break;
		hash = (hash ^ *(const __u64 *)(text + at)) * 0x100000001b3ULL;
		hash ^= hash >> 32;
	}
	return hash ? hash : 1;
}

#endif
