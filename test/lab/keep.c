/* A program that keeps a flow and tells, with each line that it is given, whether it still works: `keep tcp|udp ADDRESS PORT`.
 * It may hand the flow on: `exec PATH` becomes another program, `fork` ends and leaves it to a child. `keep accept PORT` echoes
 * what each connection to it says, one after the other; `exec PATH` or `fork` behind it leave the listener likewise. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(const char *text, int number)
{
	printf("%s %d\n", text, number);
	fflush(stdout);
}

static void try(int fd)
{
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	char byte;

	if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
		say("cut", errno);
	else if (poll(&answer, 1, 4000) != 1)
		say("silent", 0);
	else if (recv(fd, &byte, 1, MSG_DONTWAIT) != 1)
		say("cut", errno);
	else
		say("works", 0);
}

static void keep(int fd)
{
	char line[256], number[16];
	pid_t keeper;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "exec ", 5)) {
			snprintf(number, sizeof(number), "%d", fd);
			execl(line + 5, line + 5, "held", number, (char *)0);
			say("exec", errno);
		} else if (!strcmp(line, "fork")) {
			keeper = getpid();
			if (fork())
				exit(0);
			while (getppid() == keeper)
				poll(0, 0, 5);
			say("forked", getpid());
		} else {
			try(fd);
		}
	}
}

static int dial(int type, const char *address, const char *port)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = inet_addr(address) };
	int fd = socket(AF_INET, type, 0);

	if (connect(fd, (void *)&peer, sizeof(peer))) {
		say("failed", errno);
		exit(1);
	}
	return fd;
}

static void echo(int fd)
{
	char bytes[64];
	int got;

	say("ready", getpid());
	for (;;) {
		int one = accept(fd, 0, 0);

		while ((got = recv(one, bytes, sizeof(bytes), 0)) > 0)
			send(one, bytes, got, MSG_NOSIGNAL);
		close(one);
	}
}

static void serve(const char *port, const char *how, const char *heir)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	pid_t maker = getpid();
	char number[16];

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&own, sizeof(own)) || listen(fd, 16))
		exit(1);
	snprintf(number, sizeof(number), "%d", fd);
	if (!strcmp(how, "exec"))
		execl(heir, heir, "accepting", number, (char *)0);
	if (!strcmp(how, "fork")) {
		if (fork())
			exit(0);
		while (getppid() == maker)
			poll(0, 0, 5);
	}
	echo(fd);
}

/* Ends with a connection open, on which what it sent has not arrived yet. */
static void spill(int fd, int bytes)
{
	int room = bytes * 2;
	char *all = calloc(1, bytes);

	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	say("sent", send(fd, all, bytes, 0));
	_exit(0);
}

int main(int count, char **words)
{
	int fd;

	if (count >= 3 && !strcmp(words[1], "accept"))
		serve(words[2], count > 3 ? words[3] : "", count > 4 ? words[4] : "");
	if (count == 3 && !strcmp(words[1], "accepting"))
		echo(atoi(words[2]));
	if (count == 3 && !strcmp(words[1], "held")) {
		say("ready", getpid());
		keep(atoi(words[2]));
		return 0;
	}
	fd = dial(!strcmp(words[1], "udp") ? SOCK_DGRAM : SOCK_STREAM, words[2], words[3]);
	if (count > 4)
		spill(fd, atoi(words[4]));
	say("ready", getpid());
	keep(fd);
	return 0;
}
