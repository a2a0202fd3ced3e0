/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where programs of `postern run` connect to Unix sockets, or send to one: each is told, and what --strict forbids is refused. A
 * path is text here, and may lead anywhere: user space looks where, and what is to be held is covered in the command's own mount
 * namespace. An abstract name is the socket itself. */
#ifndef POSTERN_UNIX_H
#define POSTERN_UNIX_H

#include "maps.h"

#define SECOND 1000000000ULL
#define UNIX_PATH_MAX 108 /* include/uapi/linux/un.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sockaddr_un {
	char sun_path[UNIX_PATH_MAX];
};

/* What a struct bpf_sock_addr of a program really is: the path is not in the other. */
struct bpf_sock_addr_kern {
	struct sockaddr *uaddr;
	__u32 uaddrlen;
};

#pragma clang attribute pop

/* Both of kernel/bpf/helpers.c, for every program: from 6.2 on. */
extern void *bpf_cast_to_kern_ctx(void *obj) __ksym;
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

struct unix_name {
	__u8 name[UNIX_ROOM];
};

/* Paths that strict confinements may not connect to, as they are written: an honest program gets its error at once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct unix_name);
	__type(value, __u32);
} refused_names SEC(".maps");

/* By the id of the confinement's cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct told);
} unix_told SEC(".maps");

/* Whether there is room in this second for one more event. */
static __always_inline bool may_tell(struct event_unix *event)
{
	__u64 now = event->event.time;
	struct told *told = bpf_map_lookup_elem(&unix_told, &event->confined);
	struct told first = { .since = now, .told = 1 };

	if (!told) {
		bpf_map_update_elem(&unix_told, &event->confined, &first, BPF_ANY);
		return true;
	}
	if (now - told->since > SECOND) {
		told->since = now;
		told->told = 0;
	}
	if (told->told >= UNIX_TOLD_AT_MOST) {
		__sync_fetch_and_add(&told->untold, 1);
		count(COUNT_UNIX_UNTOLD);
		return false;
	}
	told->told += 1;
	event->untold = told->untold;
	told->untold = 0;
	return true;
}

/* Puts the name into the event; 0: there is none. */
static __always_inline __u32 read_name(struct bpf_sock_addr *ctx, struct event_unix *event)
{
	struct bpf_sock_addr_kern *kern = bpf_cast_to_kern_ctx(ctx);
	struct sockaddr_un *address = bpf_rdonly_cast(kern->uaddr, bpf_core_type_id_kernel(struct sockaddr_un));
	__u32 offset = bpf_core_field_offset(struct sockaddr_un, sun_path);
	__u32 length = kern->uaddrlen - offset;
	long read;

	if (kern->uaddrlen <= offset || length > UNIX_PATH_MAX)
		return 0;
	if (!address->sun_path[0])
		return bpf_probe_read_kernel(event->name, length, address->sun_path) ? 0 : length;
	/* Only so much of the address is the caller's, and it need not end with a zero. */
	read = bpf_probe_read_kernel_str(event->name, length + 1, address->sun_path);
	return read > 1 ? read - 1 : 0;
}

static __always_inline int judge_unix(struct bpf_sock_addr *ctx)
{
	struct config *config = settings();
	struct event_unix event = {};
	struct confinement *found;
	__u32 length;

	if (!config || !config->confines)
		return 1;
	event.confined = confinement_of_caller();
	found = event.confined ? bpf_map_lookup_elem(&confinements, &event.confined) : 0;
	length = found ? read_name(ctx, &event) : 0;
	if (!length)
		return 1;
	if (found->strict && (!event.name[0] || bpf_map_lookup_elem(&refused_names, event.name)))
		event.refused = 1;
	event.event.type = EVENT_UNIX;
	event.event.bytes = sizeof(event);
	event.event.time = bpf_ktime_get_boot_ns();
	event.tgid = bpf_get_current_pid_tgid() >> 32;
	event.length = length;
	if (may_tell(&event) && bpf_ringbuf_output(&events, &event, sizeof(event), wake(config)))
		count(COUNT_RING_FULL);
	return !event.refused;
}

/* Not sections that libbpf knows, as it does only from 1.3 on: user space says what these are. */
SEC("unix/connect")
int connect_unix(struct bpf_sock_addr *ctx)
{
	return judge_unix(ctx);
}

SEC("unix/sendmsg")
int sendmsg_unix(struct bpf_sock_addr *ctx)
{
	return judge_unix(ctx);
}

#endif
