// Sockets that sock_diag cannot name on every kernel: ping sockets and raw ones, from the tables in /proc/net.
import { readLines } from './readprocess.ts';

export interface RawSocket {
  readonly inode: number;
  readonly uid: number;
  /** The ICMP identifier of a ping socket; the IP protocol of a raw one. */
  readonly port: number;
}

/**
 * Lines of /proc/net/{icmp,icmp6,raw,raw6}: slot, local `ADDRESS:PORT` in hex, remote, state, queues, timer, retransmits,
 * uid, timeout, inode (net/ipv4/ping.c, net/ipv4/raw.c). The port is the identifier or the protocol.
 */
function readTable(name: string): RawSocket[] {
  return readLines(`/proc/thread-self/net/${name}`)
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 10)
    .map((fields) => ({
      port: Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16),
      uid: Number(fields[7]),
      inode: Number(fields[9]),
    }))
    .filter(({ port, inode }) => Number.isInteger(port) && inode > 0);
}

/**
 * The sockets that may have sent or would get a packet of this protocol: the ping socket with this identifier, otherwise every raw
 * socket of the protocol. `uid`, where it is known, is the sender's.
 */
export function rawCandidates(
  protocol: number,
  family: 4 | 6,
  identifier: number,
  uid: number | undefined,
): RawSocket[] {
  const of = (sockets: readonly RawSocket[], port: number) =>
    sockets.filter((socket) => socket.port === port && (uid === undefined || socket.uid === uid));
  if (protocol === 1 || protocol === 58) {
    const ping = of(readTable(family === 4 ? 'icmp' : 'icmp6'), identifier);
    if (ping.length > 0) return ping;
  }
  const raw = readTable(family === 4 ? 'raw' : 'raw6');
  const exact = of(raw, protocol);
  // IPPROTO_RAW sends whatever its headers say.
  return exact.length > 0 ? exact : of(raw, 255);
}
