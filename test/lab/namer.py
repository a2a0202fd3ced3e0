#!/usr/bin/python3
# Asks name servers and connects, as it is told, line by line, and says in a line how it went; nothing lies between the answer and the connect.
#   go NAME PORT              getaddrinfo, then connect to the first address at once
#   to ADDRESS PORT           connect
#   ask SERVER NAME           a question of its own making, over UDP: the addresses of the answer
#   asktcp SERVER NAME        the same over TCP
#   wait ADDRESS PORT         send a datagram from there, print its own port, and wait for one datagram
import random, socket, struct, sys

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

def connect(address, port, family=socket.AF_INET):
    with socket.socket(family) as s:
        s.settimeout(3)
        s.connect((address, int(port)))
    return "ok"

def run(words):
    if words[0] == "go":
        address = socket.getaddrinfo(words[1], None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
        return connect(address, words[2])
    if words[0] == "to":
        return connect(words[1], words[2])
    number = random.randrange(65536)
    if words[0] == "ask":
        asked = question(words[2], number)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.sendto(asked, (words[1], 53))
            return addresses(s.recv(4096), asked)
    if words[0] == "asktcp":
        asked = question(words[2], number)
        with socket.create_connection((words[1], 53), 3) as s:
            framed = struct.pack(">H", len(asked)) + asked
            s.sendall(framed[:7])
            s.sendall(framed[7:])
            got = b""
            while len(got) < 2 or len(got) < 2 + struct.unpack(">H", got[:2])[0]:
                got += s.recv(4096)
            return addresses(got[2:], asked)
    if words[0] == "wait":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.sendto(b"x", (words[1], int(words[2])))
            print(s.getsockname()[1], flush=True)
            return s.recv(4096).hex()
    return "what?"

for line in sys.stdin:
    try:
        said = run(line.split())
    except OSError as error:
        said = type(error).__name__ + " " + str(error).replace("\n", " ")
    print(said, flush=True)
