# Dials and sends in many ways, for the lab; prints one JSON line of what happened.
#   dialler.py rate HOST PORT PER_SECOND SECONDS   new TCP connections at a steady rate; behind it, it catches up
#   dialler.py hang HOST FIRST_PORT COUNT          COUNT connections at once, each to a port of its own, until standard input ends
#   dialler.py fill HOST PORT COUNT PER_SECOND      COUNT datagrams at a steady rate, a hundred from each of its sockets
#   dialler.py flood HOST COUNT SECONDS            COUNT datagrams, each a flow of its own, as fast as it goes
import json, select, socket, sys, time

def rate(host, port, per_second, seconds):
    total, done, failed, late, open_sockets = per_second * seconds, 0, 0, 0.0, {}
    poll = select.poll()
    start = time.monotonic()
    made = 0
    times = []
    progress = start
    # On a busy machine it may take longer: only a time in which nothing at all ends is the end.
    while done + failed < total and time.monotonic() - progress < 70:
        now = time.monotonic()
        while made < total and made <= (now - start) * per_second and len(open_sockets) < 500:
            s = socket.socket(); s.setblocking(False); s.connect_ex((host, port))
            open_sockets[s.fileno()] = (s, now); poll.register(s, select.POLLOUT); made += 1
        for fd, _ in poll.poll(1):
            s, begun = open_sockets.pop(fd)
            poll.unregister(fd)
            if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0: done += 1
            else: failed += 1
            progress = time.monotonic()
            times.append(progress - begun)
            # No reset: on another processor it overtakes the last part of the handshake, and the server never sees the dial.
            s.close()
    times.sort()
    print(json.dumps({'made': made, 'done': done, 'failed': failed, 'p50': times[len(times) // 2] * 1000 if times else None,
                      'p99': times[len(times) * 99 // 100] * 1000 if times else None, 'seconds': time.monotonic() - start}), flush=True)

def hang(host, first, count):
    sockets = []
    for n in range(count):
        s = socket.socket(); s.setblocking(False); s.connect_ex((host, first + n)); sockets.append(s)
    print(json.dumps({'made': len(sockets)}), flush=True)
    sys.stdin.read()

def flood(host, count, seconds):
    sent, refused, start = 0, 0, time.monotonic()
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(64)]
    while sent + refused < count and time.monotonic() - start < seconds:
        n = sent + refused
        try:
            sockets[n % 64].sendto(b'x', (host, 10000 + (n // 64) % 50000)); sent += 1
        except OSError: refused += 1
    print(json.dumps({'sent': sent, 'refused': refused, 'seconds': time.monotonic() - start}), flush=True)

def fill(host, port, count, per_second):
    # So many sockets that none of them runs out of its buffer while all of it waits in a queue.
    sent, refused, start = 0, 0, time.monotonic()
    sockets = []
    for n in range(count // 100 + 1):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setblocking(False); s.connect((host, port)); sockets.append(s)
    while sent + refused < count:
        n = sent + refused
        if n % 50 == 0: time.sleep(max(0, n / per_second - (time.monotonic() - start)))
        try: sockets[n % len(sockets)].send(b'x'); sent += 1
        except OSError: refused += 1
    print(json.dumps({'sent': sent, 'refused': refused, 'seconds': time.monotonic() - start}), flush=True)

kind, *rest = sys.argv[1:]
if kind == 'rate': rate(rest[0], int(rest[1]), int(rest[2]), int(rest[3]))
elif kind == 'fill': fill(rest[0], int(rest[1]), int(rest[2]), int(rest[3]))
elif kind == 'hang': hang(rest[0], int(rest[1]), int(rest[2]))
else: flood(rest[0], int(rest[1]), float(rest[2]))
