// What is asked of rtnetlink: all links, routes and neighbours there are, and that a neighbour be looked for.
import { type Address, addressToBytes } from '#model/net/address.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from '../constants/netlink.ts';
import { NDA_DST, NTF_USE, RTM_GETLINK, RTM_GETNEIGH, RTM_GETROUTE, RTM_NEWNEIGH } from '../constants/route.ts';
import type { Writer } from '../writer.ts';

const types = { links: RTM_GETLINK, routes: RTM_GETROUTE, neighbours: RTM_GETNEIGH } as const;
/** struct ifinfomsg is the longest; of the others the kernel reads its own part. */
const headers = { links: 16, routes: 12, neighbours: 12 } as const;

export type Listing = keyof typeof types;

/** All of them, of both families. */
export function appendListing(writer: Writer, what: Listing, sequence: number): boolean {
  const start = writer.beginMessage(types[what], NLM_F_REQUEST | NLM_F_DUMP, sequence);
  writer.u8(AF_UNSPEC);
  writer.zeros(headers[what] - 1);
  return writer.endMessage(start);
}

/** The kernel sends a question for the neighbour's hardware address, if it does not know it. Takes CAP_NET_ADMIN. */
export function appendNeighbourUse(
  writer: Writer,
  sequence: number,
  neighbour: { readonly address: Address; readonly interfaceIndex: number },
): boolean {
  const { address, interfaceIndex } = neighbour;
  const start = writer.beginMessage(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, sequence);
  // struct ndmsg: family, padding, interface, state, flags, type.
  writer.u8(address.family === 4 ? AF_INET : AF_INET6);
  writer.zeros(3);
  writer.u32(interfaceIndex);
  writer.u16(0);
  writer.u8(NTF_USE);
  writer.u8(0);
  writer.attributeBytes(NDA_DST, addressToBytes(address));
  return writer.endMessage(start);
}
