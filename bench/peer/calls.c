/* Times calls, one after another, and prints p50 and p99 in nanoseconds and how many failed.
 *   calls serve PORT             accepts TCP and closes, or swallows what comes where it is let to; swallows UDP
 *   calls connect ADDRESS PORT N times connect(), each on a new socket that is reset afterwards
 *   calls sendto ADDRESS PORT N  times sendto() on one UDP socket
 *   calls send ADDRESS PORT N    times send() of one byte on one TCP connection
 *   calls stream ADDRESS PORT N  sends N MiB on one TCP connection: nanoseconds a MiB
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB (1 << 20)

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

static void *swallow(void *arg)
{
	static __thread char bytes[65536];
	struct timeval never = { 0 };
	int s = (int)(long)arg;

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof never);
	while (recv(s, bytes, sizeof bytes, 0) > 0)
		;
	close(s);
	return 0;
}

static int serve(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1, s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	pthread_t thread;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(s, (void *)&at, sizeof at) || listen(s, 4096) || bind(u, (void *)&at, sizeof at))
		return 1;
	pthread_create(&thread, 0, swallow, (void *)(long)u);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int c = accept(s, 0, 0);
		struct timeval soon = { .tv_usec = 100000 };
		char first;

		if (c < 0)
			continue;
		/* Whoever only connects resets the connection at once; whoever sends does so at once too. */
		setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
		if (recv(c, &first, 1, MSG_PEEK) > 0 && !pthread_create(&thread, 0, swallow, (void *)(long)c))
			pthread_detach(thread);
		else
			close(c);
	}
}

static int dial(struct sockaddr_in *to, char first)
{
	int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	/* The first byte comes with the handshake's last packet or right after it: the server knows what we are. */
	setsockopt(s, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
	if (connect(s, (void *)to, sizeof *to) || send(s, &first, 1, 0) != 1)
		return -1;
	return s;
}

int main(int argc, char **argv)
{
	struct linger reset = { 1, 0 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	static char bytes[MIB];
	int n, failed = 0, s = -1, kind;
	long *took;

	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(atoi(argv[2]));
	if (argc != 5)
		return 2;
	kind = !strcmp(argv[1], "connect") ? 'c' : !strcmp(argv[1], "sendto") ? 'u' : !strcmp(argv[1], "send") ? 's' : 'm';
	n = atoi(argv[4]);
	took = calloc(n, sizeof *took);
	to.sin_port = htons(atoi(argv[3]));
	inet_pton(AF_INET, argv[2], &to.sin_addr);
	if (kind == 'u')
		s = socket(AF_INET, SOCK_DGRAM, 0);
	if (kind == 's' || kind == 'm')
		for (int tries = 0; tries < 20; tries++) {
			s = dial(&to, 'x');
			usleep(20000);
			if (s >= 0 && send(s, "x", 1, MSG_NOSIGNAL) == 1 && (usleep(20000), send(s, "x", 1, MSG_NOSIGNAL) == 1))
				break;
			close(s);
			s = -1;
		}
	if (kind != 'c' && s < 0)
		return 1;
	for (int i = -n / 10; i < n; i++) {
		int result = 0;
		long begun;

		if (kind == 'c')
			s = socket(AF_INET, SOCK_STREAM, 0);
		begun = now();
		if (kind == 'c')
			result = connect(s, (void *)&to, sizeof to);
		else if (kind == 'u')
			result = sendto(s, "x", 1, 0, (void *)&to, sizeof to) != 1;
		else if (kind == 's')
			result = send(s, "x", 1, MSG_NOSIGNAL) != 1;
		else
			for (int sent = 0; sent < MIB && !result;) {
				ssize_t part = send(s, bytes + sent, MIB - sent, MSG_NOSIGNAL);

				result = part <= 0;
				sent += part;
			}
		if (i >= 0)
			took[i] = now() - begun;
		failed += result != 0;
		if (kind == 'c') {
			setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
			close(s);
		}
	}
	qsort(took, n, sizeof *took, by_value);
	printf("%ld %ld %d\n", took[n / 2], took[n * 99 / 100], failed);
	return 0;
}
