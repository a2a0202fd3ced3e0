# A program in a container of the lab: does what each line of its input says, and answers with a line.
import socket, struct, sys


def tcp(host, port, source="0"):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.settimeout(60)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if source != "0":
            s.bind(("", int(source)))
        s.connect((host, int(port)))
        return "open" if s.recv(100) else "empty"


def udp(host, port, source="0"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.bind(("", int(source)))
        s.sendto(b"x", (host, int(port)))
        return "echo" if s.recv(100) == b"x" else "other"


def spoof(source, source_port, host, port):
    """A datagram under an address that the sender may not have."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        ends = socket.inet_aton(source) + socket.inet_aton(host)
        header = struct.pack("!BBHHHBBH", 0x45, 0, 29, 1, 0, 64, socket.IPPROTO_UDP, 0) + ends
        datagram = struct.pack("!HHHH", int(source_port), int(port), 9, 0) + b"x"
        s.sendto(header + datagram, (host, 0))
        return "sent"


for line in sys.stdin:
    what, *words = line.split() or ["ready"]
    try:
        answer = "ready" if what == "ready" else {"tcp": tcp, "udp": udp, "spoof": spoof}[what](*words)
    except TimeoutError:
        answer = "timeout"
    except OSError as error:
        answer = str(error.errno)
    print(answer, flush=True)
