#!/usr/bin/python3
# Connects to each of these Unix sockets (`@NAME`: an abstract one; `~PATH`: sends a datagram there) and says on a line of its own what came of it.
# Then it waits, so that it can be looked at; with `--quick` first it is over at once.
import errno, socket, sys, time

quick = sys.argv[1] == "--quick"
for place in sys.argv[1 + quick:]:
    datagrams, path = place.startswith("~"), place.lstrip("~")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM) as s:
        s.settimeout(5)
        to = "\0" + path[1:] if path.startswith("@") else path
        try:
            if datagrams: s.sendto(b"a datagram", to)
            else:
                s.connect(to)
                assert s.recv(5) == b"hello"
            print("reached", flush=True)
        except OSError as error: print(errno.errorcode.get(error.errno, str(error)), flush=True)
if not quick: time.sleep(0.5)
