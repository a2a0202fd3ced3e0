/* `brief ADDRESS PORT [leave]`: connects once and is over, with `leave` before it is known what becomes of the connection.
 * `brief each FOLDER ADDRESS FIRST COUNT`: copies itself to FOLDER/brief-N for each N, and runs each copy twice, some at a time. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 8

static int connect_once(const char *address, const char *port, int leaves)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = inet_addr(address) };
	int fd = socket(AF_INET, SOCK_STREAM | (leaves ? SOCK_NONBLOCK : 0), 0);

	/* A port without a listener refuses: that is what the far end is expected to say. */
	if (connect(fd, (void *)&peer, sizeof(peer)) && errno != ECONNREFUSED && errno != EINPROGRESS)
		return 1;
	return 0;
}

static void copy_self(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat facts;

	if (from < 0 || to < 0 || fstat(from, &facts) || sendfile(to, from, 0, facts.st_size) != facts.st_size)
		exit(1);
	close(from);
	close(to);
}

static int run(char *const *words)
{
	int pid = vfork(), status;

	if (pid == 0) {
		execv(words[0], words);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* One of the launchers: each has its share of the numbers. */
static int share(char **words, int begin)
{
	int count = atoi(words[4]), failed = 0;

	for (int n = begin; n < count; n += AT_ONCE) {
		char path[256], port[16];
		char *one[] = { path, words[2], port, n % 2 ? "leave" : 0, 0 };

		snprintf(path, sizeof(path), "%s/brief-%d", words[1], n);
		snprintf(port, sizeof(port), "%d", atoi(words[3]) + n);
		copy_self(path);
		one[3] = 0;
		failed += run(one) != 0;
		one[3] = n % 2 ? "leave" : 0;
		failed += run(one) != 0;
		unlink(path);
	}
	return failed > 255 ? 255 : failed;
}

int main(int count, char **words)
{
	int failed = 0, status;

	if (count >= 3 && strcmp(words[1], "each"))
		return connect_once(words[1], words[2], count == 4);
	if (count != 6)
		return 2;
	for (int n = 0; n < AT_ONCE; n++)
		if (fork() == 0)
			exit(share(words + 1, n));
	while (wait(&status) > 0)
		failed += WEXITSTATUS(status);
	printf("failed %d\n", failed);
	return 0;
}
