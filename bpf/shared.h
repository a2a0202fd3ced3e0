/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The structures that BPF programs and src/kernel/bpf/layout.ts share; a test holds the two against each other through the
 * object's BTF. No structure has padding: every byte of a key counts. */
#ifndef POSTERN_SHARED_H
#define POSTERN_SHARED_H

/* A program file, as the kernel tells files apart, and the mount it was reached through. */
struct exe {
	__u64 ino;
	__u64 ctime; /* nanoseconds since 1970 */
	__u64 name; /* hash of the path it was executed by: a btrfs snapshot repeats every number; 0 where there is no path */
	__u32 dev; /* s_dev as the kernel has it: major << 20 | minor */
	__u32 generation; /* 0 on file systems without generations */
	__u32 mount; /* mnt_id, from 6.8 on the low half of the one that is never used again */
	__u32 nlink; /* 0: deleted or memfd */
};

/* What procs[] says of a process. */
struct process {
	struct exe exe;
	__u64 exec; /* boot-time nanoseconds of its exec or, without one, of its fork: with the tgid the identity */
	__u64 start; /* task->start_boottime of the group's leader, nanoseconds */
	__u64 parent; /* exec of the parent at fork; 0 where it is not known */
	__u64 confined; /* id of the cgroup of `postern run` in which it, or an ancestor, was begun; 0: none. It never changes again */
	__u32 parent_tgid;
	__u32 flags; /* PROCESS_* */
};

#define PROCESS_SEEDED 1 /* it ran before Postern watched */
#define PROCESS_FOREIGN 2 /* its program was reached through a mount of another namespace than ours, or of none */
#define PROCESS_FORKED 4 /* it has not executed a program since its fork */
#define PROCESS_FORGED_EXE 8 /* it asked for another program in /proc/PID/exe (PR_SET_MM) */
#define PROCESS_FORGED_ARGS 16 /* and for other arguments in /proc/PID/cmdline */

/* Who calls: taken at the call itself. */
struct owner {
	struct process process;
	__u64 cgroup; /* inode number of its cgroup v2 directory; of a confined process that of its confinement, wherever it moved */
	__u32 tgid;
	__u32 uid; /* effective */
	__u32 gid; /* effective */
	__u32 known; /* 1: process is filled in */
};

/* One end of a flow, the other end, the protocol. IPv4 stands in the last four bytes, the others are zero. */
struct flow {
	__u8 local[16];
	__u8 remote[16];
	__u16 local_port; /* host order; ICMP echo: the identifier */
	__u16 remote_port;
	__u8 protocol;
	__u8 family; /* 4 or 6 */
	__u8 direction; /* FLOW_* */
	__u8 zero; /* inside the programs: FLOW_REPLY */
};

#define FLOW_OUT 0
#define FLOW_IN 1
#define FLOW_FORWARD 2
/* No flow, but the making of a socket for frames below IP: everything else of it is zero, but the family, which is 4. */
#define FLOW_PACKET 3
/* An answer by its kind, an echo reply: it opens nothing, and only a flow that goes the other way lets it pass. */
#define FLOW_REPLY 1

/* A key of the flow cache: what a mask leaves out is zero. */
struct entry_key {
	__u64 exe_ino;
	__u64 exe_ctime;
	__u64 exe_name;
	__u64 exec;
	__u64 cgroup;
	__u8 remote[16];
	__u32 exe_dev;
	__u32 exe_generation;
	__u32 exe_mount;
	__u32 tgid;
	__u32 uid;
	__u32 gid;
	__u32 generation; /* of the policy that decided */
	__u16 port; /* out: the remote port; in: the local one */
	__u8 protocol;
	__u8 shape; /* the mask's index, FLOW_* << 6, and 32 for IPv6 */
};

struct entry {
	__u64 expires; /* boot-time nanoseconds, 0: never */
	__u64 hits;
	__u32 rule; /* user space's number for the rule and what it logs */
	__u8 verdict; /* VERDICT_* */
	__u8 by_mode; /* 1: no rule decided, but the mode */
	__u16 error; /* errno of a refused call; 0: EPERM */
	__u32 by_names; /* 1: it rests on the names of its address, and holds only while no answer of a name server waits to be read */
	__u32 zero;
};

