#!/usr/bin/python3
# Connects to each of these Unix sockets (`@NAME`: an abstract one; `~PATH`: sends a datagram there) and says on a line of its own what came of it.
import errno, socket, sys

for place in sys.argv[1:]:
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
