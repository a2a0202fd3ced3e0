// Sockets that sock_diag cannot name on every kernel: ping sockets and raw ones, from the tables in /proc/net.
import { readFileSync } from 'node:fs';

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
export function parseRawTable(text: string): RawSocket[] {
  const sockets: RawSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16);
    const [uid, inode] = [Number(fields[7]), Number(fields[9])];
    if (Number.isInteger(port) && Number.isInteger(uid) && inode > 0) sockets.push({ port, uid, inode });
  }
  return sockets;
}

/** Of this thread's network namespace, which is the one that is guarded. */
function readTable(name: 'icmp' | 'icmp6' | 'raw' | 'raw6'): RawSocket[] {
  try {
    return parseRawTable(readFileSync(`/proc/thread-self/net/${name}`, 'latin1'));
  } catch {
    return [];
  }
}

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const IPPROTO_RAW = 255;

/**
 * The sockets that may have sent or would get a packet of this protocol: the ping socket with this identifier, otherwise every raw
 * socket of the protocol. `uid`, where it is known, is the sender's. Packet sockets pass no hook that would ask.
 */
export function rawCandidates(
  protocol: number,
  family: 4 | 6,
  identifier: number,
  uid: number | undefined,
): readonly RawSocket[] {
  const of = (sockets: readonly RawSocket[], port: number) =>
    sockets.filter((socket) => socket.port === port && (uid === undefined || socket.uid === uid));
  if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    const ping = of(readTable(family === 4 ? 'icmp' : 'icmp6'), identifier);
    if (ping.length > 0) return ping;
  }
  const raw = readTable(family === 4 ? 'raw' : 'raw6');
  // IPPROTO_RAW sends whatever its headers say.
  return [...of(raw, protocol), ...(protocol === IPPROTO_RAW ? [] : of(raw, IPPROTO_RAW))];
}
