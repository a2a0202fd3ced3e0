/* What a program can do to be taken for another, and programs that are over at once: for the tests of who a process is. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
extern char __executable_start, _end;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Says that it runs, and waits for the end of its input. */
static void stay(void)
{
	char byte;

	printf("ready %d\n", getpid());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	exit(0);
}

static int listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (void *)address, length) || listen(fd, 4096) || getsockname(fd, (void *)address, &length))
		die("listen");
	return fd;
}

/* brief NUMBER PORT: connects once and is over. */
static int brief(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_port = htons(atoi(port));
	if (connect(fd, (void *)&address, sizeof(address)))
		die("connect");
	return 0;
}

/* many COUNT FOLDER PADDING: as many programs, of ten files in turn, four at a time; prints the pid of each. */
static int many(int count, const char *folder, int padding)
{
	struct sockaddr_in address;
	int fd = listener(&address), running = 0;
	char port[16], *filler = calloc(1, padding + 1);

	memset(filler, 'x', padding);
	snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
	for (int number = 0; number < count; number++) {
		char file[512], text[16];
		pid_t pid;

		snprintf(file, sizeof(file), "%s/brief-%d", folder, number % 10);
		snprintf(text, sizeof(text), "%d", number);
		pid = vfork();
		if (pid == 0) {
			execl(file, "brief", text, port, filler, NULL);
			_exit(127);
		}
		printf("%d %d\n", number, pid);
		if (++running == 4) {
			int status;
			if (wait(&status) < 0 || status != 0)
				exit(1);
			running--;
			close(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
		}
	}
	while (running-- > 0)
		wait(NULL);
	fflush(stdout);
	stay();
	return 0;
}

static int forks(int count)
{
	for (int number = 0; number < count; number++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return 0;
}

struct leaving {
	long (*call)(long, ...);
	unsigned long start, length;
	struct prctl_mm_map map;
};

/* Runs from a copy: an executable can be exchanged only when nothing of it is mapped any more. */
static __attribute__((noinline, aligned(4096))) void leave(struct leaving *leaving)
{
	char byte;
	long result;

	leaving->call(SYS_munmap, leaving->start, leaving->length);
	result = leaving->call(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &leaving->map, sizeof(leaving->map), 0);
	byte = result == 0 ? 'y' : 'n';
	leaving->call(SYS_write, 1, &byte, 1);
	while (leaving->call(SYS_read, 0, &byte, 1) > 0)
		;
	leaving->call(SYS_exit_group, 0);
}

/* forge FILE: /proc/PID/exe and cmdline name another program from now on. */
static int forge(const char *file)
{
	struct leaving *leaving = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long field[60] = {};
	char stat[4096], *at;
	FILE *in = fopen("/proc/self/stat", "r");
	int count = 3;

	stat[fread(stat, 1, sizeof(stat) - 1, in)] = 0;
	for (at = strtok(strrchr(stat, ')') + 4, " "); at && count < 60; at = strtok(NULL, " "))
		field[++count] = strtoul(at, NULL, 10);
	if (unshare(CLONE_NEWUSER))
		die("unshare");
	strcpy((char *)leaving + 4096, file);
	leaving->call = syscall;
	leaving->start = (unsigned long)&__executable_start & ~4095UL;
	leaving->length = (((unsigned long)&_end + 4095) & ~4095UL) - leaving->start;
	leaving->map = (struct prctl_mm_map){
		.start_code = field[26], .end_code = field[27], .start_stack = field[28],
		.start_data = field[45], .end_data = field[46], .start_brk = field[47], .brk = (unsigned long)sbrk(0),
		.arg_start = (unsigned long)leaving + 4096, .arg_end = (unsigned long)leaving + 4096 + strlen(file) + 1,
		.env_start = field[50], .env_end = field[51], .exe_fd = open(file, O_RDONLY),
	};
	memcpy(code, leave, 2048);
	((void (*)(struct leaving *))code)(leaving);
	return 1;
}

static int copy_to(int out, const char *file)
{
	char bytes[65536];
	int in = open(file, O_RDONLY);
	ssize_t length;

	while ((length = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, length) != length)
			die("write");
	close(in);
	return out;
}

static void *exec_from_thread(void *file)
{
	execl(file, "from-thread", "stay", NULL);
	die("exec");
	return NULL;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char *stay_args[] = { "stayed", "stay", NULL };

	if (!strcmp(argv[0], "brief"))
		return brief(argv[2]);
	if (!strcmp(what, "stay"))
		stay();
	if (!strcmp(what, "many"))
		return many(atoi(argv[2]), argv[3], atoi(argv[4]));
	if (!strcmp(what, "forks"))
		return forks(atoi(argv[2]));
	if (!strcmp(what, "forge"))
		return forge(argv[2]);
	if (!strcmp(what, "memfd")) {
		fexecve(copy_to(memfd_create("hidden", MFD_CLOEXEC), "/proc/self/exe"), stay_args, environ);
		die("fexecve");
	}
	/* deleted FILE: FILE is made, opened, unlinked and run. */
	if (!strcmp(what, "deleted")) {
		int out = open(argv[2], O_CREAT | O_WRONLY | O_EXCL, 0755), fd;
		close(copy_to(out, "/proc/self/exe"));
		fd = open(argv[2], O_RDONLY | O_CLOEXEC);
		unlink(argv[2]);
		fexecve(fd, stay_args, environ);
		die("fexecve");
	}
	/* self-deleting: it runs, and its file goes. */
	if (!strcmp(what, "unlink")) {
		unlink(argv[2]);
		stay();
	}
	if (!strcmp(what, "thread")) {
		pthread_t thread;
		pthread_create(&thread, NULL, exec_from_thread, argv[2]);
		pthread_join(thread, NULL);
	}
	if (!strcmp(what, "double-fork")) {
		if (fork() == 0) {
			if (fork() == 0)
				stay();
			_exit(0);
		}
		wait(NULL);
		return 0;
	}
	return 2;
}
