# Starts one program at a time under a pid of choice, in a pid namespace of its own; a line of input is a command.
#   pids.py HOST, then: start PROGRAM [PID] → its pid; connect → in or out; end → ended
# PID is the one outside of the namespace, as Postern sees it: clone3's set_tid takes one for each namespace (clone(2)).
import ctypes, os, signal, sys

SYS_clone3 = 435
libc = ctypes.CDLL(None, use_errno=True)
child = """
import os, socket, sys
print(os.readlink('/proc/self'), flush=True)
for line in sys.stdin:
    try: socket.create_connection((sys.argv[1], 80), 3); print('in', flush=True)
    except OSError: print('out', flush=True)
"""

def start(program, outer):
    here, there = os.pipe()
    tids = (ctypes.c_int * 2)(1000, outer)
    # struct clone_args (linux/sched.h): flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size
    args = (ctypes.c_uint64 * 10)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(tids), 2 if outer else 1)
    pid = libc.syscall(SYS_clone3, args, ctypes.sizeof(args))
    if pid < 0: raise OSError(ctypes.get_errno(), 'clone3')
    if pid == 0:
        os.dup2(here, 0)
        os.close(there)
        os.execv(program, [program, '-c', child, sys.argv[1]])
    os.close(here)
    return pid, there

for line in sys.stdin:
    command, *words = line.split()
    if command == 'start': pid, pipe = start(words[0], int(words[1]) if len(words) > 1 else 0)
    elif command == 'connect': os.write(pipe, b'\n')
    else:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(pipe)
        print('ended', flush=True)
