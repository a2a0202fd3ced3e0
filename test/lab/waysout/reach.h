/* One try to reach a server: send the token there and wait for an answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* What came of it: a line `SENT GOT ERRNO`, as ways.py reads it. */
struct outcome {
	int sent, got, error;
};

static inline void tell(struct outcome outcome)
{
	dprintf(1, "%d %d %d\n", outcome.sent, outcome.got, outcome.error);
}

static inline socklen_t place(struct sockaddr_storage *to, const char *address, const char *port)
{
	struct sockaddr_in *four = (void *)to;
	struct sockaddr_in6 *six = (void *)to;

	memset(to, 0, sizeof(*to));
	if (strchr(address, ':')) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(atoi(port));
		inet_pton(AF_INET6, address, &six->sin6_addr);
		return sizeof(*six);
	}
	four->sin_family = AF_INET;
	four->sin_port = htons(atoi(port));
	inet_pton(AF_INET, address, &four->sin_addr);
	return sizeof(*four);
}

/* What is dropped in silence is given up after this. */
static inline void hurry(int fd)
{
	struct timeval patience = { .tv_sec = 1, .tv_usec = 500000 };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static inline struct outcome reach(int type, const char *address, const char *port, const char *token)
{
	struct outcome outcome = { 0, 0, 0 };
	struct sockaddr_storage to;
	socklen_t size = place(&to, address, port);
	char answer[256];
	int fd = socket(to.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		outcome.error = errno;
		return outcome;
	}
	hurry(fd);
	if (connect(fd, (void *)&to, size) || send(fd, token, strlen(token), MSG_NOSIGNAL) < 0) {
		outcome.error = errno;
	} else {
		outcome.sent = 1;
		if (recv(fd, answer, sizeof(answer), 0) > 0)
			outcome.got = 1;
		else
			outcome.error = errno;
	}
	close(fd);
	return outcome;
}