#define VERDICT_UNKNOWN 0
#define VERDICT_ALLOW 1
#define VERDICT_REJECT 2
#define VERDICT_DROP 3

/* Which parts of a key an entry compares. */
struct mask {
	__u64 remote_high; /* the remote address in network order, its first eight bytes and its last */
	__u64 remote_low;
	__u32 fields; /* MASK_* */
	__u32 zero;
};

#define MASK_EXE 1
#define MASK_PROCESS 2
#define MASK_UID 4
#define MASK_GID 8
#define MASK_CGROUP 16
#define MASK_PROTOCOL 32
#define MASK_PORT 64
/* Entries for packets on the interface lo, and for those that are not on it: in a call nobody knows yet, so none is found. */
#define MASK_ON_LOOPBACK 128
#define MASK_OFF_LOOPBACK 256
/* The local address of what is forwarded; it stands where the program's file would, so that both are never compared. */
#define MASK_LOCAL 512

#define MAX_MASKS 32

struct config {
	__u32 generation; /* a policy swap is one write of it */
	__u32 masks; /* how many of masks[] are in use */
	__u32 enforce; /* 0: nothing is refused here */
	__u32 report; /* 0: no connection is reported */
	__u32 own_mount_ns; /* inode of the mount namespace whose paths are the host's */
	__u32 netns_inode; /* of the network namespace that is guarded, as in /proc/PID/ns/net */
	__u64 netns_cookie; /* and its cookie; 0: the kernel tells none to user space (before 5.14) */
	__u32 asleep; /* user space waits for a wake-up of the ring; the first event takes it back */
	__u32 forward; /* 1: what is forwarded is judged */
	__u32 packets; /* 1: a packet socket of which nothing is known is refused */
	__u32 hash; /* 1: programs are hashed when they are executed */
	__u32 probe; /* a process whose call only shows that it is seen: then it is 0 again */
	__u32 answers_seen; /* answers of name servers that came in; counts on for ever */
	__u32 answers_read; /* as many user space has read, and has taken back what they change */
	__u32 listens; /* 1: what a flow says first may decide where names did */
	__u32 confines; /* how many confinements there are */
	__u32 zero;
};

/* A cgroup of `postern run`, by its id. */
struct confinement {
	__u16 names_port; /* of the name server on loopback that answers for it, in host order; 0: its questions go where they are sent */
	__u16 strict; /* 1: no abstract Unix socket, and none of refused_names[] */
	__u32 zeros;
};

/* Where a question was sent, of a socket without connection whose questions are answered elsewhere. */
struct asked_server {
	__u8 address[16]; /* as the socket's family has it: IPv4 in the first four bytes */
	__u16 port; /* network order */
	__u16 zero;
	__u32 zeros;
};

/* Events of the ring, each begins with this. */
struct event {
	__u32 type; /* EVENT_* */
	__u32 bytes; /* of the whole event */
	__u64 time; /* boot-time nanoseconds */
};

#define EVENT_EXEC 1
#define EVENT_FORK 2
#define EVENT_EXIT 3
#define EVENT_FLOW 4
#define EVENT_VOID 5 /* an event_flow: this connection is to be judged anew */
#define EVENT_END 6
#define EVENT_UNKNOWN 7 /* an event_flow: nothing was known of it; `verdict`: what became of it, VERDICT_UNKNOWN where nothing is enforced */
#define EVENT_FORGED 8
#define EVENT_DNS 9
#define EVENT_UNIX 10

/* An exec: followed by the texts, each without a terminating zero. Where a text was cut its length is the room's. */
struct event_exec {
	struct event event;
	struct owner owner;
	__u32 mount_ns;
	__u16 path_length; /* of the path from the root of its mount namespace, '/' first; of a memfd its name alone */
	__u16 file_length; /* bprm->filename: the script of `#!` */
	__u16 args_length; /* NUL between arguments */
	__u16 cut; /* CUT_* */
	__u32 script; /* 1: the program interprets the file of bprm->filename */
	__u8 sha256[32]; /* of the program's file */
	__u32 hashed; /* 1: sha256 is filled in */
	__u32 zero;
};

#define CUT_PATH 1
#define CUT_FILE 2
#define CUT_ARGS 4

