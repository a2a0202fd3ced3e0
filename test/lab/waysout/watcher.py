#!/usr/bin/python3
# What really arrives in the world: every packet is looked at where it comes in, whatever socket or none it is for, and
# the servers that must not be reached answer there.
#   watcher.py FIRST LAST ADDRESS...   TCP and UDP on these ports, and on 53, of these addresses
# Prints a line when it listens. A line `seen` is answered by what came since the last one:
#   {"tokens": {NAME: packets}, "ports": {PORT: packets for these addresses}, "answered": {PORT: connections}, "lost": n}
# and `call ADDRESS PORT` by how many of a connection and a datagram there were answered with a token: {"got": n}.
import json, os, re, selectors, socket, struct, sys
from collections import Counter
from tally import family

first, last, addresses = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
forbidden = {socket.inet_pton(family(address), address) for address in addresses}
tokens, ports, answered = Counter(), Counter(), Counter()
waiting = selectors.DefaultSelector()
# In these letters and no other the name server is asked by the way that writes with large and small ones.
mixed = os.environ.get("MIXED_NAME", "").encode()

def token_names(data):
    for name in set(re.findall(rb"wayout_([a-z0-9-]+)_", data.lower())): tokens[name.decode()] += 1
    if mixed and mixed in data: tokens["names-case"] += 1

def look(s):
    for _ in range(256):
        try: data, where = s.recvfrom(65536, socket.MSG_DONTWAIT)
        except BlockingIOError: return
        if where[2] == socket.PACKET_OUTGOING: continue
        token_names(data)
        if where[1] == 0x0800 and len(data) >= 24 and data[16:20] in forbidden:
            at, protocol = (data[0] & 15) * 4, data[9]
        elif where[1] == 0x86dd and len(data) >= 44 and data[24:40] in forbidden:
            at, protocol = 40, data[6]
        else: continue
        if protocol in (6, 17, 132, 136) and len(data) >= at + 4: ports[struct.unpack_from(">H", data, at + 2)[0]] += 1

def lost(s):
    return struct.unpack("II", s.getsockopt(263, 6, 8))[1]

def accept(listener):
    one = listener.accept()[0]
    one.setblocking(False)
    def answer(s):
        try: data = s.recv(65536)
        except OSError: data = b""
        if not data:
            waiting.unregister(s)
            return s.close()
        answered[s.getsockname()[1]] += 1
        try: s.send(b"answer\n")
        except OSError: pass
    waiting.register(one, selectors.EVENT_READ, answer)

def datagram(s):
    try: s.sendto(b"answer\n", s.recvfrom(65536)[1])
    except OSError: pass

def call(address, port):
    got = 0
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family(address), kind) as s:
            s.settimeout(1.5)
            try:
                s.connect((address, port))
                if kind == socket.SOCK_DGRAM: s.send(b"hello")
                got += b"wayout_" in s.recv(4096)
            except OSError: pass
    return got

def told(_):
    line = os.read(0, 4096).decode()
    if not line: sys.exit(0)
    words = line.split()
    if words[0] == "call": said = {"got": call(words[1], int(words[2]))}
    else:
        look(watch)
        said = {"tokens": tokens, "ports": ports, "answered": answered, "lost": lost(watch)}
    print(json.dumps(said), flush=True)
    if words[0] == "seen":
        for counter in (tokens, ports, answered): counter.clear()

watch = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
watch.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)
waiting.register(watch, selectors.EVENT_READ, look)
for address in addresses:
    for port in [53, *range(first, last + 1)]:
        listener = socket.create_server((address, port), family=family(address), backlog=1024)
        waiting.register(listener, selectors.EVENT_READ, accept)
        for protocol in (17, 136):
            s = socket.socket(family(address), socket.SOCK_DGRAM, protocol)
            s.bind((address, port))
            s.setblocking(False)
            waiting.register(s, selectors.EVENT_READ, datagram)
waiting.register(0, selectors.EVENT_READ, told)
print("ready", flush=True)
while True:
    for key, _ in waiting.select(): key.data(key.fileobj)
