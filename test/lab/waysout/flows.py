# Ways out by the kinds of sockets there are: each is a function of the tally, the places and the token.
import errno, fcntl, json, os, socket, struct, subprocess, time
from tally import Skipped, answered, connect, family, patience

def made(*arguments):
    try:
        return socket.socket(*arguments)
    except OSError as error:
        raise Skipped(f"the kernel makes no such socket: {error.strerror}")

def tcp(tally, p, token):
    for address in (p["v4"], p["v6"]):
        with socket.socket(family(address)) as s: tally.attempt(lambda: connect(s, (address, p["port"]), token))

def v4mapped(tally, p, token):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET6, kind) as s:
            tally.attempt(lambda: connect(s, ("::ffff:" + p["v4"], p["port"]), token))

def mptcp(tally, p, token):
    with made(socket.AF_INET, socket.SOCK_STREAM, 262) as s: tally.attempt(lambda: connect(s, (p["v4"], p["port"]), token))

def fastopen(tally, p, token):
    for address in (p["v4"], p["v6"]):
        with socket.socket(family(address)) as s:
            # One that does not block would be told that the connection is under way, and send nothing.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 500_000))
            def go():
                s.sendto(token, socket.MSG_FASTOPEN, (address, p["port"]))
                return answered(s)
            tally.attempt(go)

def unconnected(kind, protocol=0, proto_count=3):
    def way(tally, p, token):
        for address in (p["v4"], p["v6"]):
            with made(family(address), kind, protocol) as s:
                for _ in range(proto_count):
                    def go():
                        s.sendto(token, (address, p["port"]))
                        return answered(s)
                    tally.attempt(go)
    return way

udp = unconnected(socket.SOCK_DGRAM)
udplite = unconnected(socket.SOCK_DGRAM, 136, 1)

def udp_connected(tally, p, token):
    for address in (p["v4"], p["v6"]):
        with socket.socket(family(address), socket.SOCK_DGRAM) as s: tally.attempt(lambda: connect(s, (address, p["port"]), token))

def udp_switched(tally, p, token):
    """A socket that is connected to where it may go, and then sends elsewhere with the same descriptor."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect((p["allowed_address"], p["port"]))
            s.send(b"hello")
        except OSError: pass
        # Nobody listens there: that is told once.
        time.sleep(0.05)
        s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        def go():
            s.sendto(token, (p["v4"], p["port"]))
            return answered(s)
        tally.attempt(go)
        tally.attempt(lambda: connect(s, (p["v4"], p["port"]), token))

def sctp(tally, p, token):
    with made(socket.AF_INET, socket.SOCK_STREAM, 132) as s: tally.attempt(lambda: connect(s, (p["v4"], p["port"]), token))

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

def echo_request(kind, number, token):
    head = lambda sum_: struct.pack(">BBHHH", kind, 0, sum_, number, 1)
    return head(checksum(head(0) + token)) + token

def icmp(kind):
    """By a ping socket, which any user has whose group the kernel lets, or by a raw one."""
    def way(tally, p, token):
        for address, protocol, request in ((p["v4"], socket.IPPROTO_ICMP, 8), (p["v6"], socket.IPPROTO_ICMPV6, 128)):
            with made(family(address), kind, protocol) as s:
                def go():
                    s.sendto(echo_request(request, p["port"], token), (address, 0))
                    return answered(s)
                tally.attempt(go)
    return way

icmp_ping = icmp(socket.SOCK_DGRAM)
icmp_raw = icmp(socket.SOCK_RAW)

def udp_packet(p, token, source):
    """An IPv4 packet, whose checksums the kernel need not mend: UDP may go without."""
    body = struct.pack(">HHHH", p["port"], p["port"], 8 + len(token), 0) + token
    head = lambda sum_: struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, 0, 64, 17, sum_, socket.inet_aton(source), socket.inet_aton(p["v4"]))
    return head(checksum(head(0))) + body

def raw(tally, p, token):
    """Whole packets, UDP by a raw socket, and a protocol that no program has."""
    with made(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        tally.attempt(lambda: s.sendto(udp_packet(p, token, p["host4"]), (p["v4"], 0)) and None)
    for protocol in (socket.IPPROTO_UDP, 132, 253):
        with made(socket.AF_INET, socket.SOCK_RAW, protocol) as s:
            body = struct.pack(">HHHH", p["port"], p["port"], 8 + len(token), 0) + token
            tally.attempt(lambda: s.sendto(body, (p["v4"], 0)) and None)
    with made(socket.AF_INET6, socket.SOCK_RAW, 253) as s: tally.attempt(lambda: s.sendto(token, (p["v6"], 0)) and None)

def raw_kept(tally, p, token):
    """A raw socket that is connected first, so that it sends without saying where to."""
    with made(socket.AF_INET, socket.SOCK_RAW, 253) as s:
        def go():
            s.connect((p["v4"], 0))
            s.send(token)
        tally.attempt(go)

def device():
    """What the default route goes through."""
    routes = json.loads(subprocess.run(["ip", "-j", "route", "show", "default"], capture_output=True, text=True, check=True).stdout)
    if not routes: raise OSError(errno.ENETUNREACH, "there is no default route")
    return routes[0]["dev"], routes[0]["gateway"]

def packet(tally, p, token):
    """By AF_PACKET, below everything that knows of sockets and addresses: as IP, and as a frame of its own making."""
    name, gateway = device()
    neighbours = json.loads(subprocess.run(["ip", "-j", "neigh", "show", gateway], capture_output=True, text=True).stdout or "[]")
    mac = bytes.fromhex(next((one["lladdr"] for one in neighbours if "lladdr" in one), "ff:ff:ff:ff:ff:ff").replace(":", ""))
    body = udp_packet(p, token, p["host4"])
    with made(socket.AF_PACKET, socket.SOCK_DGRAM) as s:
        tally.attempt(lambda: s.sendto(body, (name, 0x0800, 0, 0, mac)) and None)
    with made(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((name, 0))
        tally.attempt(lambda: s.send(mac + s.getsockname()[4] + b"\x08\0" + body) and None)
        tally.attempt(lambda: s.send(b"\xff" * 6 + s.getsockname()[4] + b"\x88\xb5" + token) and None)

def tun(tally, p, token):
    """A device of its own, whose packets the kernel forwards as if they came from elsewhere."""
    try:
        device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(device, 0x400454ca, struct.pack("16sH14x", b"wayout0", 0x1001))
        subprocess.run(["ip", "address", "add", "10.66.77.1/24", "dev", "wayout0"], check=True)
        subprocess.run(["ip", "link", "set", "wayout0", "up"], check=True)
        switch = open("/proc/sys/net/ipv4/ip_forward", "r+")
    except OSError as error:
        raise Skipped(f"it gets no device: {error.strerror}")
    old = switch.read()
    def forward(text):
        switch.seek(0)
        switch.write(text)
        switch.flush()
    forward("1")
    try:
        for _ in range(3): tally.attempt(lambda: os.write(device, udp_packet(p, token, "10.66.77.2")) and None)
    finally:
        forward(old)
        switch.close()
        os.close(device)

def multicast(tally, p, token):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
        for group in ("239.255.77.1", "224.0.0.251"):
            tally.attempt(lambda: s.sendto(token, (group, p["port"])) and None)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        scope = socket.if_nametoindex(device()[0])
        for group in ("ff02::1", "ff15::77"):
            tally.attempt(lambda: s.sendto(token, (group, p["port"], 0, scope)) and None)

def broadcast(tally, p, token):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for where in ("255.255.255.255", p["broadcast"]): tally.attempt(lambda: s.sendto(token, (where, p["port"])) and None)
