/* Does what it is told, one line each, and says how that went: 0, or the errno. For the tests of the security module hooks. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int made(int family, int type)
{
	int fd = socket(family, type, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* What a program may ask of prctl beside: the answer to each, so that two runs can be compared. */
static void others(void)
{
	static const struct { int option; unsigned long a, b, c, d; } calls[] = {
		{ PR_GET_DUMPABLE }, { PR_SET_DUMPABLE, 1 }, { PR_SET_DUMPABLE, 99 }, { PR_GET_KEEPCAPS },
		{ PR_SET_PDEATHSIG, SIGTERM }, { PR_SET_PDEATHSIG, 0 }, { PR_SET_NAME, (unsigned long)"renamed" },
		{ PR_GET_TIMERSLACK }, { PR_SET_NO_NEW_PRIVS, 1, 1 }, { PR_GET_NO_NEW_PRIVS }, { PR_CAPBSET_READ, 0 },
		{ PR_GET_SECCOMP }, { PR_SET_CHILD_SUBREAPER, 1 }, { PR_SET_CHILD_SUBREAPER, 0 }, { PR_GET_THP_DISABLE },
		{ PR_SET_MM, 0 }, { PR_SET_MM, PR_SET_MM_BRK, 1 }, { PR_SET_PTRACER, 0 }, { 99999 }, { -1 },
	};
	char name[17] = "";

	for (unsigned at = 0; at < sizeof(calls) / sizeof(*calls); at++) {
		int result = prctl(calls[at].option, calls[at].a, calls[at].b, calls[at].c, calls[at].d);
		printf("%d,", result < 0 ? -errno : result);
	}
	prctl(PR_GET_NAME, name);
	printf("%s\n", name);
}

/* The arguments begin one byte later from now on. */
static int shift_arguments(void)
{
	FILE *in = fopen("/proc/self/stat", "r");
	char stat[4096], *at;
	unsigned long start = 0;
	int count = 3;

	stat[fread(stat, 1, sizeof(stat) - 1, in)] = 0;
	fclose(in);
	for (at = strtok(strrchr(stat, ')') + 4, " "); at; at = strtok(NULL, " "))
		if (++count == 48)
			start = strtoul(at, NULL, 10);
	return prctl(PR_SET_MM, PR_SET_MM_ARG_START, start + 1, 0, 0) ? errno : 0;
}

int main(void)
{
	char line[64];

	printf("ready %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "others"))
			others();
		else if (!strcmp(line, "packet"))
			printf("%d\n", made(AF_PACKET, SOCK_RAW));
		else if (!strcmp(line, "old"))
			printf("%d\n", made(AF_INET, 10 /* SOCK_PACKET */));
		else if (!strcmp(line, "xdp"))
			printf("%d\n", made(44 /* AF_XDP */, SOCK_RAW));
		else if (!strcmp(line, "inet"))
			printf("%d\n", made(AF_INET, SOCK_STREAM));
		else if (!strcmp(line, "elsewhere"))
			printf("%d\n", unshare(CLONE_NEWNET) ? errno : 0);
		else if (!strcmp(line, "args"))
			printf("%d\n", shift_arguments());
		else if (!strcmp(line, "execute"))
			printf("%d\n", system("true"));
		fflush(stdout);
	}
	return 0;
}
