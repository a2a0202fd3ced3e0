/* Makes another process go out, by ptrace: `seize PID ADDRESS PORT TOKEN`. The process must wait in a system call, as sleep does;
 * its registers and its memory are as before afterwards. */
#include "reach.h"

#ifndef __x86_64__
int main(void)
{
	puts("skip this is written for x86-64 alone");
	return 0;
}
#else
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

static pid_t victim;
static struct user_regs_struct before;

static void store(unsigned long to, const void *from, size_t size)
{
	struct iovec here = { (void *)from, size }, there = { (void *)to, size };

	process_vm_writev(victim, &here, 1, &there, 1, 0);
}

/* One system call in its name: what the kernel says. */
static long call(long number, long a, long b, long c, long d, long e, long f)
{
	struct user_regs_struct now = before;

	now.orig_rax = -1; /* or else the kernel would begin anew the call in which it waits */
	now.rip = before.rip - 2;
	now.rax = number;
	now.rdi = a;
	now.rsi = b;
	now.rdx = c;
	now.r10 = d;
	now.r8 = e;
	now.r9 = f;
	ptrace(PTRACE_SETREGS, victim, 0, &now);
	ptrace(PTRACE_SINGLESTEP, victim, 0, 0);
	waitpid(victim, 0, 0);
	ptrace(PTRACE_GETREGS, victim, 0, &now);
	return now.rax;
}

int main(int count, char **words)
{
	struct timeval patience = { .tv_sec = 1, .tv_usec = 500000 };
	struct outcome outcome = { 0, 0, 0 };
	struct sockaddr_storage to;
	unsigned long room;
	socklen_t size;
	long fd, result;
	char old[1024];

	if (count != 5)
		return 2;
	victim = atoi(words[1]);
	if (ptrace(PTRACE_ATTACH, victim, 0, 0)) {
		outcome.error = errno;
		tell(outcome);
		return 0;
	}
	waitpid(victim, 0, 0);
	ptrace(PTRACE_GETREGS, victim, 0, &before);
	room = before.rsp - 4096;
	struct iovec here = { old, sizeof(old) }, there = { (void *)room, sizeof(old) };
	process_vm_readv(victim, &here, 1, &there, 1, 0);
	size = place(&to, words[2], words[3]);
	store(room, &to, size);
	store(room + 256, words[4], strlen(words[4]));
	store(room + 512, &patience, sizeof(patience));
	fd = call(SYS_socket, to.ss_family, SOCK_STREAM, 0, 0, 0, 0);
	call(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, room + 512, sizeof(patience), 0);
	call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, room + 512, sizeof(patience), 0);
	result = call(SYS_connect, fd, room, size, 0, 0, 0);
	if (result >= 0)
		result = call(SYS_sendto, fd, room + 256, strlen(words[4]), MSG_NOSIGNAL, 0, 0);
	if (result >= 0) {
		outcome.sent = 1;
		result = call(SYS_recvfrom, fd, room + 640, 128, 0, 0, 0);
		outcome.got = result > 0;
	}
	if (result < 0)
		outcome.error = -result;
	if (fd >= 0)
		call(SYS_close, fd, 0, 0, 0, 0, 0);
	store(room, old, sizeof(old));
	ptrace(PTRACE_SETREGS, victim, 0, &before);
	ptrace(PTRACE_DETACH, victim, 0, 0);
	tell(outcome);
	return 0;
}
#endif
