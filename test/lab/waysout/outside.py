#!/usr/bin/python3
# A helper outside of the run, on the same machine: connects for others, hands sockets over, and listens on loopback.
#   outside.py NAME PORT PATH...   listens at the abstract name, at the paths as a service manager would, and at PORT of every address
# Prints a line when it listens, and then, for each line that it is given, how many times each token came to PORT.
import array, json, os, re, selectors, socket, sys
from collections import Counter
from tally import answered, connect, family, patience

heard = Counter()
kept = []
waiting = selectors.DefaultSelector()

def listen(path):
    s = socket.socket(socket.AF_UNIX)
    if not path.startswith("\0"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    s.bind(path)
    if not path.startswith("\0"): os.chmod(path, 0o666)
    s.listen(64)
    waiting.register(s, selectors.EVENT_READ, serve)

def serve(listener):
    with listener.accept()[0] as one:
        one.settimeout(5)
        try: perform(one, json.loads(one.recv(4096)))
        except (OSError, ValueError) as error: say(one, {"error": str(error), "got": False})

def say(one, told, fds=()):
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try: one.sendmsg([json.dumps(told).encode()], ancillary)
    except OSError: pass

def perform(one, request):
    there = (request["address"], request["port"])
    if request["do"] == "open":
        with socket.socket(family(there[0]), socket.SOCK_DGRAM if request["kind"] == "udp" else socket.SOCK_STREAM) as s:
            return say(one, {}, [s.fileno()])
    s = socket.socket(family(there[0]))
    if request["do"] == "relay":
        with s: return say(one, {"got": connect(s, there, request["token"].encode())})
    s.settimeout(patience)
    s.connect(there)
    if request["do"] == "hold":
        kept.append(s)
        return say(one, {"pid": os.getpid(), "fd": s.fileno()})
    with s: say(one, {}, [s.fileno()])

def hear(data):
    for token in re.findall(rb"wayout_([a-z0-9-]+)_", data): heard[token.decode()] += 1

def accept(listener):
    with listener.accept()[0] as one:
        one.settimeout(1)
        try:
            hear(one.recv(4096))
            one.sendall(b"answer\n")
        except OSError: pass

def datagram(s):
    data, peer = s.recvfrom(4096)
    hear(data)
    s.sendto(b"answer\n", peer)

def told(_):
    if not os.read(0, 4096): sys.exit(0)
    print(json.dumps(heard), flush=True)

name, port = sys.argv[1], int(sys.argv[2])
for path in ["\0" + name, *sys.argv[3:]]: listen(path)
waiting.register(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True), selectors.EVENT_READ, accept)
for address in ("127.0.0.1", "::1", "192.0.2.1"):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.bind((address, port))
    waiting.register(s, selectors.EVENT_READ, datagram)
waiting.register(0, selectors.EVENT_READ, told)
print("ready", flush=True)
while True:
    for key, _ in waiting.select(): key.data(key.fileobj)
