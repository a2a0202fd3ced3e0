/* Connects again and again: `dial ADDRESS PORT COUNT PAUSE` prints for each connect its beginning and end in nanoseconds of
 * CLOCK_MONOTONIC and its errno. COUNT 0: until its input ends. PAUSE in microseconds. `serve PORT` accepts and closes. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void serve(int port)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&own, sizeof(own)) || listen(fd, 4096))
		exit(1);
	puts("ready");
	fflush(stdout);
	for (;;)
		close(accept(fd, 0, 0));
}

int main(int count, char **words)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };
	struct linger hard = { 1, 0 };
	struct pollfd input = { .fd = 0, .events = POLLIN };
	long total, pause;

	if (count == 3 && !strcmp(words[1], "serve"))
		serve(atoi(words[2]));
	if (count != 5)
		return 2;
	peer.sin_addr.s_addr = inet_addr(words[1]);
	peer.sin_port = htons(atoi(words[2]));
	total = atol(words[3]);
	pause = atol(words[4]);
	for (long made = 0; total ? made < total : !poll(&input, 1, 0); made++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0), error;
		long long begun = now();

		error = connect(fd, (void *)&peer, sizeof(peer)) ? errno : 0;
		printf("%lld %lld %d\n", begun, now(), error);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(fd);
		if (pause)
			usleep(pause);
	}
	return 0;
}
