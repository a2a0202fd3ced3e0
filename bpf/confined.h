/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What programs of `postern run` ask name servers goes to the one on loopback that answers for their confinement, whatever server
 * they ask: the address is exchanged in the call, and back in the answer, since many a resolver looks at who answers. */
#ifndef POSTERN_CONFINED_H
#define POSTERN_CONFINED_H

#include "guests.h"

#define LOOPBACK4 0x7f000001

static __always_inline bool is_v4_mapped(const __u32 *words)
{
	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

/* The port of the name server that answers for the caller, in host order; 0: its questions go where they are sent. */
static __always_inline __u32 names_port(const struct config *config)
{
	__u64 id;
	struct confinement *found;

	if (!config || !config->confines)
		return 0;
	id = confinement_of_caller();
	found = id ? bpf_map_lookup_elem(&confinements, &id) : 0;
	return found ? found->names_port : 0;
}

static __always_inline bool is_question(const struct bpf_sock_addr *ctx)
{
	return (ctx->protocol == IPPROTO_UDP || ctx->protocol == IPPROTO_TCP) && ctx->user_port == bpf_htons(DNS_PORT);
}

/* In connect and sendmsg, before anything of the address is judged. */
static __always_inline void ask_elsewhere(struct bpf_sock_addr *ctx, bool six)
{
	struct config *config = settings();
	struct asked_server *server;
	__u32 port, words[4] = {};

	if (!is_question(ctx))
		return;
	port = names_port(config);
	if (!port || is_guest(bpf_get_netns_cookie(ctx), config))
		return;
	if (six) {
		words[0] = ctx->user_ip6[0];
		words[1] = ctx->user_ip6[1];
		words[2] = ctx->user_ip6[2];
		words[3] = ctx->user_ip6[3];
	} else {
		words[0] = ctx->user_ip4;
	}
	server = ctx->protocol == IPPROTO_UDP && ctx->sk ?
			 bpf_sk_storage_get(&asked_servers, ctx->sk, 0, BPF_SK_STORAGE_GET_F_CREATE) :
			 0;
	if (server) {
		__builtin_memcpy(server->address, words, sizeof(words));
		server->port = ctx->user_port;
	}
	if (!six) {
		ctx->user_ip4 = bpf_htonl(LOOPBACK4);
	} else if (is_v4_mapped(words)) {
		ctx->user_ip6[3] = bpf_htonl(LOOPBACK4);
	} else {
		ctx->user_ip6[0] = 0;
		ctx->user_ip6[1] = 0;
		ctx->user_ip6[2] = 0;
		ctx->user_ip6[3] = bpf_htonl(1);
	}
	ctx->user_port = bpf_htons((__u16)port);
}

/* In recvmsg: an answer comes from whom was asked. */
static __always_inline void answered_by(struct bpf_sock_addr *ctx, bool six)
{
	struct config *config = settings();
	struct asked_server *server;
	__u32 words[4];

	if (!config || !config->confines || !ctx->sk)
		return;
	server = bpf_sk_storage_get(&asked_servers, ctx->sk, 0, 0);
	if (!server || ctx->user_port != bpf_htons((__u16)names_port(config)))
		return;
	__builtin_memcpy(words, server->address, sizeof(words));
	if (!six) {
		if (ctx->user_ip4 != bpf_htonl(LOOPBACK4))
			return;
		ctx->user_ip4 = words[0];
	} else {
		if (ctx->user_ip6[3] != bpf_htonl(is_v4_mapped(words) ? LOOPBACK4 : 1))
			return;
		ctx->user_ip6[0] = words[0];
		ctx->user_ip6[1] = words[1];
		ctx->user_ip6[2] = words[2];
		ctx->user_ip6[3] = words[3];
	}
	ctx->user_port = server->port;
}

/* Nothing is known of a call in another network namespace. It passes, but for who is confined: nobody would hold what it sends. */
static __always_inline void confine_guest(struct answer *answer, const struct owner *owner, const struct config *config)
{
	if (owner->process.confined && config->enforce)
		answer->verdict = VERDICT_REJECT;
	else
		count(COUNT_ELSEWHERE);
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	answered_by(ctx, false);
	return 1;
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	answered_by(ctx, true);
	return 1;
}

#endif
