/* One program that speaks in many ways: `voice KIND ADDRESS PORT`. Prints the errno of the call that opens the flow, 0 where it
 * was made; `listen` prints its port first and waits for the end of its input. For the table of what passes which hook. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define UDPLITE 136
#define SCTP 132

static struct sockaddr_in peer;
static struct sockaddr_in6 mapped;

/* Of each run its own: what a run before was told must not hold for this one. */
static unsigned short own_port(void)
{
	return htons(20000 + getpid() % 20000);
}

static int result(long value)
{
	return value < 0 ? errno : 0;
}

/* Waits for the end of a connect that the kernel holds. */
static int tcp(int protocol, int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM, protocol);

	if (fd < 0)
		return errno;
	if (flags)
		return result(sendto(fd, "x", 1, flags, (void *)&peer, sizeof(peer)));
	return result(connect(fd, (void *)&peer, sizeof(peer)));
}

static int datagram(int type, int protocol, int flags)
{
	int fd = socket(AF_INET, type, protocol);

	if (fd < 0)
		return errno;
	if (flags && sendto(fd, "x", 1, flags, (void *)&peer, sizeof(peer)) < 0)
		return errno;
	return result(sendto(fd, "voice", 5, 0, (void *)&peer, sizeof(peer)));
}

static int connected(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (connect(fd, (void *)&peer, sizeof(peer)))
		return errno;
	return result(send(fd, "voice", 5, 0));
}

static int many(void)
{
	struct sockaddr_in other = peer;
	struct iovec part = { "voice", 5 };
	struct mmsghdr messages[2] = { { .msg_hdr = { &peer, sizeof(peer), &part, 1 } },
				       { .msg_hdr = { &other, sizeof(other), &part, 1 } } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	other.sin_port = htons(ntohs(peer.sin_port) + 1);
	return result(sendmmsg(fd, messages, 2, 0));
}

static int through_mapped(int type)
{
	int fd = socket(AF_INET6, type, 0);

	if (type == SOCK_STREAM)
		return result(connect(fd, (void *)&mapped, sizeof(mapped)));
	return result(sendto(fd, "voice", 5, 0, (void *)&mapped, sizeof(mapped)));
}

static unsigned short sum(const void *bytes, int length)
{
	const unsigned short *at = bytes;
	unsigned int total = 0;

	for (; length > 1; length -= 2)
		total += *at++;
	total = (total >> 16) + (total & 0xffff);
	return ~(total + (total >> 16));
}

/* An echo request from a ping socket or a raw one. */
static int echo(int type)
{
	struct icmphdr request = { .type = ICMP_ECHO, .un.echo = { own_port(), htons(1) } };
	int fd = socket(AF_INET, type, IPPROTO_ICMP);

	if (fd < 0)
		return errno;
	request.checksum = sum(&request, sizeof(request));
	peer.sin_port = 0;
	return result(sendto(fd, &request, sizeof(request), 0, (void *)&peer, sizeof(peer)));
}

struct packet {
	struct iphdr ip;
	unsigned short source, destination, length, checksum;
	char text[4];
} __attribute__((packed));

/* A datagram whose headers this program writes itself. */
static struct packet forged(const char *source)
{
	struct packet packet = { .ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP },
				 .source = own_port(), .destination = peer.sin_port, .length = htons(12), .text = "echo" };

	packet.ip.tot_len = htons(sizeof(packet));
	packet.ip.daddr = peer.sin_addr.s_addr;
	packet.ip.saddr = inet_addr(source);
	packet.ip.check = sum(&packet.ip, sizeof(packet.ip));
	return packet;
}

static int included(const char *source)
{
	struct packet packet = forged(source);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

	if (fd < 0)
		return errno;
	return result(sendto(fd, &packet, sizeof(packet), 0, (void *)&peer, sizeof(peer)));
}

static int raw_sctp(void)
{
	unsigned short chunk[8] = { own_port(), peer.sin_port, 0, 0, 0, 0, htons(0x0100), htons(4) };
	int fd = socket(AF_INET, SOCK_RAW, SCTP);

	if (fd < 0)
		return errno;
	return result(sendto(fd, chunk, sizeof(chunk), 0, (void *)&peer, sizeof(peer)));
}

static int link_layer(const char *source, const char *interface)
{
	struct packet packet = forged(source);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6,
				  .sll_addr = { 255, 255, 255, 255, 255, 255 }, .sll_ifindex = if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));

	if (fd < 0)
		return errno;
	return result(sendto(fd, &packet, sizeof(packet), 0, (void *)&to, sizeof(to)));
}

