#!/usr/bin/python3
# Says to servers what it is told to, line by line, and says in a line how it went.
#   serve PORT QUIET ADDRESS...            (as arguments) answers with an x each datagram, and each connection on which nothing more
#                                          comes for QUIET seconds
#   name NAME                              getaddrinfo: the first address
#   tcp ADDRESS PORT HEX[,HEX] [SECONDS]   connects, sends each piece by itself, that long apart, and waits for an answer
#   nagle ADDRESS PORT HEX[,HEX]           the same without TCP_NODELAY and without waiting
#   udp ADDRESS PORT HEX[,HEX]             datagrams from one socket
#   open ADDRESS PORT SECONDS              connects, says nothing, and waits for what comes
import itertools, os, socket, sys, threading, time

# Without eBPF a flow of datagrams is its addresses and ports for as long as conntrack remembers it, whoever sends: each socket has
# ports that none had before, below those that the kernel gives.
ports = itertools.count(10000 + os.getpid() % 40 * 500)

def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET

def answer(connection, quiet):
    with connection:
        try:
            while connection.recv(65536): connection.settimeout(quiet)
        except TimeoutError:
            connection.sendall(b"x")
            connection.settimeout(5)
            while connection.recv(65536): pass
        except OSError:
            pass

def datagrams(s):
    while True:
        peer = s.recvfrom(65536)[1]
        s.sendto(b"x", peer)

def connections(s, quiet):
    while True: threading.Thread(target=answer, args=(s.accept()[0], quiet)).start()

def say(s, pieces, pause):
    for at, piece in enumerate(pieces.split(",")):
        if at > 0 and pause > 0: time.sleep(pause)
        s.sendall(bytes.fromhex(piece))
    return "answered" if s.recv(16) else "closed"

def run(words):
    if words[0] == "name":
        return socket.getaddrinfo(words[1], None, 0, socket.SOCK_STREAM)[0][4][0]
    where = (words[1], int(words[2]))
    if words[0] == "udp":
        with socket.socket(family(words[1]), socket.SOCK_DGRAM) as s:
            s.settimeout(4)
            s.bind(("", next(ports)))
            s.connect(where)
            for piece in words[3].split(","): s.send(bytes.fromhex(piece))
            return "answered" if s.recv(16) else "empty"
    with socket.create_connection(where, 15) as s:
        s.settimeout(60)
        if words[0] == "open":
            s.settimeout(float(words[3]))
            return "closed" if s.recv(16) == b"" else "data"
        if words[0] == "tcp": s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return say(s, words[3], float(words[4]) if len(words) > 4 else 0)

if sys.argv[1:2] == ["serve"]:
    port, quiet = int(sys.argv[2]), float(sys.argv[3])
    for address in sys.argv[4:]:
        s = socket.socket(family(address), socket.SOCK_DGRAM)
        s.bind((address, port))
        threading.Thread(target=datagrams, args=(s,)).start()
        listener = socket.create_server((address, port), family=family(address))
        threading.Thread(target=connections, args=(listener, quiet)).start()
    print("serving", flush=True)
else:
    for line in sys.stdin:
        try:
            said = run(line.split())
        except OSError as error:
            said = type(error).__name__
        print(said, flush=True)
