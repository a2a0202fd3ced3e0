#!/usr/bin/python3
# Asks name servers and connects, as it is told, line by line, and says in a line how it went; nothing lies between the answer and the connect.
#   go NAME PORT              getaddrinfo, then connect to the first address at once
#   to ADDRESS PORT           connect
#   toheld ADDRESS PORT       the same, and the socket stays open for a moment
#   ask SERVER NAME           a question of its own making, over UDP: the addresses of the answer
#   asktcp SERVER NAME        the same over TCP
#   askheld SERVER NAME       the same, and the socket stays open for a moment
#   askfrom PORT SERVER NAME  the same from this port of its own
#   fork ADDRESS PORT         the same as `to`, in a child that executes nothing
#   refork ADDRESS PORT       the same in a child of such a child, which is over by then
#   wait ADDRESS PORT         send a datagram from there, print its own port, and wait for one datagram
import os, random, socket, struct, sys, time

def question(name, number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"

def addresses(message, asked):
    at, found = len(asked), []
    for _ in range(struct.unpack(">H", message[6:8])[0]):
        kind, _, _, length = struct.unpack(">HHIH", message[at + 2 : at + 12])
        if kind == 1:
            found.append(socket.inet_ntoa(message[at + 12 : at + 16]))
        at += 12 + length
    return " ".join(found) or "none"

def connect(address, port, family=socket.AF_INET, held=0):
    with socket.socket(family) as s:
        s.settimeout(10)
        s.connect((address, int(port)))
        time.sleep(held)
    return "ok"

def run(words):
    if words[0] == "go":
        address = socket.getaddrinfo(words[1], None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
        return connect(address, words[2])
    if words[0] == "to":
        return connect(words[1], words[2])
    if words[0] == "toheld":
        return connect(words[1], words[2], held=0.3)
    if words[0] in ("fork", "refork"):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            if words[0] == "fork" or os.fork() == 0:
                os.write(writing, attempt(["to", *words[1:]]).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writing)
        with os.fdopen(reading) as said:
            return said.read()
    number = random.randrange(65536)
    if words[0] in ("ask", "askfrom", "askheld"):
        own = int(words.pop(1)) if words[0] == "askfrom" else 0
        asked = question(words[2], number)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(10)
            s.bind(("", own))
            s.sendto(asked, (words[1], 53))
            found = addresses(s.recv(4096), asked)
            if words[0] == "askheld":
                time.sleep(0.3)
            return found
    if words[0] == "asktcp":
        asked = question(words[2], number)
        with socket.create_connection((words[1], 53), 10) as s:
            framed = struct.pack(">H", len(asked)) + asked
            s.sendall(framed[:7])
            s.sendall(framed[7:])
            got = b""
            while len(got) < 2 or len(got) < 2 + struct.unpack(">H", got[:2])[0]:
                got += s.recv(4096)
            return addresses(got[2:], asked)
    if words[0] == "wait":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(10)
            s.sendto(b"x", (words[1], int(words[2])))
            print(s.getsockname()[1], flush=True)
            return s.recv(4096).hex()
    return "what?"

def attempt(words):
    try:
        return run(words)
    except OSError as error:
        return type(error).__name__ + " " + str(error).replace("\n", " ")

for line in sys.stdin:
    print(attempt(line.split()), flush=True)
