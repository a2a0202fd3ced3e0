// The sockets that wait for others: TCP sockets that listen, and UDP sockets that are bound and not connected. Anybody may ask.
import type { Address } from '#model/net/address.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '#wire/constants/ip.ts';
import { appendSocketDump, parseSocketRecord, type SocketRecord, TCP_LISTEN } from '#wire/sockdiag.ts';
import { Writer } from '#wire/writer.ts';
import { request } from './requests.ts';
import { NetlinkSocket, netlinkFamilies } from './socket.ts';

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly address: Address;
  readonly port: number;
  readonly inode: number;
  readonly uid: number;
}

/** In the network namespace of this thread, `limit` at most, TCP first. Throws SystemError where no socket can be had. */
export function readListeners(limit: number): { readonly listeners: readonly Listener[]; readonly complete: boolean } {
  const socket = new NetlinkSocket({ family: netlinkFamilies.sockDiag });
  const listeners: Listener[] = [];
  let found = 0;
  try {
    for (const [index, [protocol, family]] of dumps.entries()) {
      const writer = Writer.growing(128);
      const number = protocol === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP;
      appendSocketDump(writer, index + 1, {
        family,
        protocol: number,
        ...(protocol === 'tcp' && { states: 1 << TCP_LISTEN }),
      });
      request(socket, writer.bytes.subarray(0, writer.length), index + 1, (message) => {
        const record = parseSocketRecord(message);
        if (!record.ok || !waits(record.value)) return;
        found += 1;
        const { local, inode, uid } = record.value;
        if (listeners.length < limit)
          listeners.push({ protocol, address: local.address, port: local.port, inode, uid });
      });
    }
  } finally {
    socket.close();
  }
  return { listeners, complete: found === listeners.length };
}

const dumps = [
  ['tcp', 4],
  ['tcp', 6],
  ['udp', 4],
  ['udp', 6],
] as const;

const waits = ({ inode, local, remote }: SocketRecord) => inode !== 0 && local.port !== 0 && remote.port === 0;
