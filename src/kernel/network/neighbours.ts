// Has the kernel ask for a neighbour's hardware address. No packet of ours: it goes past no rule, and nobody is asked about it.
import { parseAddress } from '#model/net/address.ts';
import { appendNeighbourUse } from '#wire/route/requests.ts';
import { Writer } from '#wire/writer.ts';
import { request } from '../netlink/requests.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';

/** A sentence when the kernel did not; its answer comes to who listens for neighbours. Takes CAP_NET_ADMIN. */
export function findNeighbour(address: string, interfaceIndex: number): string | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return `"${address}" is no address`;
  const socket = new NetlinkSocket({ family: netlinkFamilies.route });
  try {
    const writer = Writer.growing(64);
    appendNeighbourUse(writer, 1, { address: parsed, interfaceIndex });
    const { errno, text } = request(socket, writer.finished(), 1);
    return errno === 0 ? undefined : `the kernel does not look for ${address}: ${text}`;
  } finally {
    socket.close();
  }
}