#define PATH_ROOM 1024
#define FILE_ROOM 256
#define ARGS_ROOM 2048

struct event_fork {
	struct event event;
	struct process process; /* the child's */
	__u32 tgid;
	__u32 zero;
};

struct event_exit {
	struct event event;
	__u64 exec;
	__u32 tgid;
	__u32 zero;
};

/* A process asked the kernel to change what /proc says of it; once for each kind until its next exec. */
struct event_forged {
	struct event event;
	__u64 exec;
	__u32 tgid;
	__u32 forged; /* PROCESS_FORGED_* */
};

/* A version of a program's file: with each change its ctime is another, but for changes within one tick of the clock. */
struct file_key {
	__u64 ino;
	__u64 ctime;
	__u32 dev;
	__u32 generation;
};

/* Its hash. Only one made a second after this version was first seen is good for ever: what is written then has another ctime.
 * Until then it is good for the exec that it was made for. */
struct file_hash {
	__u64 first; /* boot-time nanoseconds at which this version was first seen */
	__u8 sha256[32];
	__s32 result; /* what the kernel's function gave: the algorithm (HASHED_BY_SHA256), or the error */
	__u32 settled; /* 1: good for ever */
	__u32 tgid; /* of who executes it */
	__u32 zero;
};

#define HASHED_BY_SHA256 4 /* HASH_ALGO_SHA256, include/uapi/linux/hash_info.h */

/* What iter/task_file tells of each of its reader's own descriptors. */
struct own_file {
	struct exe exe; /* without a name */
	__u32 fd;
	__u32 zero;
};

/* A connection that the kernel decided by itself. */
struct event_flow {
	struct event event;
	struct owner owner;
	struct flow flow;
	__u64 cookie;
	__u32 rule;
	__u32 generation;
	__u32 verdict;
	__u32 exec; /* of EVENT_VOID, 1: another program uses the socket now */
};

/* A packet to port 53 of a name server (direction FLOW_OUT) or from it (FLOW_IN), followed by what it carries. */
struct event_dns {
	struct event event;
	struct flow flow;
	__u64 cookie;
	__u64 exec; /* of the run whose socket it is; 0: not known */
	__u32 tgid;
	__u32 sequence; /* TCP */
	__u32 length; /* of what follows: at most DNS_ROOM */
	__u16 flags; /* DNS_SYN, DNS_ENDS of TCP, DNS_GUEST */
	__u16 cut; /* 1: the packet carried more */
};

#define DNS_PORT 53
#define DNS_ROOM 4096
#define DNS_SYN 1
#define DNS_ENDS 2 /* FIN or RST */
#define DNS_GUEST 4 /* of another network namespace than the guarded one */

#define UNIX_ROOM 112 /* sun_path of struct sockaddr_un (include/uapi/linux/un.h) has 108, and a zero comes behind it */

/* A confined process connects to a Unix socket, or sends to one. */
struct event_unix {
	struct event event;
	__u64 confined; /* id of the cgroup of its confinement */
	__u32 tgid;
	__u16 length; /* of the name */
	__u16 refused; /* 1: the call failed here */
	__u32 untold; /* calls of this confinement since the last that was told */
	__u32 zero;
	__u8 name[UNIX_ROOM]; /* as the call has it: a path up to its zero, or an abstract name with the zero before it; the rest is zero */
};

/* How much was told of a confinement, in the second that began then. */
struct told {
	__u64 since; /* boot-time nanoseconds */
	__u32 told;
	__u32 untold; /* since the last that was told */
};

#define UNIX_TOLD_AT_MOST 1000 /* in a second, of one confinement */

/* A socket's end, with its totals. */
struct event_end {
	struct event event;
	struct flow flow;
	__u64 cookie;
	__u64 bytes_out;
	__u64 bytes_in;
	__u64 packets_out;
	__u64 packets_in;
};

/* What sockets[] says of a socket, by its cookie: who called last and, of that call, the peer and the verdict. */
struct socket {
	struct owner owner;
	__u8 remote[16];
	__u64 expires; /* of the verdict, boot-time nanoseconds; 0: never */
	__u32 generation; /* of the verdict; another than config's: the verdict is void */
	__u32 rule;
	__u16 remote_port;
	__u8 verdict;
	__u8 family;
	__u32 bound; /* the local port under which it stands in ports[]; 0: it does not */
	__u64 talked; /* boot-time nanoseconds at which talks[] was last written for this peer, from `talked_port` */
	__u32 talked_port;
	__u32 error; /* of the verdict, as in struct entry */
	__u32 by_names; /* the verdict rests on names: answers_seen + 1 at that moment; 0: it does not */
	__u32 zero;
};

