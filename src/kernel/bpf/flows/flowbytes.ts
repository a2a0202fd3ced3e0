// Between a Flow and struct flow of bpf/shared.h.
import { type Direction, type Flow, makesPacketSocket, packetSocket } from '#model/flow.ts';
import { type Address, ipv4, ipv6 } from '#model/net/address.ts';
import { protocolOfPacket } from '#wire/flow.ts';
import { directionCodes, flowLayouts } from './layout.ts';

const { flow: flowLayout } = flowLayouts;

const noAddress = ipv4(0);

/** IPv4 stands in the last four of the 16 bytes, as in its words. */
export function writeAddress(bytes: Buffer, at: number, { w0, w1, w2, w3 }: Address = noAddress): void {
  bytes.writeUInt32BE(w0, at);
  bytes.writeUInt32BE(w1, at + 4);
  bytes.writeUInt32BE(w2, at + 8);
  bytes.writeUInt32BE(w3, at + 12);
}

function readAddress(bytes: Buffer, at: number, family: 4 | 6): Address {
  const w3 = bytes.readUInt32BE(at + 12);
  if (family === 4) return ipv4(w3);
  return ipv6(bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8), w3);
}

/** FLOW_*: the making of a packet socket is no flow, so that it has a number of its own. */
export function directionCode(flow: Flow): number {
  return directionCodes[makesPacketSocket(flow) ? 'packet' : flow.direction];
}

/** Fills `flowLayout.size` bytes. */
export function writeFlow(bytes: Buffer, at: number, flow: Flow): void {
  writeAddress(bytes, at + flowLayout.local, flow.local?.address);
  writeAddress(bytes, at + flowLayout.remote, flow.remote.address);
  bytes.writeUInt16LE(flow.local?.port ?? 0, at + flowLayout.local_port);
  bytes.writeUInt16LE(flow.remote.port, at + flowLayout.remote_port);
  bytes[at + flowLayout.protocol] = flow.protocolNumber;
  bytes[at + flowLayout.family] = flow.remote.address.family;
  bytes[at + flowLayout.direction] = directionCode(flow);
  bytes[at + flowLayout.zero] = 0;
}

const directions: readonly Direction[] = ['out', 'in', 'forward'];

/** undefined where the bytes are no flow that the programs write. A local address of zeros is not known. */
export function readFlow(bytes: Buffer, at: number): Flow | undefined {
  if (bytes[at + flowLayout.direction] === directionCodes.packet) return packetSocket;
  const family = bytes[at + flowLayout.family];
  const direction = directions[bytes[at + flowLayout.direction] as number];
  if ((family !== 4 && family !== 6) || direction === undefined) return undefined;
  const near = readAddress(bytes, at + flowLayout.local, family);
  const far = readAddress(bytes, at + flowLayout.remote, family);
  const protocolNumber = bytes[at + flowLayout.protocol] as number;
  const port = bytes.readUInt16LE(at + flowLayout.local_port);
  const isKnown = (near.w0 | near.w1 | near.w2 | near.w3) !== 0;
  return {
    protocol: protocolOfPacket(protocolNumber, family),
    protocolNumber,
    direction,
    ...((isKnown || port !== 0) && { local: { address: near, port } }),
    remote: { address: far, port: bytes.readUInt16LE(at + flowLayout.remote_port) },
  };
}
