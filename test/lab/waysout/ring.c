/* Out by io_uring, with no call of the socket's own: `ring connect|sqpoll|sendmsg ADDRESS PORT TOKEN`. Where the kernel has no
 * rings, or lets nobody have one, it says `skip` and why. */
#include "reach.h"
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static int ring, polled;
static struct io_uring_params params;
static char *submissions, *completions;
static struct io_uring_sqe *entries;

static unsigned *at(char *base, unsigned offset)
{
	return (unsigned *)(base + offset);
}

static void *mapped(size_t size, off_t what)
{
	return mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);
}

/* One operation to its end: its result, or minus an errno. */
static int perform(struct io_uring_sqe operation)
{
	unsigned *tail = at(submissions, params.sq_off.tail), *head = at(completions, params.cq_off.head);
	unsigned slot = *tail & *at(submissions, params.sq_off.ring_mask);
	struct io_uring_cqe *done = (void *)(completions + params.cq_off.cqes);
	int result;

	entries[slot] = operation;
	at(submissions, params.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, polled ? 0 : 1, 1, IORING_ENTER_GETEVENTS | (polled ? IORING_ENTER_SQ_WAKEUP : 0), 0, 0) < 0)
		return -errno;
	while (*head == __atomic_load_n(at(completions, params.cq_off.tail), __ATOMIC_ACQUIRE))
		usleep(1000);
	result = done[*head & *at(completions, params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

int main(int count, char **words)
{
	struct outcome outcome = { 0, 0, 0 };
	struct sockaddr_storage to;
	socklen_t size;
	char answer[256];
	int fd, result;

	if (count != 5)
		return 2;
	polled = !strcmp(words[1], "sqpoll");
	params.flags = polled ? IORING_SETUP_SQPOLL : 0;
	ring = syscall(SYS_io_uring_setup, 8, &params);
	if (ring < 0) {
		printf("skip the kernel gives no io_uring: %s\n", strerror(errno));
		return 0;
	}
	submissions = mapped(params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	completions = mapped(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	entries = mapped(params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	size = place(&to, words[2], words[3]);
	if (!strcmp(words[1], "sendmsg")) {
		struct iovec bytes = { words[4], strlen(words[4]) };
		struct msghdr message = { .msg_name = &to, .msg_namelen = size, .msg_iov = &bytes, .msg_iovlen = 1 };

		fd = socket(to.ss_family, SOCK_DGRAM, 0);
		result = perform((struct io_uring_sqe){ .opcode = IORING_OP_SENDMSG, .fd = fd, .addr = (unsigned long)&message, .len = 1 });
	} else {
		fd = socket(to.ss_family, SOCK_STREAM, 0);
		hurry(fd);
		result = perform((struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (unsigned long)&to, .off = size });
		if (result >= 0)
			result = perform((struct io_uring_sqe){ .opcode = IORING_OP_SEND, .fd = fd, .addr = (unsigned long)words[4], .len = strlen(words[4]) });
	}
	hurry(fd);
	if (result < 0)
		outcome.error = -result;
	else if (outcome.sent = 1, recv(fd, answer, sizeof(answer), 0) > 0)
		outcome.got = 1;
	else
		outcome.error = errno;
	tell(outcome);
	return 0;
}
