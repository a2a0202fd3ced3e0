# Ways out with the help of something outside: another namespace, another cgroup, another process.
import array, ctypes, json, os, socket, struct, subprocess, time
from births import born, dial
from flows import device
from tally import Skipped, answered, connect, family, patience

libc = ctypes.CDLL(None, use_errno=True)
NEWNET = 0x40000000

def checked(result):
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def emptied(tally, p, token):
    """Takes every table of nftables away, as root, in the lab's own namespace and nowhere else."""
    if os.getuid() != 0: raise Skipped("only root takes tables away")
    if device()[0] != "lab0": raise Skipped("this is no lab")
    subprocess.run(["nft", "flush", "ruleset"])
    tally.program(dial(p, token))
    tally.program(dial(p, token, udp=True))

def own_rule(tally, p, token):
    """Asks Postern itself to let it out."""
    for words in (["rule", "add", "allow", "--to", p["v4"]], ["mode", "off"]):
        if p["postern"] is not None:
            subprocess.run([p["postern"]["bin"], *words, "--runtime-dir", p["postern"]["runtime"]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
        tally.program(dial(p, token))

def cgroup_mount():
    with open("/proc/self/mountinfo") as file:
        return next(line.split()[4] for line in file if " - cgroup2 " in line)

def own_cgroup():
    with open("/proc/self/cgroup") as file:
        return cgroup_mount() + next(line[3:].strip() for line in file if line.startswith("0::"))

def moved(where):
    """Into another cgroup, and from there."""
    def way(tally, p, token):
        if os.getuid() != 0: raise Skipped("only root moves itself")
        home = own_cgroup()
        folder = where(home, p)
        os.makedirs(folder, exist_ok=True)
        try:
            with open(f"{folder}/cgroup.procs", "w") as file: file.write("0")
        except OSError as error:
            tally.tried += 1
            tally.failed(error)
        tally.program(dial(p, token))
        tally.program(dial(p, token, udp=True))
        try:
            with open(f"{home}/cgroup.procs", "w") as file: file.write("0")
            if folder.endswith("-wayout"): os.rmdir(folder)
        except OSError: pass
    return way

# The top of what is guarded, and what lies beyond where that is not everything.
to_top = moved(lambda home, p: p["guarded"])
beyond = moved(lambda home, p: cgroup_mount())
to_parent = moved(lambda home, p: os.path.dirname(home) if home != p["guarded"] else home)
to_sibling = moved(lambda home, p: (home if home != p["guarded"] else f"{home}/below") + "-wayout")

def born_elsewhere(tally, p, token):
    if os.getuid() != 0: raise Skipped("only root gives birth elsewhere")
    born("cgroup", lambda p: p["guarded"])(tally, p, token)

def setns(tally, p, token):
    """In the network namespace of a process that it sees; and with a socket of there, back at home."""
    def enter(path):
        fd = os.open(path, os.O_RDONLY)
        try: checked(libc.setns(fd, NEWNET))
        finally: os.close(fd)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    def there():
        enter(f"/proc/{p['elsewhere']}/ns/net")
        try:
            with socket.socket() as s: return connect(s, (p["v4"], p["port"]), token)
        finally: checked(libc.setns(home, NEWNET))
    tally.attempt(there)
    def back():
        enter(f"/proc/{p['elsewhere']}/ns/net")
        s = socket.socket()
        checked(libc.setns(home, NEWNET))
        with s: return connect(s, (p["v4"], p["port"]), token)
    tally.attempt(back)

def unshare(tally, p, token):
    """A network namespace of its own, with a device on the cable."""
    if os.getuid() != 0: raise Skipped("only root brings a device there")
    name, gateway = device()
    ready, go = os.pipe(), os.pipe()
    result = os.pipe()
    child = os.fork()
    if child == 0:
        checked(libc.unshare(NEWNET))
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        for command in (f"address add {p['spare4']}/24 dev wayout1", "link set lo up", "link set wayout1 up", f"route add default via {gateway}"):
            subprocess.run(["ip", *command.split()])
        time.sleep(0.2)
        os.dup2(result[1], 1)
        os.execv(p["dial"], dial(p, token))
    os.close(result[1])
    os.read(ready[0], 1)
    made = [["ip", "link", "add", "link", name, "name", "wayout1", "type", "macvlan", "mode", "bridge"], ["ip", "link", "set", "wayout1", "netns", str(child)]]
    for command in made:
        if subprocess.run(command).returncode != 0:
            os.kill(child, 9)
            raise Skipped("it gets no device of the kind macvlan")
    os.write(go[1], b"x")
    with os.fdopen(result[0]) as lines: tally.lines(lines.read())
    os.waitpid(child, 0)

def ask_outside(path, request):
    """What the helper outside says, and the descriptors that it hands over."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect("\0" + path if path.startswith("wayout") else path)
    s.sendall(json.dumps(request).encode() + b"\n")
    data, ancillary, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(16))
    fds = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS: fds.frombytes(content[: len(content) // 4 * 4])
    return json.loads(data), list(fds)

def where(p, token):
    return {"address": p["v4"], "port": p["port"], "token": token.decode()}

def passed_connected(tally, p, token):
    """A connection that the helper made, and this process speaks on."""
    def go():
        _, fds = ask_outside(p["helper"], {"do": "connected", **where(p, token)})
        with socket.socket(fileno=fds[0]) as s:
            s.settimeout(patience)
            s.sendall(token)
            return answered(s)
    tally.attempt(go)

def passed_open(tally, p, token):
    """Sockets that the helper made, which this process connects, or sends by."""
    for kind in ("tcp", "udp"):
        def go():
            _, fds = ask_outside(p["helper"], {"do": "open", "kind": kind, **where(p, token)})
            with socket.socket(fileno=fds[0]) as s: return connect(s, (p["v4"], p["port"]), token)
        tally.attempt(go)

def taken(tally, p, token):
    """A connection of another process, taken with pidfd_getfd."""
    def go():
        told, _ = ask_outside(p["helper"], {"do": "hold", **where(p, token)})
        fd = checked(libc.syscall(438, os.pidfd_open(told["pid"]), told["fd"], 0))
        with socket.socket(fileno=fd) as s:
            s.settimeout(patience)
            s.sendall(token)
            return answered(s)
    tally.attempt(go)

def on_behalf(paths):
    def way(tally, p, token):
        for path in paths(p):
            def go():
                told, _ = ask_outside(path, {"do": "relay", **where(p, token)})
                return told["got"]
            tally.attempt(go)
    return way

abstract = on_behalf(lambda p: [p["helper"]])
managers = on_behalf(lambda p: p["managers"])

def ptrace(tally, p, token):
    tally.program([p["seize"], str(p["victim"]), p["v4"], str(p["port"]), token.decode()])

def loopback(tally, p, token):
    """Listeners of others on this machine, which may be proxies."""
    for address in ("127.0.0.1", "::1", p["host4"]):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(family(address), kind) as s: tally.attempt(lambda: connect(s, (address, p["listening"]), token))

def inbound(tally, p, token):
    """It waits to be called from outside, and answers."""
    import selectors
    waiting = selectors.DefaultSelector()
    try:
        listener = socket.create_server(("::", p["port"]), family=socket.AF_INET6, dualstack_ipv6=True)
        datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        datagrams.bind(("::", p["port"]))
    except OSError as error:
        tally.tried += 1
        return tally.failed(error)
    for s in (listener, datagrams): waiting.register(s, selectors.EVENT_READ)
    tally.tried += 2
    end = time.monotonic() + 3
    open_ = {listener, datagrams}
    while open_ and time.monotonic() < end:
        for key, _ in waiting.select(0.2):
            s = key.fileobj
            if s not in open_: continue
            open_.remove(s)
            waiting.unregister(s)
            try:
                if s is listener:
                    with s.accept()[0] as one: one.sendall(token)
                else:
                    _, peer = s.recvfrom(4096)
                    s.sendto(token, peer)
                tally.sent += 1
            except OSError as error: tally.failed(error)
