/* The least that a consumer of a packet queue can do: reads in batches, accepts each packet, sends the verdicts of a batch with
 * one call. What Postern's first packets are measured against.   consumer QUEUE */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64

struct request {
	struct nlmsghdr header;
	struct nfgenmsg generic;
	char attributes[128];
};

static int sock;
static unsigned short queue;

static void *begin(struct request *request, int type)
{
	memset(request, 0, sizeof *request);
	request->header.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type;
	request->header.nlmsg_flags = NLM_F_REQUEST;
	request->generic.version = NFNETLINK_V0;
	request->generic.res_id = htons(queue);
	return request->attributes;
}

static void *attribute(void *at, int type, const void *value, int length)
{
	struct nlattr *attribute = at;

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	memcpy((char *)at + NLA_HDRLEN, value, length);
	return (char *)at + NLA_ALIGN(attribute->nla_len);
}

static void finish(struct request *request, void *end)
{
	request->header.nlmsg_len = (char *)end - (char *)request;
	if (send(sock, request, request->header.nlmsg_len, 0) < 0)
		perror("send");
}

static void configure(void)
{
	struct request request;
	struct nfqnl_msg_config_cmd bind = { .command = NFQNL_CFG_CMD_BIND };
	struct nfqnl_msg_config_params params = { .copy_range = htonl(256), .copy_mode = NFQNL_COPY_PACKET };
	unsigned length = htonl(16384), flags = htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID);
	void *at = begin(&request, NFQNL_MSG_CONFIG);

	finish(&request, attribute(at, NFQA_CFG_CMD, &bind, sizeof bind));
	at = begin(&request, NFQNL_MSG_CONFIG);
	at = attribute(at, NFQA_CFG_PARAMS, &params, sizeof params);
	at = attribute(at, NFQA_CFG_QUEUE_MAXLEN, &length, 4);
	at = attribute(at, NFQA_CFG_FLAGS, &flags, 4);
	finish(&request, attribute(at, NFQA_CFG_MASK, &flags, 4));
}

/* The packet's id in network order; 0: no packet. */
static unsigned packet_id(const struct nlmsghdr *header)
{
	const char *at = (const char *)header + NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	const char *end = (const char *)header + header->nlmsg_len;

	if ((header->nlmsg_type & 0xff) != NFQNL_MSG_PACKET)
		return 0;
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attribute = (const void *)at;

		if ((attribute->nla_type & NLA_TYPE_MASK) == NFQA_PACKET_HDR)
			return ((const struct nfqnl_msg_packet_hdr *)(at + NLA_HDRLEN))->packet_id;
		at += NLA_ALIGN(attribute->nla_len);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static char bytes[BATCH][2048], out[BATCH * 64];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int size = 1 << 24;

	if (argc != 2)
		return 2;
	queue = atoi(argv[1]);
	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	if (sock < 0 || connect(sock, (void *)&kernel, sizeof kernel))
		return 1;
	configure();
	puts("ready");
	fflush(stdout);
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ bytes[i], sizeof bytes[i] };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &parts[i], .msg_iovlen = 1 } };
	}
	for (;;) {
		int got = recvmmsg(sock, messages, BATCH, MSG_WAITFORONE, 0);
		char *end = out;

		for (int i = 0; i < got; i++) {
			unsigned id = packet_id((void *)bytes[i]);
			struct request request;
			struct nfqnl_msg_verdict_hdr verdict = { htonl(NF_ACCEPT), id };
			void *at;

			if (!id)
				continue;
			at = attribute(begin(&request, NFQNL_MSG_VERDICT), NFQA_VERDICT_HDR, &verdict, sizeof verdict);
			request.header.nlmsg_len = (char *)at - (char *)&request;
			memcpy(end, &request, request.header.nlmsg_len);
			end += NLMSG_ALIGN(request.header.nlmsg_len);
		}
		if (end > out && send(sock, out, end - out, 0) < 0)
			perror("send");
	}
}