/* A connect by io_uring, by a worker thread or by the kernel's poller. */
static int ring(unsigned int setup, unsigned char how)
{
	struct io_uring_params parameters = { .flags = setup, .sq_thread_idle = 1000 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), ring = syscall(SYS_io_uring_setup, 4, &parameters);
	char *queue, *done;
	struct io_uring_sqe *entry;
	unsigned int *tail, mask, *head;

	if (ring < 0)
		return errno;
	queue = mmap(0, parameters.sq_off.array + 16, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	done = mmap(0, parameters.cq_off.cqes + 8 * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		    IORING_OFF_CQ_RING);
	entry = mmap(0, 4 * sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	*entry = (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd, .flags = how, .addr = (unsigned long)&peer,
					.off = sizeof(peer) };
	((unsigned int *)(queue + parameters.sq_off.array))[0] = 0;
	tail = (unsigned int *)(queue + parameters.sq_off.tail);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS | (setup ? IORING_ENTER_SQ_WAKEUP : 0), 0, 0) < 0)
		return errno;
	head = (unsigned int *)(done + parameters.cq_off.head);
	mask = *(unsigned int *)(done + parameters.cq_off.ring_mask);
	return -((struct io_uring_cqe *)(done + parameters.cq_off.cqes))[*head & mask].res;
}

/* A socket made here, sent over a Unix socket, and used by the other end. */
static int passed(void)
{
	int pair[2], fd = socket(AF_INET, SOCK_DGRAM, 0), status;
	char room[CMSG_SPACE(sizeof(int))] = {}, byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	*(int *)CMSG_DATA(header) = fd;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return errno;
	if (fork()) {
		sendmsg(pair[0], &message, 0);
		wait(&status);
		exit(0); /* the other has said it */
	}
	close(fd);
	if (recvmsg(pair[1], &message, 0) < 0)
		return errno;
	fd = *(int *)CMSG_DATA(CMSG_FIRSTHDR(&message));
	return result(sendto(fd, "voice", 5, 0, (void *)&peer, sizeof(peer)));
}

/* In a network namespace of its own, to itself: 0 when it arrives. */
static int elsewhere(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = peer.sin_port };
	struct pollfd arrives = { .events = POLLIN };
	int to, from;

	if (unshare(CLONE_NEWNET))
		return errno;
	to = socket(AF_INET, SOCK_DGRAM, 0);
	from = arrives.fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(to, SIOCSIFFLAGS, &up) || bind(from, (void *)&own, sizeof(own)))
		return errno;
	if (sendto(to, "voice", 5, 0, (void *)&own, sizeof(own)) < 0)
		return errno;
	return poll(&arrives, 1, 2000) == 1 ? 0 : ETIMEDOUT;
}

/* A TCP listener, bound or not. */
static int waits(int type, int bound)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = bound ? peer.sin_port : 0 };
	socklen_t length = sizeof(own);
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0), one = 1;
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bound && bind(fd, (void *)&own, sizeof(own)))
		return errno;
	if (type == SOCK_STREAM && listen(fd, 16))
		return errno;
	getsockname(fd, (void *)&own, &length);
	printf("port %d\n", ntohs(own.sin_port));
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	if (type == SOCK_STREAM)
		return result(accept(fd, 0, 0));
	return result(recv(fd, &byte, 1, 0));
}

int main(int count, char **words)
{
	const char *kind = words[1];
	int got = -1;

	if (count < 4)
		return 2;
	peer = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(words[3])), .sin_addr.s_addr = inet_addr(words[2]) };
	mapped = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = peer.sin_port };
	mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&mapped.sin6_addr.s6_addr[12], &peer.sin_addr, 4);
#define KIND(name, call) else if (!strcmp(kind, name)) got = call
	if (0)
		;
	KIND("tcp", tcp(0, 0));
	KIND("tfo", tcp(0, MSG_FASTOPEN));
	KIND("mptcp", tcp(IPPROTO_MPTCP, 0));
	KIND("uring-async", ring(0, IOSQE_ASYNC));
	KIND("uring-sqpoll", ring(IORING_SETUP_SQPOLL, 0));
	KIND("udp", datagram(SOCK_DGRAM, 0, 0));
	KIND("udp-connected", connected());
	KIND("sendmmsg", many());
	KIND("msg-more", datagram(SOCK_DGRAM, 0, MSG_MORE));
	KIND("udplite", datagram(SOCK_DGRAM, UDPLITE, 0));
	KIND("mapped-tcp", through_mapped(SOCK_STREAM));
	KIND("mapped-udp", through_mapped(SOCK_DGRAM));
	KIND("ping", echo(SOCK_DGRAM));
	KIND("raw-icmp", echo(SOCK_RAW));
	KIND("hdrincl", included(words[4]));
	KIND("sctp", raw_sctp());
	KIND("packet", link_layer(words[4], words[5]));
	KIND("scm-rights", passed());
	KIND("netns", elsewhere());
	KIND("listen", waits(SOCK_STREAM, 0));
	KIND("bind-listen", waits(SOCK_STREAM, 1));
	KIND("bind-udp", waits(SOCK_DGRAM, 1));
	printf("%d %d\n", got, getpid());
	return 0;
}
