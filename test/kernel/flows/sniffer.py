# What arrives at the far end of the cable: for each line of input one JSON list of "protocol:number" of the packets since the last,
# the number being the destination port or, of an echo request, its identifier.
import json, select, socket, struct, sys

packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
seen = []
print('ready', flush=True)
while True:
    ready, _, _ = select.select([packets, sys.stdin], [], [])
    if packets in ready:
        data, where = packets.recvfrom(2000)
        if where[2] == 4:  # what this end sends itself
            continue
        protocol, rest = data[9], data[(data[0] & 15) * 4:]
        if len(rest) >= 8:
            seen.append('%d:%d' % (protocol, struct.unpack('>H', rest[4:6] if protocol == 1 else rest[2:4])[0]))
    elif sys.stdin.readline():
        print(json.dumps(seen), flush=True)
        seen = []
    else:
        break