/* A local port of the guarded network namespace. */
struct port_key {
	__u16 port;
	__u8 protocol;
	__u8 zero;
};

struct port {
	struct owner owner;
	__u64 cookie; /* of the socket bound first */
	__u32 sockets; /* how many are bound */
	__u32 ambiguous; /* 1: they belong to different processes */
};

/* A flow without connection that was accepted, so that its replies are too; by its flow with direction 0 and local address zero. */
struct talk {
	__u64 out_last; /* boot-time nanoseconds of the last packet accepted, 0: none */
	__u64 in_last;
	__u64 out_cookie; /* the socket that sends */
	__u64 in_exec; /* exec of the process that listens */
	__u32 out_generation; /* of the policy that accepted */
	__u32 in_generation;
	__u32 out_names; /* as by_names of struct socket */
	__u32 zero;
};

/* What is counted of a socket, and whose it was when its flow was judged. In sk_storage; accepted connections begin with their
 * listener's. */
struct traffic {
	__u64 bytes_out;
	__u64 bytes_in;
	__u64 packets_out;
	__u64 packets_in;
	__u64 exec; /* of the owner */
	struct flow flow; /* of its first packet; a socket with several peers is counted under the first */
	__u32 tgid; /* of the owner; 0: it made no call that was judged */
	__u32 generation; /* of the policy that judged */
	__u32 state; /* TRAFFIC_* */
	__u32 told; /* generation under which user space was last asked to judge anew */
};

#define TRAFFIC_FLOW 1 /* `flow` is filled in */
#define TRAFFIC_INCOMING 2 /* accepted by a listener */
#define TRAFFIC_RAW 4 /* a raw socket */
#define TRAFFIC_LEFT 8 /* its owner ended before it */
#define TRAFFIC_GUEST 16 /* of another network namespace than the guarded one */
#define TRAFFIC_NOTED 32 /* TCP: its flow stands in guests[], with its present owner */

/* Where a connection begins that is listened to, by its socket's cookie. */
struct beginning {
	__u32 sequence; /* of its SYN */
	__u32 known; /* 1: sequence is filled in */
};

/* Whose the packet is that now waits in the queue, by its flow; in guests[], who sends a flow of another network namespace. */
struct asked {
	struct owner owner;
	__u64 cookie;
	__u64 time; /* boot-time nanoseconds */
	__u32 ambiguous; /* 1: sockets of different processes send this flow */
	__u32 zero;
};

/* Counters, each a slot of counts[]. */
#define COUNT_RING_FULL 0 /* events that found no room */
#define COUNT_PROCESSES_FULL 1 /* processes that found no room in procs[] */
#define COUNT_UNKNOWN_PROCESS 2 /* calls by a process that is not in procs[] */
#define COUNT_REFUSED 3 /* calls and packets refused here */
#define COUNT_ALLOWED 4 /* new flows allowed here */
#define COUNT_ASKED 5 /* new flows left to the queue */
#define COUNT_SOCKETS_FULL 6
#define COUNT_AMBIGUOUS 7 /* two sockets sent the same flow */
#define COUNT_REPLIES 9 /* packets let through as replies */
#define COUNT_VOIDED 8 /* verdicts voided: socket kept over exec, or a new policy */
#define COUNT_ELSEWHERE 10 /* calls in other network namespaces that passed because nothing was known of them */
#define COUNT_PACKETS_UNKNOWN 11 /* packet sockets refused because nothing was known of who makes them */
#define COUNT_FORGED 12 /* processes that asked for another program or arguments in /proc */
#define COUNT_UNHASHED 13 /* programs that were to be hashed and could not be */
#define COUNT_DNS_CUT 14 /* packets of name servers that were longer than the room */
#define COUNT_UNIX_UNTOLD 15 /* calls to Unix sockets beyond those that are told in a second */
#define COUNTS 16

#endif
