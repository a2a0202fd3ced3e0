// What rtnetlink says of links, routes and neighbours.
import { type Address, addressFromBytes } from '#model/net/address.ts';
import { AF_INET, AF_INET6 } from '../constants/netlink.ts';
import {
  IFF_LOWER_UP,
  IFF_UP,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  NDA_DST,
  NDA_LLADDR,
  neighbourKnown,
  RTA_GATEWAY,
  RTA_MULTIPATH,
  RTA_OIF,
  RTA_PRIORITY,
  RTA_TABLE,
  RTA_VIA,
  RTN_UNICAST,
} from '../constants/route.ts';
import { AttributeReader, type MessageReader } from '../netlink.ts';
import { Reader } from '../reader.ts';

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Switched on, and its cable or radio is connected. */
  readonly up: boolean;
  /** `wireguard`, `tun`, `bridge` and so on; empty for hardware. */
  readonly kind: string;
}

export interface Route {
  readonly family: 4 | 6;
  /** Leading bits of the destination; 0 is the default route. */
  readonly prefixLength: number;
  readonly table: number;
  /** Lower wins. */
  readonly metric: number;
  readonly interfaceIndex: number;
  /** Undefined where the destination is on the link itself. */
  readonly gateway: Address | undefined;
}

export interface Neighbour {
  readonly address: Address;
  readonly interfaceIndex: number;
  /** `02:00:5e:10:00:01`; undefined while the kernel does not know it. */
  readonly hardware: string | undefined;
}

/** Of RTM_NEWLINK and RTM_DELLINK; undefined for what is cut off. */
export function parseLink(message: MessageReader): Link | undefined {
  // struct ifinfomsg: family, padding, type, index, flags, change.
  const header = new Reader(message.bytes, message.start, message.end);
  header.skip(4);
  const index = header.u32();
  const flags = header.u32();
  header.skip(4);
  let name = '';
  let kind = '';
  const attributes = attributesAfter(header);
  while (attributes.next()) {
    const { type, value } = attributes;
    if (type === IFLA_IFNAME) name = value.text(value.remaining());
    else if (type === IFLA_LINKINFO) kind = kindOf(message.bytes, attributes.start, attributes.end);
  }
  const up = (flags & (IFF_UP | IFF_LOWER_UP)) === (IFF_UP | IFF_LOWER_UP);
  return attributes.error === undefined && name !== '' ? { index, name, up, kind } : undefined;
}

function kindOf(bytes: Uint8Array, start: number, end: number): string {
  const attributes = new AttributeReader();
  attributes.reset(bytes, start, end);
  while (attributes.next()) {
    if (attributes.type === IFLA_INFO_KIND) return attributes.value.text(attributes.value.remaining());
  }
  return '';
}

/** Of RTM_NEWROUTE and RTM_DELROUTE; undefined for what is no way to somewhere else. Of several gateways the first. */
export function parseRoute(message: MessageReader): Route | undefined {
  // struct rtmsg: family, lengths of destination and source, tos, table, protocol, scope, type, flags.
  const header = new Reader(message.bytes, message.start, message.end);
  const family = header.u8();
  const prefixLength = header.u8();
  header.skip(2);
  let table = header.u8();
  header.skip(2);
  const type = header.u8();
  header.skip(4);
  let metric = 0;
  let hop: Hop = { interfaceIndex: 0, gateway: undefined };
  const attributes = attributesAfter(header);
  while (attributes.next()) {
    const { value } = attributes;
    if (attributes.type === RTA_TABLE) table = value.u32();
    else if (attributes.type === RTA_PRIORITY) metric = value.u32();
    else if (attributes.type === RTA_MULTIPATH) hop = firstHop(message.bytes, attributes.start, attributes.end);
    else hop = withAttribute(hop, attributes);
  }
  if (attributes.error !== undefined || type !== RTN_UNICAST || hop.interfaceIndex === 0) return undefined;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  return { family: family === AF_INET ? 4 : 6, prefixLength, table, metric, ...hop };
}

type Hop = Pick<Route, 'interfaceIndex' | 'gateway'>;

function withAttribute(hop: Hop, { type, value }: AttributeReader): Hop {
  switch (type) {
    case RTA_OIF:
      return { ...hop, interfaceIndex: value.u32() };
    case RTA_GATEWAY:
      return { ...hop, gateway: addressIn(value) };
    case RTA_VIA:
      // struct rtvia: family, address.
      value.skip(2);
      return { ...hop, gateway: addressIn(value) };
    default:
      return hop;
  }
}

/** struct rtnexthop: length, flags, weight, interface, and attributes behind it. */
function firstHop(bytes: Uint8Array, start: number, end: number): Hop {
  const reader = new Reader(bytes, start, end);
  const length = reader.u16();
  reader.skip(2);
  const interfaceIndex = reader.u32();
  if (reader.error !== undefined || length < 8 || length > end - start)
    return { interfaceIndex: 0, gateway: undefined };
  let hop: Hop = { interfaceIndex, gateway: undefined };
  const attributes = new AttributeReader();
  attributes.reset(bytes, start + 8, start + length);
  while (attributes.next()) hop = withAttribute(hop, attributes);
  return hop;
}

/** Of RTM_NEWNEIGH and RTM_DELNEIGH. */
export function parseNeighbour(message: MessageReader): Neighbour | undefined {
  // struct ndmsg: family, padding, interface, state, flags, type.
  const header = new Reader(message.bytes, message.start, message.end);
  header.skip(4);
  const interfaceIndex = header.u32();
  const state = header.u16();
  header.skip(2);
  let address: Address | undefined;
  let hardware: string | undefined;
  const attributes = attributesAfter(header);
  while (attributes.next()) {
    if (attributes.type === NDA_DST) address = addressIn(attributes.value);
    else if (attributes.type === NDA_LLADDR) hardware = hardwareAddress(attributes.value);
  }
  if (attributes.error !== undefined || address === undefined) return undefined;
  return { address, interfaceIndex, hardware: (state & neighbourKnown) === 0 ? undefined : hardware };
}

function attributesAfter(header: Reader): AttributeReader {
  const attributes = new AttributeReader();
  attributes.reset(header.bytes, header.offset, header.end);
  if (header.error !== undefined) attributes.value.fail(header.error);
  return attributes;
}

function bytesOf(value: Reader): Uint8Array {
  const bytes = value.bytes.subarray(value.offset, value.end);
  value.skip(bytes.length);
  return bytes;
}

function addressIn(value: Reader): Address | undefined {
  return addressFromBytes(bytesOf(value));
}

/** Six bytes for Ethernet, up to twenty elsewhere; none where all are zero. */
function hardwareAddress(value: Reader): string | undefined {
  const bytes = bytesOf(value);
  if (bytes.length < 6 || bytes.length > 20 || bytes.every((byte) => byte === 0)) return undefined;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
