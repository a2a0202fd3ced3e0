/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All maps. Names and layouts are what a later Postern finds pinned: a change of them changes LAYOUT in src/kernel/bpf. */
#ifndef POSTERN_MAPS_H
#define POSTERN_MAPS_H

#include "kernel.h"
#include "shared.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct config);
} config SEC(".maps");

/* Every process by its tgid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct process);
} procs SEC(".maps");

/* What user space is told: processes, and connections decided here. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* The flow cache: decisions by the parts of an attempt that they rest on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct entry_key);
	__type(value, struct entry);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_MASKS);
	__type(key, __u32);
	__type(value, struct mask);
} masks SEC(".maps");

/* Hits by the number that user space gave a rule. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

/* Sockets by cookie, from their first call to their end. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 524288);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct socket);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct traffic);
} traffic SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct port_key);
	__type(value, struct port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, struct talk);
} talks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, struct asked);
} asked SEC(".maps");

/* Connections whose first words user space listens to. They outlive the socket's close, which may be what sends them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct beginning);
} listened SEC(".maps");

/* Flows of other network namespaces by what their packets say as they leave there; direction FLOW_FORWARD. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, struct asked);
} guests SEC(".maps");

/* Cgroups whose processes, and all that come of these, are confined. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct confinement);
} confinements SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct asked_server);
} asked_servers SEC(".maps");

/* Hashes of programs by the versions of their files, where the kernel makes them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct file_key);
	__type(value, struct file_hash);
} hashes SEC(".maps");

static __always_inline struct config *settings(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&config, &zero);
}

/* The confinement that this cgroup is, itself: 0 or the same id. */
static __always_inline __u64 confined_in(__u64 cgroup)
{
	struct config *config = settings();

	return config && config->confines && bpf_map_lookup_elem(&confinements, &cgroup) ? cgroup : 0;
}

/* The confinement of the caller, also of one that procs[] does not have; 0: none. */
static __always_inline __u64 confinement_of_caller(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process *process = bpf_map_lookup_elem(&procs, &tgid);

	return process && process->confined ? process->confined : confined_in(bpf_get_current_cgroup_id());
}

static __always_inline void count(__u32 slot)
{
	__u64 *value = bpf_map_lookup_elem(&counts, &slot);
	if (value)
		*value += 1;
}

/* One wake-up for the first event after user space fell asleep; while it is awake it looks by itself. */
static __always_inline __u64 wake(struct config *config)
{
	if (!config || !config->asleep)
		return BPF_RB_NO_WAKEUP;
	config->asleep = 0;
	return BPF_RB_FORCE_WAKEUP;
}

#endif
