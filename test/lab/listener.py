#!/usr/bin/python3
# Stands in for services: says hello to whoever connects at each of these paths (`@NAME`: an abstract one; `~PATH`: for datagrams, which it prints).
import os, selectors, socket, sys

waiting = selectors.DefaultSelector()
for place in sys.argv[1:]:
    datagrams, path = place.startswith("~"), place.lstrip("~")
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
    if path.startswith("@"): s.bind("\0" + path[1:])
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s.bind(path)
        os.chmod(path, 0o666)
    if not datagrams: s.listen(64)
    waiting.register(s, selectors.EVENT_READ, datagrams)
print("ready", flush=True)
while True:
    for key, _ in waiting.select():
        if key.data: print(key.fileobj.recv(100).decode(), flush=True)
        else:
            with key.fileobj.accept()[0] as one:
                try: one.sendall(b"hello")
                except OSError: pass
