# Ways out by becoming another process: what was confined must stay so, whatever it turns into.
import os, subprocess, time
from tally import Skipped

def dial(p, token, *before, udp=False):
    return [*before, p["dial"], "udp" if udp else "tcp", p["v4"], str(p["port"]), token.decode()]

def born(how, more=None):
    def way(tally, p, token):
        words = [p["born"], how, p["v4"], str(p["port"]), token.decode()]
        tally.program([*words, *([] if more is None else [more(p)])])
    return way

bomb = born("bomb", lambda p: "500")
vfork, thread, parent = born("vfork"), born("thread"), born("parent")
spawn = born("spawn", lambda p: p["dial"])

def double_fork(tally, p, token):
    """A grandchild in a session of its own, whose ancestors have all ended before it begins."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        middle = os.getpid()
        if os.fork() == 0:
            while os.getppid() == middle: time.sleep(0.005)
            os.dup2(writing, 1)
            os.execv(p["dial"], dial(p, token))
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as lines: tally.lines(lines.read())

def another_user(tally, p, token):
    if os.getuid() != 0: raise Skipped("only root becomes another user")
    for udp in (False, True):
        tally.program(dial(p, token, "setpriv", f"--reuid={p['other']}", f"--regid={p['other']}", "--clear-groups", "--", udp=udp))

def user_namespace(tally, p, token):
    """Root of a user namespace of its own."""
    if tally.program(dial(p, token, "unshare", "--user", "--map-root-user", "--pid", "--fork")).returncode != 0:
        raise Skipped("this machine gives no user namespace")

def shell(tally, p, token):
    script = 'exec 3<>/dev/$0/$1/$2 || exit 1; printf %s "$3" >&3; read -r -t 1.5 -n 1 -u 3 got; test -n "$got" && exit 0; exit 3'
    for protocol in ("tcp", "udp"):
        said = subprocess.run(["bash", "-c", script, protocol, p["v4"], str(p["port"]), token.decode()], stderr=subprocess.PIPE, text=True)
        tally.lines(f"{int(said.returncode != 1)} {int(said.returncode == 0)} {1 if 'not permitted' in said.stderr else 111 if said.returncode == 1 else 0}")

def interpreter(tally, p, token):
    """Perl, as one of the many that are on any machine."""
    script = 'my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 1.5); if (!$s) { printf "0 0 %d\\n", $!; exit } print $s $ARGV[2]; $s->flush; print "1 ", (sysread($s, my $b, 9) ? 1 : 0), " 0\\n"'
    tally.program(["perl", "-MIO::Socket::INET", "-e", script, p["v4"], str(p["port"]), token.decode()])

def memory(tally, p, token):
    """A program that is in no file."""
    fd = os.memfd_create("dial", 0)
    with open(p["dial"], "rb") as file: os.write(fd, file.read())
    tally.program(["dial", *dial(p, token)[1:]], executable=f"/proc/self/fd/{fd}", pass_fds=[fd])

def deleted(tally, p, token):
    """A copy that is gone before it begins to speak."""
    copy = f"/tmp/wayout-{os.getpid()}"
    with open(p["dial"], "rb") as file, open(copy, "wb") as to: to.write(file.read())
    os.chmod(copy, 0o755)
    tally.program([copy, *dial(p, token)[1:]])
    os.unlink(copy)

def preload(tally, p, token):
    """A library in a program that may go out."""
    there = {"LD_PRELOAD": p["preload"], "PRELOAD_ADDRESS": p["v4"], "PRELOAD_PORT": str(p["port"]), "PRELOAD_TOKEN": token.decode()}
    tally.program(["/bin/true"], env={**os.environ, **there})

def kept_socket(tally, p, token):
    """A socket that another program made before it became this one."""
    import socket
    with socket.socket() as s:
        s.settimeout(None)
        fd = s.fileno()
        os.set_inheritable(fd, True)
        script = f"import socket,sys; s = socket.socket(fileno={fd}); s.settimeout(1.5)\ntry:\n s.connect((sys.argv[1], int(sys.argv[2]))); s.sendall(sys.argv[3].encode()); print(1, int(bool(s.recv(9))), 0)\nexcept OSError as e: print(0, 0, e.errno or 110)"
        tally.program(["/usr/bin/python3", "-c", script, p["v4"], str(p["port"]), token.decode()], pass_fds=[fd])

def survivor(tally, p, token):
    """A child that goes out only when all is over, after what was run has ended. What came of it only the servers know."""
    waits = (0.5, 1, 1)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open("/dev/null", os.O_RDWR)
            for fd in range(3): os.dup2(null, fd)
            for wait in waits:
                time.sleep(wait)
                subprocess.run(dial(p, token))
        os._exit(0)
    os.wait()
    tally.tried = tally.sent = len(waits)

def killed_gate(tally, p, token):
    """Kills what stands in the way, as root, and goes on."""
    if os.getuid() != 0: raise Skipped("only root kills the gate")
    for pid in p["gate"]:
        try: os.kill(pid, 9)
        except ProcessLookupError: pass
    for wait in (0, 0.05, 0.3, 1):
        time.sleep(wait)
        tally.program(dial(p, token))

def ring(how):
    return lambda tally, p, token: tally.program([p["ring"], how, p["v4"], str(p["port"]), token.decode()])

ring_connect, ring_polled, ring_sendmsg = ring("connect"), ring("sqpoll"), ring("sendmsg")
