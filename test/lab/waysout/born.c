/* Processes that come to be in unusual ways, each of which tries to get out: `born HOW ADDRESS PORT TOKEN [MORE]`.
 *   bomb N        N processes, each the parent of two more, all at once
 *   vfork         a child that shares the memory, before it becomes anything else
 *   thread        a thread that is not the first one
 *   parent        a child that is its parent's sibling: CLONE_PARENT
 *   cgroup DIR    a child that is born in this cgroup: CLONE_INTO_CGROUP
 *   spawn DIAL    posix_spawn of the program */
#include "reach.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int clone(int (*run)(void *), void *stack, int flags, void *arg, ...);

static const char *address, *port, *token;

static int out(void *unused)
{
	tell(reach(SOCK_STREAM, address, port, token));
	return 0;
}

static void *thread(void *unused)
{
	out(0);
	return 0;
}

/* Process n begins 2n and 2n + 1. */
static void bomb(int n, int all)
{
	for (int child = 2 * n; child <= 2 * n + 1 && child <= all; child++) {
		pid_t pid = fork();

		if (pid == 0) {
			bomb(child, all);
			_exit(0);
		}
		if (pid < 0)
			tell((struct outcome){ 0, 0, errno });
	}
	out(0);
	while (wait(0) > 0)
		;
}

/* A child by clone3, and its end: it may be no child of ours. */
static void born(struct clone_args *args)
{
	int ends[2];
	char byte;
	long pid;

	if (pipe(ends))
		exit(1);
	pid = syscall(SYS_clone3, args, sizeof(*args));
	if (pid == 0) {
		out(0);
		_exit(0);
	}
	if (pid < 0)
		tell((struct outcome){ 0, 0, errno });
	close(ends[1]);
	while (read(ends[0], &byte, 1) > 0)
		;
	while (wait(0) > 0)
		;
}

int main(int count, char **words)
{
	const char *more = count > 5 ? words[5] : "";

	if (count < 5)
		return 2;
	address = words[2];
	port = words[3];
	token = words[4];
	if (!strcmp(words[1], "bomb")) {
		bomb(1, atoi(more));
	} else if (!strcmp(words[1], "vfork")) {
		static char stack[65536] __attribute__((aligned(16)));

		if (clone(out, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, 0) < 0)
			tell((struct outcome){ 0, 0, errno });
		wait(0);
	} else if (!strcmp(words[1], "thread")) {
		pthread_t id;

		pthread_create(&id, 0, thread, 0);
		pthread_join(id, 0);
	} else if (!strcmp(words[1], "parent")) {
		born(&(struct clone_args){ .flags = CLONE_PARENT });
	} else if (!strcmp(words[1], "cgroup")) {
		int folder = open(more, O_RDONLY | O_DIRECTORY);

		born(&(struct clone_args){ .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = folder });
	} else if (!strcmp(words[1], "spawn")) {
		char *args[] = { (char *)more, "tcp", (char *)address, (char *)port, (char *)token, 0 };
		pid_t pid;
		int failed = posix_spawn(&pid, more, 0, 0, args, 0);

		if (failed)
			tell((struct outcome){ 0, 0, failed });
		else
			waitpid(pid, 0, 0);
	} else {
		return 2;
	}
	return 0;
}
